"""Which races are offered to whom."""

import pytest

from simcse_core.learning.records import State
from simcse_core.runs import index, store
from tests.ui import races
from tests.ui.races import ME
from ui.shared import models
from ui.training import my_races


@pytest.fixture(autouse=True)
def everything_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "REFRESH_SECONDS", 0.0)


def mine(user: str = ME) -> list[my_races.Entry]:
    my_races.races_of.clear()
    return my_races.races_of(user)


def test_my_races_are_listed_the_newest_first_with_the_states_of_their_runs() -> None:
    assert mine() == []
    first, _others, last = races.start(), races.start(("triplet",), user="b" * 32), races.start(("center",))
    races.finish(first[0], right=0.9)
    found = mine()
    assert [entry.race for entry in found] == [races.id_of(last), races.id_of(first)]
    assert [entry.states for entry in found] == [("queued",), ("finished", "queued")]
    assert found[1].title.startswith("bce, supcon · ")


def test_a_race_loses_runs_that_are_removed_and_is_gone_with_the_last_one_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = races.start()
    assert len(mine()) == 1
    monkeypatch.setattr(index, "REFRESH_SECONDS", 1e9)
    for left in (1, 0):
        runs[left].set_status(State.CANCELLED)
        store.delete(runs[left], ME)
        assert [len(entry.states) for entry in mine()] == [1] * left


def test_finished_runs_with_a_model_are_offered_to_their_owner_the_newest_first() -> None:
    runs = races.start(("bce", "supcon", "triplet"))
    for run in runs[:2]:
        races.finish(run, right=0.9)
        run.model.mkdir()
        (run.model / "simcse.json").write_text("{}")
    races.finish(runs[2], right=0.9)  # its model is gone
    models.finished_runs.clear()
    assert models.finished_runs(ME) == [runs[1].id, runs[0].id]
    assert models.finished_runs("b" * 32) == []
