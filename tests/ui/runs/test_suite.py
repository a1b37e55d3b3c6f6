"""Well-known tests on the page Runs: measured elsewhere, shown as they come, cancelled."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from simcse_core.errors import ModelError
from simcse_core.learning.records import Finished, State
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.items import Items
from simcse_core.runs import queue, store
from simcse_core.runs.config import RunConfig
from simcse_core.runs.run import Run
from simcse_core.uses.suites.measures import Column
from simcse_core.uses.suites.suite import Measured
from ui.frame import users
from ui.frame.page import PAGES
from ui.shared import background

ROOT = Path(__file__).parent.parent.parent.parent
ME = "a" * 32

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


class Elsewhere:
    """Stands for the process that measures: what it was asked for, and what it has answered."""

    def __init__(self) -> None:
        self.futures: dict[tuple[str, str], Future[Measured]] = {}

    def submit(self, worker: str, content: str, work: object, model: str, suite: str, place: str, task: str) -> Any:
        return self.futures.setdefault((model, task), Future())

    def answer(self, model: str, hits: list[float]) -> None:
        for (name, task), future in self.futures.items():
            if name == model and not future.done():
                column = Column(task, "", "precision_at_1")
                future.set_result(Measured(name, task, {column: Items({"precision_at_1": hits})}, 4, 0, 0))


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    stand_in = Elsewhere()
    monkeypatch.setattr(background, "submit", stand_in.submit)
    monkeypatch.setattr(users, "current", lambda: ME)
    monkeypatch.setattr(queue, "start_supervisor", lambda: None)
    return stand_in


@pytest.fixture
def finished() -> Run:
    config = RunConfig(
        data="pairs-en", model="minilm", data_sha256="d" * 64, data_seed=0, settings=TrainingSettings(loss="cosent")
    )
    run = store.create(config, owner=ME)
    run.append(Finished(run=run.id, model="m", base_model="minilm", reason="epochs", steps=1, seconds=2.0))
    run.set_status(State.FINISHED)
    return run


@pytest.fixture
def page(finished: Run) -> Callable[[], AppTest]:
    def opened() -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.switch_page(PAGES["runs"].path)
        app.query_params["language"], app.query_params["run"] = "en", finished.id
        app.run()
        app.button_group(key="suite-en").set_value("answers").run()
        app.button(key="suite-measure").click().run()
        assert not app.exception
        return app

    return opened


def test_the_run_stands_beside_what_it_started_from(
    elsewhere: Elsewhere, page: Callable[[], AppTest], finished: Run
) -> None:
    app = page()
    assert set(elsewhere.futures) == {("minilm", "bundled answers-en"), (finished.id, "bundled answers-en")}
    elsewhere.answer("minilm", [1.0, 0.0, 0.0, 0.0] * 20)
    elsewhere.answer(finished.id, [1.0, 1.0, 1.0, 0.0] * 20)
    app.run()
    shown = app.table[-1].value
    assert shown.iloc[0, 1].startswith("25.00 (")
    assert shown.iloc[0, 2].startswith("75.00 (")
    assert shown.iloc[0, 2].endswith("+50.00")
    assert f"evaluate --suite answers --model minilm --model {finished.id}" in app.code[-1].value


def test_an_error_is_said_and_the_rest_is_shown(
    elsewhere: Elsewhere, page: Callable[[], AppTest], finished: Run
) -> None:
    app = page()
    elsewhere.answer("minilm", [1.0, 0.0])
    elsewhere.futures[finished.id, "bundled answers-en"].set_exception(ModelError("{name} is ruined.", name="It"))
    app.run()
    assert "It is ruined" in app.error[-1].value
    assert app.table[-1].value.iloc[0, 1].startswith("50.00")


def test_what_has_not_begun_can_be_cancelled(elsewhere: Elsewhere, page: Callable[[], AppTest]) -> None:
    app = page()
    app.button(key="suite-cancel").click().run()
    assert all(future.cancelled() for future in elsewhere.futures.values())
    assert not app.exception
