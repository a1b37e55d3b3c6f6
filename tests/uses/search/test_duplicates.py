"""Near-duplicates: pairs, and groups in which every two are close."""

from itertools import combinations

import numpy as np
import pytest

from simcse_core.errors import InputError, OptionError
from simcse_core.uses.search import duplicates as module
from simcse_core.uses.search.duplicates import duplicates
from tests.uses.search.angles import Angles, cosine
from tests.uses.search.test_nearest import unit_rows


def test_pairs_are_those_of_all_with_all_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 7)
    rows = unit_rows(60, dim=4)
    exact = (rows.astype(np.float64) @ rows.T.astype(np.float64)).round(6)
    wanted = sorted((-exact[pair], *pair) for pair in combinations(range(60), 2) if exact[pair] >= 0.7)
    close = duplicates([str(number) for number in range(60)], rows, 0.7)
    assert [(-pair.similarity, pair.first, pair.second) for pair in close.pairs] == wanted
    assert close.is_complete
    few = duplicates([str(number) for number in range(60)], rows, 0.7, most=5)
    assert few.pairs == close.pairs[:5]
    assert not few.is_complete


def test_a_chain_does_not_become_one_group() -> None:
    texts = ["0", "10", "20", "100"]
    close = duplicates(texts, Angles().encode(texts), cosine(10))
    assert [(pair.first, pair.second) for pair in close.pairs] == [(0, 1), (1, 2)]
    assert close.clusters == ((0, 1),)  # 0 and 20 are 20 degrees apart


def test_copies_are_paired_with_the_first_and_stand_in_its_group() -> None:
    texts = ["a 0", "b 5", "a 0", "c 90", "a 0", "c 90"]
    close = duplicates(texts, Angles().encode(texts), cosine(6))
    assert [(pair.first, pair.second) for pair in close.pairs] == [(0, 2), (0, 4), (3, 5), (0, 1)]
    assert close.clusters == ((0, 1, 2, 4), (3, 5))


def test_every_two_of_a_group_are_close_and_no_two_groups_could_be_one() -> None:
    rows = unit_rows(120, dim=3, seed=4)
    exact = (rows.astype(np.float64) @ rows.T.astype(np.float64)).round(6)
    close = duplicates([str(number) for number in range(120)], rows, 0.9)
    assert len(close.clusters) > 10
    for group in close.clusters:
        assert all(exact[pair] >= 0.9 for pair in combinations(group, 2))
    for one, other in combinations(close.clusters, 2):
        assert (exact[np.ix_(one, other)] < 0.9).any()


def test_what_cannot_be_compared_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match=r"threshold of 90 is no cosine"):
        duplicates(["0"], Angles().encode(["0"]), 90)
    monkeypatch.setenv("SIMCSE_MAX_MINED_TEXTS", "1")
    with pytest.raises(InputError, match="SIMCSE_MAX_MINED_TEXTS"):
        duplicates(["0", "1"], Angles().encode(["0", "1"]))


def test_one_text_alone_has_no_duplicate() -> None:
    close = duplicates(["0"], Angles().encode(["0"]), -1)
    assert (close.pairs, close.clusters, close.is_complete) == ((), (), True)
