"""What counts as a question that is handled well."""

import numpy as np

from simcse_core.uses.answering.no_answer import handled_well


def test_holding_a_wrong_answer_back_is_right_only_where_no_entry_answers() -> None:
    answered = np.array([True, True, False, False, True])
    right = np.array([True, False, True, False, False])
    has_none = np.array([False, False, False, False, True])
    assert handled_well(answered, right, has_none).tolist() == [True, False, False, False, False]
    assert handled_well(~answered, right, has_none).tolist() == [False, False, True, False, True]
