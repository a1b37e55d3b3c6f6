"""Real processes: the supervisor, its workers, and what happens when they are killed."""

import psutil
import pytest

from simcse_core.learning.records import Evaluation, Note, Step
from simcse_core.runs import backends, metrics, pulse, queue, race, schedule, store, worker
from simcse_core.runs.execute import execute
from simcse_core.runs.run import Run
from tests.records import step
from tests.runs.conftest import SMALL, wait_until, with_seed

LONG = {"epochs": 25, "batch_size": 8}


def is_over(run: Run) -> bool:
    return run.status.state.is_over


def has_steps(run: Run, least: int) -> bool:
    return any(isinstance(record, Step) and record.step >= least for record in run.records())


def outcome_of(run: Run) -> list[dict[str, object]]:
    """Everything that a run says, but for the time it took."""
    times = ("seconds", "texts_per_second", "run", "model")
    return [{name: value for name, value in record if name not in times} for record in run.records()]


def test_a_race_is_carried_out_by_processes_of_their_own() -> None:
    race_id = race.start(SMALL, ["bce", "triplet"], user="anna")
    assert race.start(SMALL, ["bce", "triplet"], user="anna") == race_id
    wait_until(lambda: all(not outcome.state.is_busy for outcome in race.outcomes(race_id)))
    outcomes = race.outcomes(race_id)
    assert [(outcome.loss, outcome.state) for outcome in outcomes] == [("bce", "finished"), ("triplet", "finished")]
    had, tfidf, bce, triplet = race.results(outcomes, race.baselines(race_id))  # it starts from the model as it comes
    assert [line.name for line in (had, tfidf, bce, triplet)] == ["as_it_comes", "tfidf", "bce", "triplet"]
    metric = "mean_average_precision"
    assert bce.gain[metric].value == pytest.approx(bce.metrics[metric].value - had.metrics[metric].value)
    end = outcomes[0].finished
    assert end is not None
    assert end.dev_as_it_comes is not None
    assert end.dev_as_it_comes[metric] == pytest.approx(had.metrics[metric].value)
    found = race.verdict(outcomes)
    assert found is not None
    assert (found.metric, found.seeds) == ("logistic_accuracy", 1)
    store.delete(race.runs(race_id)[0], "anna")
    assert [outcome.loss for outcome in race.outcomes(race_id)] == ["triplet"]


def test_a_run_whose_worker_and_supervisor_are_killed_ends_as_if_nothing_had_happened() -> None:
    (run,) = queue.submit([with_seed(3, **LONG)])
    wait_until(lambda: has_steps(run, 20))
    first = run.status.job
    backends.backend().cancel(first or "")
    wait_until(lambda: run.status.state == "running" and run.status.job != first)
    supervisor = psutil.Process(int(pulse.path().read_text().partition(":")[0]))
    supervisor.kill()
    supervisor.wait()
    assert run.status.state == "running"  # it outlives its supervisor
    (second,) = queue.submit([with_seed(4)])
    wait_until(lambda: is_over(run) and is_over(second), 180)
    assert (run.status.state, second.status.state) == ("finished", "finished")
    undisturbed = store.create(run.config)
    execute(undisturbed, lambda _: None)
    assert outcome_of(run) == outcome_of(undisturbed)
    assert run.items() == undisturbed.items()
    assert (run.model / "simcse.json").read_bytes() == (undisturbed.model / "simcse.json").read_bytes()
    assert not run.checkpoint.exists()


def test_a_running_race_is_cancelled_and_the_next_run_starts() -> None:
    race_id = race.start(with_seed(0, epochs=1_000), ["bce", "triplet"])
    first = race.runs(race_id)[0]
    wait_until(lambda: has_steps(first, 1))
    race.cancel(race_id, "cli")
    wait_until(lambda: {outcome.state for outcome in race.outcomes(race_id)} == {"cancelled"}, 5)
    wait_until(lambda: not schedule.waits(age=0))


def test_a_run_that_needs_too_much_memory_is_ended_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_RUN_MEMORY_MEGABYTES", "100")  # torch alone needs more
    (run,) = queue.submit([SMALL])
    wait_until(lambda: is_over(run))
    assert run.status.state == "failed"
    assert "more than 100 MB of memory" in run.status.message


def test_a_damaged_checkpoint_is_set_aside_and_the_run_begins_anew_and_loses_no_metrics() -> None:
    run = store.create(SMALL)
    before = step(1, 9, loss=0.5)
    run.append(before)
    run.checkpoint.write_bytes(b"half of one")
    worker.carry_out(run)
    assert run.status.state == "finished"
    said, *records = run.records()
    assert isinstance(said, Note)
    assert said.code == "began_anew"
    assert "checkpoint.pt is damaged" in said.message
    assert str(run.folder) not in said.message  # everybody may read it
    assert [record.step for record in records[:2] if isinstance(record, Evaluation | Step)] == [0, 1]
    assert (run.folder / "checkpoint-damaged.pt").exists()
    assert metrics.read(run.folder / "metrics-before-1.jsonl") == [before]


def test_a_run_is_carried_out_by_one_process_only() -> None:
    run = store.create(SMALL)
    worker.carry_out(run)
    before = run.records()
    worker.carry_out(run)  # it is over
    assert run.records() == before
