"""The answer to a question: stored for the one that the page begins with, else computed in a process of its own."""

from typing import TYPE_CHECKING

from ui.classify import computing, stored
from ui.classify.computing import Encoded, Outcome
from ui.classify.data import ClassifyData
from ui.classify.question import Question
from ui.frame.translation import _, language
from ui.shared import work
from ui.shared.cache import EncoderSettings
from ui.shared.encoding import encode

WORKER = "classify"

if TYPE_CHECKING:
    from simcse_core.uses.classification import Classifier, LearningCurve


def outcome(question: Question) -> Outcome | None:
    """Results on the data; None while they are computed, or where somebody has stopped that: the page says so.

    Raises:
        UserError: nothing can be learned from the data.
    """
    if question.is_first:
        return stored.outcome(language())
    data = question.data
    encoded = _encoded(data, question.settings)
    if encoded is None:
        return None
    compared = None
    if question.compared is not None and (compared := _encoded(data, question.compared)) is None:
        return None
    test = None if data.test_labels is None else (data.test_texts, data.test_labels)
    return work.result(
        WORKER,
        question.key,
        _("Learning and testing"),
        computing.outcome,
        data.texts,
        data.labels,
        encoded,
        compared,
        test,
        question.method,
    )


def classifier(question: Question) -> "Classifier | None":
    """A classifier that has learned from all labelled texts; None as for `outcome`. Errors as for `outcome`."""
    if question.is_first:
        return stored.classifier(language())
    encoded = _encoded(question.data, question.settings)
    if encoded is None:
        return None
    return work.result(
        WORKER,
        _of_training(question),
        _("Learning from all texts"),
        computing.classifier,
        question.data.texts,
        question.data.labels,
        Encoded(encoded.train),
        question.method,
    )


def curve(question: Question) -> "LearningCurve | None":
    """Accuracy over the number of labelled texts; None as for `outcome`. Errors as for `outcome`."""
    if question.is_first:
        return stored.curve(language())
    encoded = _encoded(question.data, question.settings)
    if encoded is None:
        return None
    return work.result(
        WORKER,
        _of_training(question),
        _("Learning from more and more texts"),
        computing.curve,
        question.data.texts,
        question.data.labels,
        Encoded(encoded.train),
        question.method,
    )


def _of_training(question: Question) -> str:
    data = question.data
    changes = sorted((data.changes or {}).items())
    return repr((data.chosen.key, data.separator, changes, question.settings, question.method))


def _encoded(data: ClassifyData, settings: EncoderSettings) -> Encoded | None:
    """The embeddings of the data; None where somebody has stopped the encoding."""
    train = encode(data.texts, settings)
    if train is None or data.test is None:
        return None if train is None else Encoded(train)
    test = encode(data.test_texts, settings)
    return None if test is None else Encoded(train, test)
