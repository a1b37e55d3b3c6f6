"""The lexical baseline: the same questions answered by BM25, which knows words and no meaning."""

from collections.abc import Sequence

import numpy as np

from simcse_core.data.faq import Entry
from simcse_core.uses.answering.matching import Against, Similarities, check_against
from simcse_core.uses.search.lexical import Lexical

Texts = Sequence[str]


def lexical_scores(questions: Texts, entries: Sequence[Entry], against: Against = "both") -> Similarities:
    """(Q, N) BM25 of each question with each entry; 0 where they share no word.

    Args:
        questions: Q texts.
        entries: N entries.
        against: what counts of them; "both" is question and answer read as one text.

    Raises:
        OptionError: `against` is none of `AGAINST`.
    """
    check_against(against)
    of_entry = {
        "questions": [entry.question for entry in entries],
        "answers": [entry.answer for entry in entries],
        "both": [f"{entry.question}\n{entry.answer}" for entry in entries],
    }
    return bm25(questions, of_entry[against])


def bm25(queries: Texts, texts: Texts) -> Similarities:
    """(Q, N) BM25 of each query with each text; 0 where they share no word."""
    counted = Lexical.of(texts)
    scores = np.zeros((len(queries), len(texts)))
    for place, query in enumerate(queries):
        found = counted.search(query, len(texts))
        scores[place, found.rows] = found.scores
    return scores
