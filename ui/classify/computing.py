"""What takes more than a moment. It runs in a process of its own, which needs no screen and writes how far it is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import UserError
from ui.shared.work_note import Note, Progress

if TYPE_CHECKING:
    from simcse_core.uses.classification import Classifier, LearningCurve, Results, Suspect

Labels = tuple[str | tuple[str, ...], ...]


@dataclass(frozen=True, eq=False)
class Encoded:
    """Texts by one encoder."""

    train: Embeddings
    test: Embeddings | None = None


@dataclass(frozen=True, eq=False)
class Outcome:
    """What classifiers do on the same texts."""

    model: "Results"
    baseline: "Results"
    """TF-IDF with logistic regression."""
    compared: "Results | None" = None
    """The same classifier on the embeddings of another model."""
    suspects: "tuple[Suspect, ...]" = ()
    """Empty where texts have several labels, and with a test file."""


def outcome(
    texts: tuple[str, ...],
    labels: Labels,
    encoded: Encoded,
    compared: Encoded | None,
    test: tuple[tuple[str, ...], Labels] | None,
    method: str,
    note: Note,
) -> "Outcome | UserError":
    """Results of the classifier and beside it of TF-IDF and of another encoder.

    Args:
        texts, labels: to learn from.
        encoded: their embeddings, and those of the texts to test.
        compared: the same by another model.
        test: texts and labels to test; None for cross-validation.
        method: of the classifier.
        note: where to write how far it is.
    """
    from simcse_core.uses.classification import TFIDF, Validation, suspect_labels

    report = note.reporter()
    encoders = [(encoded, method), (encoded, TFIDF), *([(compared, method)] if compared is not None else [])]
    measured = []
    try:
        for number, (one, of_method) in enumerate(encoders):
            progress = _part(report, number, len(encoders))
            measured.append(_results(texts, labels, one, test, of_method, progress))
        validation = measured[0]
        suspects: list[Suspect] = []
        if isinstance(validation, Validation) and not validation.several:
            suspects = suspect_labels(validation)
    except UserError as error:
        return error
    return Outcome(measured[0], measured[1], measured[2] if compared is not None else None, tuple(suspects))


def _part(report: Progress, number: int, count: int) -> Progress:
    """One of several pieces of work that take about as long as each other."""

    def of_part(done: int, total: int) -> None:
        report(number * total + done, count * total)

    of_part(0, 1)
    return of_part


def _results(
    texts: tuple[str, ...],
    labels: Labels,
    encoded: Encoded,
    test: tuple[tuple[str, ...], Labels] | None,
    method: str,
    progress: Progress,
) -> "Results":
    from simcse_core.uses.classification import Examples, cross_validate, evaluate

    examples = Examples.of(texts, labels, encoded.train)
    if test is None:
        return cross_validate(examples, method, on_progress=progress)
    assert encoded.test is not None
    return evaluate(examples, Examples.of(*test, encoded.test), method, on_progress=progress)


def classifier(
    texts: tuple[str, ...], labels: Labels, encoded: Encoded, method: str, note: Note
) -> "Classifier | UserError":
    """A calibrated classifier that has learned from all texts."""
    from simcse_core.uses.classification import Classifier, Examples

    try:
        return Classifier.fit_examples(Examples.of(texts, labels, encoded.train), method=method)
    except UserError as error:
        return error


def curve(
    texts: tuple[str, ...], labels: Labels, encoded: Encoded, method: str, note: Note
) -> "LearningCurve | UserError":
    """Accuracy over the number of labelled texts, of the classifier and of TF-IDF."""
    from simcse_core.uses.classification import TFIDF, Examples, learning_curve

    try:
        examples = Examples.of(texts, labels, encoded.train)
        return learning_curve(examples, (method, TFIDF), on_progress=note.reporter())
    except UserError as error:
        return error
