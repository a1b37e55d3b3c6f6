"""What pages look at again and again by themselves: a locked queue and what somebody removes are told in words."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.scriptrunner import RerunData
from streamlit.testing.v1 import AppTest, local_script_runner

from simcse_core.errors import RunError
from simcse_core.learning.records import State
from simcse_core.runs import queue, schedule, store
from tests.ui import races
from tests.ui.races import ME
from ui.frame import users
from ui.frame.page import PAGES
from ui.training import estimates, my_races

ROOT = Path(__file__).parent.parent.parent
LOCKED = "Another program holds the queue"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def i_am_at_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ensure_supervisor", lambda **_options: None)
    monkeypatch.setattr(users, "current", lambda: ME)
    monkeypatch.setattr(users, "remember", lambda: None)
    my_races.races_of.clear()  # kept for seconds, and tests are faster


@pytest.fixture
def poll(monkeypatch: pytest.MonkeyPatch) -> Callable[[AppTest, str], AppTest]:
    """Runs one fragment of a page, as the browser asks for it after each interval."""

    def once(page: AppTest, function: str) -> AppTest:
        (fragment,) = polled(page, function)
        with monkeypatch.context() as patch:
            patch.setattr(local_script_runner, "RerunData", partial(RerunData, fragment_id_queue=[fragment]))
            return page.run()

    return once


def polled(page: AppTest, function: str) -> list[str]:
    """Ids of the fragments on a page that are this function."""
    fragments: dict[str, Any] = page._fragment_storage._fragments
    return [
        key
        for key, fragment in fragments.items()
        for name, cell in zip(fragment.__code__.co_freevars, fragment.__closure__, strict=True)
        if name == "non_optional_func" and f"{cell.cell_contents.__module__}.{cell.cell_contents.__name__}" == function
    ]


def locked(*_arguments: object, **_named: object) -> None:
    raise RunError("Another program holds the queue {file}. Close it, then try again.", file="queue.lock")


def open_page(name: str, **parameters: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(PAGES[name].path)
    for parameter, value in {"language": "en", **parameters}.items():
        page.query_params[parameter] = value
    page.run()
    assert not page.exception
    return page


def errors(page: AppTest) -> str:
    assert not page.exception
    return "\n".join(str(error.value) for error in page.error).replace("\\", "")


def test_a_race_says_that_the_queue_is_locked_and_goes_on_when_it_is_free_again(
    monkeypatch: pytest.MonkeyPatch, poll: Callable[[AppTest, str], AppTest]
) -> None:
    page = open_page("training", race=races.id_of(races.start()))
    with monkeypatch.context() as patch:
        patch.setattr(queue, "places", locked)
        assert LOCKED in errors(poll(page, "ui.training.race._live"))
    assert errors(poll(page, "ui.training.race._live")) == ""
    assert errors(poll(page, "ui.training.race._progress")) == ""
    assert "0 of 2 runs finished" in "\n".join(caption.value for caption in page.caption)


def test_a_race_that_was_removed_is_said_to_be_gone_and_is_looked_at_no_more(
    poll: Callable[[AppTest, str], AppTest],
) -> None:
    runs = races.start()
    page = open_page("training", race=races.id_of(runs))
    for run in runs:
        run.set_status(State.CANCELLED)
        store.delete(run, ME)
    assert "There is no race" in errors(poll(page, "ui.training.race._live"))
    assert polled(page, "ui.training.race._live") == []


def test_a_run_and_the_list_say_that_the_queue_is_locked(
    monkeypatch: pytest.MonkeyPatch, poll: Callable[[AppTest, str], AppTest]
) -> None:
    page = open_page("runs", run=races.start(("bce",))[0].id)
    with monkeypatch.context() as patch:
        patch.setattr(schedule, "places", locked)
        assert LOCKED in errors(poll(page, "ui.runs.details._live"))
    with monkeypatch.context() as patch:
        patch.setattr(queue, "ensure_supervisor", locked)
        assert LOCKED in errors(poll(page, "__main__.watch"))
    assert errors(poll(page, "ui.runs.details._live")) == ""


@pytest.mark.parametrize("function", ["ui.runs.details._live", "__main__.watch"])
def test_a_run_that_was_removed_is_said_to_be_gone_and_is_looked_at_no_more(
    function: str, poll: Callable[[AppTest, str], AppTest]
) -> None:
    run = races.start(("bce",))[0]
    page = open_page("runs", run=run.id)
    run.set_status(State.CANCELLED)
    store.delete(run, ME)
    poll(page, function)
    assert errors(page) == ""
    assert any("No longer here" in str(info.value) for info in page.info)
    assert polled(page, function) == []


def test_an_estimate_that_cannot_be_asked_for_is_said_in_words(
    monkeypatch: pytest.MonkeyPatch, poll: Callable[[AppTest, str], AppTest]
) -> None:
    page = open_page("training")
    monkeypatch.setattr(estimates, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(estimates, "submit_rehearsal", locked)
    assert LOCKED in errors(poll(page, "ui.training.estimates._measuring"))
