"""An encoder by its settings, as it reads queries and as it reads what is searched."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from simcse_core.encoding.protocol import Trainable
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

        settings = EncoderSettings(model.name, prompt=prompt)
        if isinstance(model, SimCSE) and (prompt is not None or not model.prompts.text):
            names = BOTH if prompt is None else prompt
            if model.prompts.pair(names) is not None:
                query, document = (model.configured(prompt=name) for name in names.split(","))
                return cls(query, document, settings)
        both = model.configured(prompt=prompt)
        return cls(both, both, settings)


def prompt_of(model: Trainable) -> str:
    """What an encoder puts before each text; "" for nothing."""
    prompts = getattr(model, "prompts", None)
    return "" if prompts is None else prompts.text
