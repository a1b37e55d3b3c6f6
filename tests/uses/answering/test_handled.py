"""What counts as a question that is handled well."""

import numpy as np
import pytest

from simcse_core.uses.answering.no_answer import fit, handled_well
from simcse_core.uses.answering.quality import right_first


def test_holding_a_wrong_answer_back_is_right_only_where_no_entry_answers() -> None:
    answered = np.array([True, True, False, False, True])
    right = np.array([True, False, True, False, False])
    has_none = np.array([False, False, False, False, True])
    assert handled_well(answered, right, has_none).tolist() == [True, False, False, False, False]
    assert handled_well(~answered, right, has_none).tolist() == [False, False, True, False, True]


# The closest entry is right at 0.3 and 0.6, wrong at 0.4, 0.5 and 0.55 though the other one answers; none answers 0.1.
SIMILARITIES = np.array([[0.3, 0], [0.6, 0], [0.4, 0], [0.5, 0], [0.55, 0], [0.1, 0]])
ENTRIES = [0, 0, 1, 1, 1, None]


@pytest.mark.parametrize(
    ("wrong_answer", "no_answer", "threshold", "cost"),
    [
        (1, 1, 0.2, 3),  # three wrong answers; above 0.575 four questions would miss theirs
        (10, 1, 0.575, 4),
        (1, 10, 0.2, 3),
    ],
)
def test_a_wrong_answer_held_back_costs_too_where_an_entry_answers(
    wrong_answer: float, no_answer: float, threshold: float, cost: float
) -> None:
    fitted = fit(SIMILARITIES, ENTRIES, wrong_answer=wrong_answer, no_answer=no_answer)
    assert fitted.threshold == pytest.approx(threshold)
    assert fitted.decisions.cost(wrong_answer, no_answer) == cost
    assert fitted.always.value == pytest.approx(2 / 6)


@pytest.mark.parametrize("seed", range(20))
def test_no_threshold_handles_more_of_the_questions_that_it_was_fitted_on(seed: int) -> None:
    random = np.random.default_rng(seed)
    similarities = random.integers(0, 12, (40, 4)) / 12
    entries = [int(entry) if entry < 4 else None for entry in random.integers(0, 6, 40)]
    best, right = similarities.max(axis=1), right_first(similarities, entries)
    has_none = np.array([entry is None for entry in entries])
    every = [handled_well(best >= one, right, has_none).sum() for one in (-1, *np.unique(best), 2)]
    assert handled_well(best >= fit(similarities, entries).threshold, right, has_none).sum() == max(every)
