"""What an encoder can do, whichever model it is. Importing this loads no model's library."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Union

if TYPE_CHECKING:
    from torch import Tensor, nn

    from simcse_core.encoding.classifier import Prediction
    from simcse_core.encoding.frozen import FrozenEncoder
    from simcse_core.encoding.model import SimCSE
    from simcse_core.encoding.texts import Embeddings, Progress, Spans, TextCheck

Trainable = Union["SimCSE", "FrozenEncoder"]
"""The encoders that there are. Training differs between them: one trains layers and head, the other a head alone."""


class Encodes(Protocol):
    """Whatever makes embeddings of texts: an encoder, or the texts whose embeddings a training has cached."""

    name: str

    def encode(self, texts: Sequence[str], *, precision: str = "float32") -> "Embeddings":
        """(N, D) float32, unit rows, for N texts."""
        ...


class Encoder(Protocol):
    """What every encoder can do, one with layers and a frozen one alike."""

    name: str
    """How messages call it."""

    @property
    def head(self) -> "nn.Module | None":
        """The linear layer on top, or the layers on each token; None if there are none."""
        ...

    @property
    def dim(self) -> int:
        """D, the length of an embedding."""
        ...

    @property
    def layers(self) -> int | None:
        """How many layers can be chosen from; None for a frozen encoder."""
        ...

    def encode(
        self,
        texts: Iterable[str],
        *,
        precision: str = "float32",
        on_check: "Callable[[TextCheck], None] | None" = None,
        on_progress: "Progress | None" = None,
    ) -> "Embeddings":
        """(N, D) float32, unit rows, for N texts. Arguments and errors as for `SimCSE.encode`."""
        ...

    def check(self, texts: Iterable[str]) -> "TextCheck":
        """Which texts are cut or cannot be read."""
        ...

    def token_spans(self, text: str) -> "Spans":
        """Where the tokens of one text stand in it; none where the encoder has no tokens."""
        ...

    def prepare(self, texts: Sequence[str]) -> "Sequence[Sequence[int]] | Sequence[Tensor]":
        """The texts as `embed` takes them."""
        ...

    def tune(self, part: str) -> "list[nn.Parameter]":
        """Choose what training may change, and return those parameters."""
        ...

    def predict(
        self, texts: "Iterable[str] | Iterable[tuple[str, str]]", *, threshold: float = 0.0
    ) -> "list[Prediction]":
        """Which class each text is of, or whether each pair matches. Arguments and errors as for `SimCSE.predict`."""
        ...

    def save(self, folder: Path | str, *, base: str | None = None) -> None:
        """Write the encoder to a folder that `load` takes. Arguments as for `SimCSE.save`."""
        ...
