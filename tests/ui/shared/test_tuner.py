"""The threshold tuner on the server: its axis, where the threshold starts, and what a link or the browser may say."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ui.shared.tuner import setting
from ui.shared.tuner.axis import of_cosines, of_numbers
from ui.shared.tuner.before_after import Comparison, Side, in_words

KEY = "test-threshold"


class Session(dict[str, Any]):
    """Streamlit's session state, as far as it is used."""


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A session and an address."""
    stand_in = SimpleNamespace(session_state=Session(), query_params={})
    monkeypatch.setattr("ui.shared.tuner.setting.st", stand_in)
    monkeypatch.setattr("ui.frame.address.st", stand_in)
    monkeypatch.setattr("ui.shared.tuner.before_after.joined", lambda *said: " ".join(said))
    monkeypatch.setattr("ui.shared.tuner.before_after._", lambda text: text)
    return stand_in


def test_the_axis_of_cosines_is_in_tenths_and_never_leaves_the_scale() -> None:
    axis = of_cosines(0.234, 0.81)
    assert (axis.low, axis.high) == (0.2, 0.9)
    assert axis.ticks == [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert (of_cosines(-1, 1).low, of_cosines(-1, 1).high) == (-1, 1)
    narrow = of_cosines(0.97, 0.98)
    assert narrow.high == 1
    assert narrow.low == pytest.approx(0.8)


def test_the_axis_of_other_scores_starts_at_zero() -> None:
    axis = of_numbers([3.2, 17.5], "BM25")
    assert (axis.low, axis.high) == (0, 17.5)
    assert axis.stops == ()
    assert of_numbers([], "BM25").high > 0


def test_the_suggestion_holds_until_somebody_sets_a_threshold(browser: SimpleNamespace) -> None:
    assert setting.current(KEY, "first", 0.4).threshold == 0.4
    assert setting.current(KEY, "first", 0.5).threshold == 0.5
    browser.session_state[KEY] = {"released": {"threshold": 0.61, "costs": [1, 1]}}
    setting.released(KEY, "first")
    now = setting.current(KEY, "first", 0.5)
    assert (now.threshold, now.by_user) == (0.61, True)
    assert browser.query_params == {KEY: "0.61"}


def test_a_threshold_is_not_taken_over_for_other_scores(browser: SimpleNamespace) -> None:
    setting.current(KEY, "first", 0.4)
    setting.put(KEY, 0.9)
    assert setting.current(KEY, "first", 0.4).threshold == 0.9
    assert setting.current(KEY, "second", 0.3).threshold == 0.3
    assert browser.query_params == {}


def test_while_only_costs_change_the_suggestion_follows_them(browser: SimpleNamespace) -> None:
    setting.current(KEY, "first", 0.4)
    browser.session_state[KEY] = {"released": {"threshold": 0.4, "costs": [5, 1]}}
    setting.released(KEY, "first")
    assert setting.costs(KEY) == (5, 1)
    now = setting.current(KEY, "first", 0.7)
    assert (now.threshold, now.costs, now.by_user) == (0.7, (5, 1), False)
    assert browser.query_params == {f"{KEY}-costs": "5,1"}


@pytest.mark.parametrize("value", ["nan", "inf", "abc", "", "1e999"])
def test_a_link_with_a_strange_threshold_starts_from_the_suggestion(browser: SimpleNamespace, value: str) -> None:
    browser.query_params.update({KEY: value, f"{KEY}-costs": "-1,2"})
    now = setting.current(KEY, "first", 0.4)
    assert (now.threshold, now.costs) == (0.4, (1, 1))


def test_before_and_after_say_how_scores_moved_and_what_the_old_threshold_does(browser: SimpleNamespace) -> None:
    is_right = np.array([True, True, False, False])
    before = Side("a", np.array([0.8, 0.6, 0.5, 0.1]), is_right)
    after = Side("b", np.array([0.9, 0.7, 0.3, 0.1]), is_right)
    said = in_words(Comparison(before, after), key=KEY)
    assert "Right ones moved by +0.10 on average, wrong ones by −0.10." in said
    assert "accepts 2 right and 0 wrong ones by a, 2 and 0 by b" in said
    assert "The old threshold 0.55" in said
    assert "**0.50**" in said
