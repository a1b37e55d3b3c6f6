"""SimCSE Explorer's core: from texts to unit embeddings, to meaning, to fine-tuned models.

One call each:

- `load` or `SimCSE.load`: a model; its `encode` gives unit embeddings, `cosine_similarity` compares them.
- `train`: from data to a trained model; `race`: which of several losses is better by more than noise.
- `evaluate`: what a model reaches on data; `compare`: whether another one is better by more than noise.
- `Index`: search in texts; `Classifier`: classes of texts; `Answers`: questions put to a list of answers.

What a user can mend raises a `UserError` that says how. The names load their part of the library when they are first
used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simcse_core.api.measuring import compare, evaluate
    from simcse_core.api.racing import race
    from simcse_core.api.training import train
    from simcse_core.encoding.catalogue import load
    from simcse_core.encoding.model import SimCSE
    from simcse_core.errors import UserError
    from simcse_core.meaning.similarity import cosine_similarity
    from simcse_core.uses.answering.answers import Answers
    from simcse_core.uses.classification import Classifier
    from simcse_core.uses.search.index import Index

__version__ = "0.1.0"
__all__ = [
    "Answers",
    "Classifier",
    "Index",
    "SimCSE",
    "UserError",
    "compare",
    "cosine_similarity",
    "evaluate",
    "load",
    "race",
    "train",
]

_HOME_OF = {
    "Answers": "simcse_core.uses.answering.answers",
    "Classifier": "simcse_core.uses.classification",
    "Index": "simcse_core.uses.search.index",
    "SimCSE": "simcse_core.encoding.model",
    "UserError": "simcse_core.errors",
    "compare": "simcse_core.api.measuring",
    "cosine_similarity": "simcse_core.meaning.similarity",
    "evaluate": "simcse_core.api.measuring",
    "load": "simcse_core.encoding.catalogue",
    "race": "simcse_core.api.racing",
    "train": "simcse_core.api.training",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
