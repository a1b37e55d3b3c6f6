"""`Answers`: a list of questions and answers that a question is put to."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.data import bundled
from simcse_core.data.faq import Faq, asked_from_source, open_faq
from simcse_core.data.language import language_of
from simcse_core.encoding.given import Trained, named_or_loaded
from simcse_core.encoding.texts import Embeddings, Progress, checked
from simcse_core.errors import DataError, InputError, OptionError
from simcse_core.limits import check_lengths
from simcse_core.uses.answering import no_answer, quality
from simcse_core.uses.answering.matching import Against, Compared, Reply, Similarities, check_against, compare
from simcse_core.uses.search.encoders import EncoderSettings, Sides

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Trainable


class Answers:
    """Answers questions from a list of questions with their answers, or says that it has no good one.

    (Data with right and wrong answers to learn from are `simcse_core.data.kinds.Answers`.)

    Args:
        faq: a bundled list ("faq-en", "faq-zh"), a file or a table with the columns question and answer, or pairs.
        model: any name that `load` takes, an encoder, or the result of a training.
        against: what a question is compared with: the "questions" of the list, its "answers", or "both", of which the
            closer counts.
        threshold: from which cosine on there is an answer; None gives the closest always. "fit" is fitted on what the
            list says people asked, or, where it says nothing or the model finds none of that, 95 % of unrelated
            sentences stay below it.
        columns: of a file or a table, ours -> its own names.
        pooling, layer, dim, device, seed: as for `load`; for an encoder in the place of its own.
        prompt: before questions and answers alike; or "query,document", the names of two of the model's. None is what
            the model uses by itself; or both of these, if it has them.
        precision: as for `encode`.
        embeddings: (N, D) unit rows of the list's questions and of its answers, by the same model, where they are there
            already.
        on_progress: receives (texts done, texts in all) while the list is encoded.

    Raises:
        DataError: the list is empty or none.
        InputError: there are not as many embeddings as entries.
        ModelError, OptionError: as for `load`.

    Example:
        >>> answers = Answers([("When do you open?", "At nine."), ("Where are you?", "At the harbour.")])
        >>> answers.ask("What is your address?").matches[0].answer
        'At the harbour.'
    """

    faq: Faq
    threshold: float | None
    """From which similarity on there is an answer; may be set."""
    sides: Sides
    """The encoder, as it reads questions and as it reads answers."""
    fitted: no_answer.NoAnswer | None
    """How the threshold was fitted; None where it was not."""

    def __init__(
        self,
        faq: Any,
        *,
        model: "str | Path | Trainable | Trained" = "minilm",
        against: Against = "both",
        threshold: float | str | None = "fit",
        columns: Mapping[str, str] | None = None,
        pooling: str | None = None,
        layer: int | None = None,
        prompt: str | None = None,
        dim: int | None = None,
        device: str = "auto",
        seed: int = 0,
        precision: str = "float32",
        embeddings: tuple[Embeddings, Embeddings] | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        check_against(against)
        self.faq = open_faq(faq, columns)
        self.sides = _sides(model, EncoderSettings("", pooling, layer, None, prompt, dim, seed), device)
        self._precision = precision
        if embeddings is None:
            embeddings = self.sides.encode(
                self.faq.questions, self.faq.answers, precision=precision, on_progress=on_progress
            )
        self._questions, self._answers = embeddings
        _check_counts(len(self._questions), len(self._answers), len(self.faq))
        self.against: Against = against
        self._set_threshold(threshold)

    def __len__(self) -> int:
        return len(self.faq)

    def ask(self, question: str, *, top_k: int = 3) -> Reply:
        """What the list says to one question.

        Args:
            question: any text.
            top_k: how many entries at most, the closest first.

        Raises:
            InputError: it is blank or too long.
            OptionError: `top_k` is below 1.
        """
        return self.ask_all([question], top_k=top_k)[0]

    def ask_all(self, questions: Iterable[str], *, top_k: int = 3) -> list[Reply]:
        """As `ask`, for several questions at once."""
        if top_k < 1:
            raise OptionError("top_k is {given}: ask for at least one answer.", given=top_k)
        asked = checked(questions)
        _check_questions(asked)
        compared = self.compare(asked)
        return [
            Reply(text, compared.matches(place, self.faq.entries, top_k), self.threshold)
            for place, text in enumerate(asked)
        ]

    def compare(self, questions: Sequence[str]) -> Compared:
        """(Q, N) the similarity of each question with each entry."""
        asked = self.sides.query.encode(questions, precision=self._precision)
        return compare(asked, self._questions, self._answers, self.against)

    def fit_threshold(self, asked: Any = None, *, wrong_answer: float = 1.0, no_answer_cost: float = 1.0) -> float:
        """Choose the threshold that costs least on questions with and without an answer.

        Args:
            asked: pairs of a question and the position of the entry that answers it (None for none), or a table or file
                with the columns question and answer (an empty answer for none). None takes those of the list.
            wrong_answer: what it costs to give a wrong answer.
            no_answer_cost: what it costs to give none although an entry answers.

        Raises:
            DataError: there are no such questions, or nothing parts those that are answered rightly from the others.
        """
        compared = self._compared(asked)
        self.fitted = no_answer.fit(*compared, wrong_answer=wrong_answer, no_answer=no_answer_cost)
        self.threshold = self.fitted.threshold
        return self.threshold

    def evaluate(self, asked: Any = None) -> quality.Quality:
        """How often the entry that answers comes first, with intervals. Arguments and errors as for `fit_threshold`."""
        return quality.quality(*self._compared(asked))

    def _compared(self, asked: Any) -> tuple[Similarities, list[int | None], tuple[int, ...]]:
        questions = self.faq.asked if asked is None else asked_from_source(asked, self.faq)
        similarities = self.compare([one.question for one in questions]).similarities
        return similarities, [one.entry for one in questions], self.faq.same_answer

    def _set_threshold(self, threshold: float | str | None) -> None:
        self.fitted, self.threshold = None, None
        if threshold == "fit":
            self._fit_or_keep_unrelated_out()
        elif threshold is not None:
            self.threshold = _number(threshold)

    def keep_unrelated_out(self) -> float:
        """Set the threshold that 95 % of unrelated sentences stay below, for when nobody knows what is asked."""
        sentences = bundled.unrelated(language_of(self.faq.questions))
        self.fitted = None
        self.threshold = no_answer.threshold_without_questions(self.compare(sentences).similarities)
        return self.threshold

    def _fit_or_keep_unrelated_out(self) -> None:
        if {one.entry is None for one in self.faq.asked} == {True, False}:
            with suppress(DataError):  # the model finds none of what was asked
                self.fit_threshold()
        if self.fitted is None:
            self.keep_unrelated_out()


def _check_counts(questions: int, answers: int, entries: int) -> None:
    if not questions == answers == entries:
        raise InputError(
            "{questions} and {answers} embeddings do not fit {count} entries: each needs one of both.",
            questions=questions,
            answers=answers,
            count=entries,
        )


def _number(threshold: float | str) -> float:
    if isinstance(threshold, str | bool) or not -1 <= threshold <= 1:
        raise OptionError(
            "The threshold is {given!r}. It is a cosine from -1 to 1, 'fit', or None for no threshold.", given=threshold
        )
    return float(threshold)


def _check_questions(questions: Sequence[str]) -> None:
    from simcse_core.data.cells import is_blank

    for number, question in enumerate(questions, 1):
        if is_blank(question):
            raise InputError("Question {number} is empty. Write a question.", number=number)
    check_lengths(questions)


def _sides(model: "str | Path | Trainable | Trained", settings: EncoderSettings, device: str) -> Sides:
    given = named_or_loaded(model)
    if isinstance(given, str):
        return replace(settings, model=given).load(device=device)
    return settings.applied(given)
