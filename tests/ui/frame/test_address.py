"""Settings in the address: what a link says holds when its page is opened; afterwards what the user chooses."""

from types import SimpleNamespace
from typing import Any

import pytest

from ui.frame import address


class Parameters(dict[str, str]):
    def to_dict(self) -> dict[str, str]:
        return dict(self)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Any:
    stand_in = SimpleNamespace(session_state={}, query_params=Parameters())
    monkeypatch.setattr(address, "st", stand_in)
    return stand_in


def test_a_link_within_the_app_opens_what_it_says_whatever_was_chosen_before(session: Any) -> None:
    address.enter("similarity")
    address.put("look", "grid")
    address.put("layer", 3)
    session.query_params = Parameters(look="spread", layer="99")
    address.enter("map")
    assert address.choice_of("look") == "spread"
    assert address.remembered("look", ["pair", "spread", "grid"], "pair") == "spread"
    assert address.remembered("layer", range(7), 6) == 3, "no layer of that number: what was chosen stays"
    assert address.remembered("other", ["a", "b"], "a") == "a"


def test_an_address_that_lags_behind_does_not_take_a_choice_back(session: Any) -> None:
    session.query_params = Parameters(look="grid")
    address.enter("similarity")
    key, keep = address.widget("look", ["pair", "spread", "grid"], "pair")
    session.session_state[key] = "spread"
    keep()
    session.query_params["look"] = "grid"  # a quick second click sends the address of before the first
    address.enter("similarity")
    assert address.remembered("look", ["pair", "spread", "grid"], "pair") == "spread"
    assert address.widget("look", ["pair", "spread", "grid"], "pair")[0] == key
    assert session.query_params["look"] == "spread"


def test_a_text_in_the_address_is_read_once(session: Any) -> None:
    session.query_params = Parameters(q="rain")
    address.enter("map")
    key, keep = address.text_widget("q")
    assert session.session_state[key] == "rain"
    session.session_state[key] = ""
    keep()
    address.enter("map")
    assert address.text_widget("q")[0] == key
    assert session.session_state[key] == ""
