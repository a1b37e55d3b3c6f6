"""An encoder by its settings, as it reads queries and as it reads what is searched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from simcse_core.encoding.protocol import Trainable
from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.errors import ModelError

BOTH = "query,document"
"""The prompts that a model reads queries and documents with, where it has them and nobody says otherwise."""


@dataclass(frozen=True)
class EncoderSettings:
    """Which encoder; each as for `SimCSE.load`, None being the model's own."""

    model: str = "minilm"
    pooling: str | None = None
    layer: int | None = None
    head: str | None = None
    prompt: str | None = None
    """One for queries and documents alike, or the names of two of the model's with a comma: "query,document"."""
    dim: int | None = None
    seed: int = 0

    def load(self, *, device: str = "auto", on_fetch: Callable[[int, int], None] | None = None) -> "Sides":
        """The encoder. Errors as for `catalogue.load`."""
        from simcse_core.encoding import catalogue

        loaded = catalogue.load(
            self.model,
            pooling=self.pooling,
            layer=self.layer,
            head=self.head,
            dim=self.dim,
            device=device,
            seed=self.seed,
            on_fetch=on_fetch,
        )
        return replace(Sides.of(loaded, self.prompt), settings=self)

    def applied(self, model: Trainable) -> "Sides":
        """An encoder that is loaded already, with these settings in the place of its own; `model` does not count.

        Raises:
            ModelError: a frozen encoder is asked for a layer or a pooling.
            OptionError: a setting that the encoder does not have.
        """
        from simcse_core.encoding.model import SimCSE

        if isinstance(model, SimCSE):
            configured: Trainable = model.configured(
                pooling=self.pooling, layer=self.layer, head=self.head, dim=self.dim, seed=self.seed
            )
        elif self.layer is None and self.pooling is None:
            configured = model.configured(head=self.head, dim=self.dim, seed=self.seed)
        else:
            raise ModelError("{name} is frozen: no layer and no pooling can be chosen.", name=model.name)
        return replace(Sides.of(configured, self.prompt), settings=replace(self, model=model.name))


@dataclass(frozen=True)
class Sides:
    """One encoder as it reads queries, and as it reads what is searched: the same but for the prompt."""

    query: Trainable
    document: Trainable
    settings: EncoderSettings = EncoderSettings()
    """What loads them again, where they were loaded by name."""

    @classmethod
    def of(cls, model: Trainable, prompt: str | None = None) -> "Sides":
        """Both sides of an encoder.

        Args:
            model: any encoder.
            prompt: as for `EncoderSettings`. None is the prompt that the encoder uses already, if it uses one; else
                those of queries and of documents, if it has both; else none.

        Raises:
            OptionError: the model has no such prompt.
            ModelError: a frozen encoder is asked for a prompt.
        """
        from simcse_core.encoding.model import SimCSE

        settings, names = EncoderSettings(model.name, prompt=prompt), prompt_for_search(model, prompt)
        if isinstance(model, SimCSE) and names is not None and model.prompts.pair(names) is not None:
            query, document = (model.configured(prompt=name) for name in names.split(","))
            return cls(query, document, settings)
        both = model.configured(prompt=prompt)
        return cls(both, both, settings)

    def encode(
        self,
        queries: Sequence[str],
        documents: Sequence[str],
        *,
        precision: str = "float32",
        on_progress: Progress | None = None,
    ) -> tuple[Embeddings, Embeddings]:
        """(Q, D) of texts that are read as queries, and (N, D) of others that are read as documents.

        Args:
            queries: Q texts.
            documents: N texts.
            precision: as for `SimCSE.encode`.
            on_progress: receives (texts done, texts in all) of both.
        """
        if self.query is self.document:
            rows = self.query.encode([*queries, *documents], precision=precision, on_progress=on_progress)
            return rows[: len(queries)], rows[len(queries) :]
        total = len(queries) + len(documents)
        first = self.query.encode(queries, precision=precision, on_progress=_part(on_progress, 0, len(queries), total))
        second = self.document.encode(
            documents, precision=precision, on_progress=_part(on_progress, len(queries), len(documents), total)
        )
        return first, second


def _part(on_progress: Progress | None, before: int, count: int, total: int) -> Progress | None:
    """Of some of the texts; a model tells the share of the distinct ones, this tells how many of all that makes."""
    return None if on_progress is None else lambda done, distinct: on_progress(before + count * done // distinct, total)


def prompt_for_search(model: Trainable, prompt: str | None) -> str | None:
    """The prompt that somebody names; where nobody does, "query,document" for a model that has both and uses none."""
    from simcse_core.encoding.model import SimCSE

    if prompt is None and isinstance(model, SimCSE) and not model.prompts.text and model.prompts.pair(BOTH) is not None:
        return BOTH
    return prompt


def prompt_of(model: Trainable) -> str:
    """What an encoder puts before each text; "" for nothing."""
    prompts = getattr(model, "prompts", None)
    return "" if prompts is None else prompts.text
