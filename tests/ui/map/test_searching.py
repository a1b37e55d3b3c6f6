"""Finding texts on the map by words and patterns, and the colours of columns."""

import numpy as np
import pytest

from simcse_core.errors import InputError
from ui.map import coloring, searching
from ui.map.computing import Suspects
from ui.map.plot import Classes, Numbers
from ui.map.source import MapTexts

TEXTS = MapTexts.of("t", ("Lost my card", "CARD, lost?", "Top up 20 euro", "我的银行卡丢了", "strasse Straße"))


def test_all_words_have_to_occur_in_any_order_and_case() -> None:
    assert searching.with_words(TEXTS, "lost card").tolist() == [True, True, False, False, False]
    assert searching.with_words(TEXTS, "银行卡").tolist() == [False, False, False, True, False]
    assert searching.with_words(TEXTS, "STRASSE").tolist() == [False, False, False, False, True]


def test_a_pattern_fits_somewhere_in_a_text_in_any_case() -> None:
    assert searching.with_pattern(TEXTS, r"\d+ euro|^card").tolist() == [False, True, True, False, False]
    assert searching.with_pattern(TEXTS, "卡.了").tolist() == [False, False, False, True, False]


@pytest.mark.parametrize("pattern", ["(", "[a", "a**", "(?=x)", "x" * 300])
def test_what_is_no_pattern_is_said(pattern: str) -> None:
    with pytest.raises(InputError, match=r"no regular expression|characters"):
        searching.with_pattern(TEXTS, pattern)


def test_a_pattern_that_would_take_for_ever_elsewhere_is_done_at_once() -> None:
    texts = MapTexts.of("slow", ("a" * 5_000 + "b",) * 4)
    assert not searching.with_pattern(texts, "(a+)+c$").any()


def test_a_column_of_few_values_is_classes_the_most_frequent_first() -> None:
    color = coloring.of_cells(("b", "a", "b", "", "c"), "kind")
    assert isinstance(color, Classes)
    assert list(color.names) == ["b", "a", "c"]
    assert np.asarray(color.values).tolist() == [0, 1, 0, -1, 2]


def test_500_labels_are_classes_and_an_empty_column_has_no_colours() -> None:
    color = coloring.of_cells(tuple(f"label {number % 500}" for number in range(1_000)), "label")
    assert isinstance(color, Classes)
    assert len(color.names) == 500
    assert coloring.of_cells(("", "", ""), "nothing") is None


def test_a_column_of_many_numbers_is_a_scale_and_one_of_few_is_classes() -> None:
    color = coloring.of_cells((*map(str, range(20)), ""), "n")
    assert isinstance(color, Numbers)
    assert (color.low, color.high) == (0, 19)
    assert np.isnan(color.values[-1])
    assert isinstance(coloring.of_cells(("1", "2", "1", "3"), "n"), Classes)
    assert isinstance(coloring.of_cells((*map(str, range(20)), "many"), "n"), Classes)


def test_cosines_are_white_at_their_median_and_deepest_farthest_from_it() -> None:
    color = coloring.of_cosines(np.array([0.1, 0.4, 0.9]), "query")
    assert (color.low, color.high) == pytest.approx((-0.1, 0.9))
    alike = coloring.of_cosines(np.array([0.9, 0.9, 0.9]), "query")
    assert alike.low < 0.9 < alike.high


def test_lengths_end_where_almost_all_texts_are_shorter() -> None:
    color = coloring.of_lengths(["a" * 10] * 99 + ["a" * 1_000])
    assert (color.low, color.high) == (10, 11)


def test_doubted_labels_are_told_from_those_that_fit_and_from_texts_without_one() -> None:
    found = Suspects(np.array([2, 0, 1]), ("x", "x", "y"), np.array([True, False, False]))
    color = coloring.of_suspects(found, np.array([0, 3, 4]), 6)
    assert np.asarray(color.values).tolist() == [1, -1, -1, 1, 0, -1]
