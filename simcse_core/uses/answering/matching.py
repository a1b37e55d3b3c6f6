"""What a question is compared with: the questions of the entries, their answers, or whichever is closer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.faq import Entry
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import OptionError
from simcse_core.meaning.similarity import exact_cosines

Similarities = NDArray[np.float64]
"""(Q, N) of each question with each entry."""
Side = Literal["question", "answer"]
Against = Literal["questions", "answers", "both"]
AGAINST: tuple[Against, ...] = get_args(Against)


@dataclass(frozen=True)
class Match:
    """An entry that was found."""

    row: int
    """Its position among the entries, from 0."""
    question: str
    answer: str
    similarity: float
    """Cosine of the question asked with the side that is closer."""
    matched: Side
    """Which side that is."""


@dataclass(frozen=True)
class Reply:
    """What is said to one question."""

    question: str
    """As it was asked."""
    matches: tuple[Match, ...]
    """The closest first, whether or not they reach the threshold."""
    threshold: float | None
    """From which similarity on there is an answer; None takes the closest entry always."""

    @property
    def has_answer(self) -> bool:
        """Whether the closest entry reaches the threshold."""
        return self.threshold is None or self.matches[0].similarity >= self.threshold

    @property
    def answer(self) -> str | None:
        """The answer of the closest entry; None where there is no good one."""
        return self.matches[0].answer if self.has_answer else None


@dataclass(frozen=True)
class Compared:
    """Questions beside all entries."""

    similarities: Similarities
    """(Q, N) the similarity that counts."""
    by_answer: NDArray[np.bool_]
    """(Q, N) whether it is that of the answer."""

    def matches(self, place: int, entries: Sequence[Entry], top_k: int) -> tuple[Match, ...]:
        """The closest entries of one of the questions; of equally close ones those that stand first."""
        order = np.argsort(-self.similarities[place], kind="stable")[:top_k]
        return tuple(
            Match(
                row=int(row),
                question=entries[row].question,
                answer=entries[row].answer,
                similarity=float(self.similarities[place, row]),
                matched="answer" if self.by_answer[place, row] else "question",
            )
            for row in order
        )


def compare(asked: Embeddings, questions: Embeddings, answers: Embeddings, against: Against = "both") -> Compared:
    """The similarity of each question with each entry.

    Args:
        asked: (Q, D) unit rows.
        questions: (N, D) unit rows of the entries' questions.
        answers: (N, D) unit rows of their answers; with the prompt for answers where the model has two.
        against: what counts; "both" is the closer of the two.

    Raises:
        OptionError: `against` is none of `AGAINST`.
    """
    check_against(against)
    if against == "answers":
        similarities = exact_cosines(asked, answers)
        return Compared(similarities, np.ones_like(similarities, dtype=bool))
    to_questions = exact_cosines(asked, questions)
    if against == "questions":
        return Compared(to_questions, np.zeros_like(to_questions, dtype=bool))
    to_answers = exact_cosines(asked, answers)
    return Compared(np.maximum(to_questions, to_answers), to_answers > to_questions)


def check_against(against: str) -> None:
    """See that it is something to compare with.

    Raises:
        OptionError: it is not.
    """
    if against not in AGAINST:
        raise OptionError(
            "Questions cannot be compared with {given!r}. Choose one of: {choices}.",
            given=against,
            choices=", ".join(AGAINST),
        )
