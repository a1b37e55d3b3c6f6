"""SimCSE Explorer's core: from texts to unit embeddings, to meaning, to fine-tuned models.

The names below load their part of the library when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simcse_core.encoding.catalogue import load
    from simcse_core.encoding.model import SimCSE
    from simcse_core.errors import UserError
    from simcse_core.meaning.similarity import cosine_similarity
    from simcse_core.uses.answering.answers import Answers
    from simcse_core.uses.classification import Classifier
    from simcse_core.uses.search.index import Index

__version__ = "0.1.0"
__all__ = ["Answers", "Classifier", "Index", "SimCSE", "UserError", "cosine_similarity", "load"]

_HOME_OF = {
    "Answers": "simcse_core.uses.answering.answers",
    "Classifier": "simcse_core.uses.classification",
    "Index": "simcse_core.uses.search.index",
    "SimCSE": "simcse_core.encoding.model",
    "UserError": "simcse_core.errors",
    "cosine_similarity": "simcse_core.meaning.similarity",
    "load": "simcse_core.encoding.catalogue",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
