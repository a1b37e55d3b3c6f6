"""A model as a program may give it: by a name, loaded, or as the result of a training."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, overload

from simcse_core.errors import ModelError

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Encoder, Trainable


class Trained(Protocol):
    """What a training has given."""

    @property
    def id(self) -> str:
        """Of its run."""
        ...

    @property
    def model(self) -> "Trainable":
        """The trained model."""
        ...


@overload
def named_or_loaded(model: "str | Path | Trainable | Trained") -> "str | Trainable": ...
@overload
def named_or_loaded(model: "str | Path | Encoder | Trained") -> "str | Encoder": ...
def named_or_loaded(model: "str | Path | Encoder | Trained") -> Any:
    """The name of a model, or the loaded model: of the result of a training the model that it has given.

    Raises:
        ModelError: it is something else.
    """
    if isinstance(model, str | Path):
        return str(model)
    encoder: Any = model if hasattr(model, "encode") else getattr(model, "model", None)
    if not hasattr(encoder, "encode"):
        raise no_model(model)
    return encoder


def no_model(given: object) -> ModelError:
    """What to say of a value that is no model."""
    return ModelError(
        "A value of the type {kind} is no model. Name one of the catalogue, a folder or a run, or give a loaded one.",
        kind=type(given).__name__,
    )
