"""The queue of maps, with a process that does what a test says, and with a real one."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from simcse_core.errors import InputError
from simcse_core.meaning.projection import Recipe, pca, projections, store
from simcse_core.meaning.projection import job as job_module
from simcse_core.meaning.projection.job import Job
from simcse_core.meaning.projection.jobs import MapJobs
from simcse_core.meaning.projection.process import Event, MapProcess
from simcse_core.meaning.projection.store import MapResult
from simcse_core.meaning.projection.task import Task, write_result
from tests.meaning.test_evaluation import unit_rows

ROOT = Path(__file__).parent.parent.parent.parent
ROWS = unit_rows(0, 20, 8)
RESULT = MapResult(pca(ROWS), ())
UMAP = Recipe.of("umap")


class StandIn(MapProcess):
    """A process that takes jobs and does nothing with them before a test says so."""

    def __init__(self, on_event: Callable[[Event], None], on_end: Callable[[], None]) -> None:
        self.on_event, self.on_end = on_event, on_end
        self.made: list[str] = []
        self.folders: dict[str, Path] = {}
        self.cancelled: list[str] = []
        self.is_killed = False

    def make(self, job: str, folder: Path) -> None:
        self.made.append(job)
        self.folders[job] = folder

    def cancel(self, job: str) -> None:
        self.cancelled.append(job)

    def kill(self) -> None:
        self.is_killed = True

    def say(self, event: str, job: str = "", **values: object) -> None:
        self.on_event({"event": event, "job": job, **values})

    def finish(self, job: str) -> None:
        self.say("started", job)
        write_result(self.folders[job], [RESULT])
        self.say("finished", job)

    def wait_for(self, count: int) -> list[str]:
        """The jobs it has been handed, when there are so many."""
        wait_until(lambda: len(self.made) >= count)
        return self.made


def wait_until(is_so: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


def task(texts: int = 20, recipe: Recipe = UMAP) -> Task:
    return Task((np.zeros((texts, 1), np.float32),), recipe)


def two_workers() -> tuple[MapJobs, StandIn]:
    jobs = MapJobs(StandIn, workers=2)
    jobs.warm()
    assert isinstance(jobs.process, StandIn)
    jobs.process.say("ready")
    return jobs, jobs.process


def test_two_who_ask_for_the_same_map_get_one_and_it_is_computed_once() -> None:
    jobs, process = two_workers()
    first, second = jobs.submit("map", task(), who="a"), jobs.submit("map", task(), who="b")
    process.finish(process.wait_for(1)[0])
    assert process.made == ["1"]
    assert first.state == second.state == "finished"
    assert first.result is second.result
    assert first.result is not None
    np.testing.assert_array_equal(first.result.points, RESULT.points)
    assert jobs.submit("map", task(), who="c").state == "finished"


def test_jobs_come_in_the_order_in_which_they_were_asked_for_and_nobody_takes_all_workers() -> None:
    jobs, process = two_workers()
    long = [jobs.submit(name, task(5_000)) for name in ("long", "longer")]
    small = [jobs.submit(name, task(500)) for name in ("small", "next", "last")]
    assert process.wait_for(2) == ["1", "3"]  # the second long one leaves a worker to the small ones
    assert [job.ahead for job in (*long, *small)] == [0, 0, 0, 1, 2]
    process.finish("3")
    assert process.wait_for(3)[-1] == "4"
    process.finish("1")
    assert process.wait_for(4)[-1] == "2"


def test_whoever_has_typed_a_text_comes_first_and_measuring_last() -> None:
    jobs, process = two_workers()
    for name in ("a", "b"):
        jobs.submit(name, task())
    process.wait_for(2)
    jobs.submit("measure", Task((ROWS,), UMAP, points=(RESULT.points,)))
    jobs.submit("map", task())
    jobs.submit("place", Task((ROWS,), UMAP, points=(RESULT.points,), new=ROWS[:1]))
    for number in ("1", "2"):
        process.finish(number)
    assert process.wait_for(4)[2:] == ["5", "4"]


def test_nothing_is_begun_before_the_process_is_ready_and_a_page_can_say_so() -> None:
    jobs = MapJobs(StandIn, workers=1)
    job = jobs.submit("map", task())
    assert job.is_warming_up
    assert isinstance(jobs.process, StandIn)
    assert jobs.process.made == []
    jobs.process.say("ready")
    jobs.process.finish(jobs.process.wait_for(1)[0])
    assert not job.is_warming_up


def test_cancelling_and_starting_again_quickly_gives_a_new_job_and_not_the_end_of_the_old_one() -> None:
    jobs, process = two_workers()
    job = jobs.submit("map", task())
    process.say("started", process.wait_for(1)[0])
    job.cancel()
    again = jobs.submit("map", task())
    assert (job.state, again.state) == ("cancelled", "queued")
    process.say("cancelled", "1")
    assert process.wait_for(2) == ["1", "2"]
    assert process.cancelled == ["1"]
    process.finish("2")
    assert (job.state, again.state) == ("cancelled", "finished")


def test_what_another_one_waits_for_goes_on_when_one_cancels() -> None:
    jobs, process = two_workers()
    mine, yours = jobs.submit("map", task(), who="me"), jobs.submit("map", task(), who="you")
    process.wait_for(1)
    mine.cancel()
    assert (mine.state, yours.state) == ("cancelled", "queued")
    assert jobs.submit("map", task(), who="me").state == "queued"  # and I may come back
    process.finish("1")
    assert yours.state == "finished"
    assert process.cancelled == []


def test_a_job_in_the_queue_is_cancelled_without_its_process() -> None:
    jobs, process = two_workers()
    waiting = [jobs.submit(number, task()) for number in range(3)][-1]
    process.wait_for(2)
    waiting.cancel()
    assert waiting.state == "cancelled"
    process.finish("1")
    process.finish("2")
    assert process.made == ["1", "2"]


def test_what_nobody_looks_at_any_more_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs, process = two_workers()
    for number in range(3):
        jobs.submit(number, task())
    process.wait_for(2)
    monkeypatch.setattr(job_module, "FORGOTTEN_SECONDS", 0.0)
    process.finish("1")
    jobs.warm()
    process.finish("2")
    wait_until(lambda: jobs.find(2) is None)
    assert process.made == ["1", "2"]


def test_a_process_that_does_not_let_go_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcse_core.meaning.projection.jobs.GRACE_SECONDS", 0.01)
    jobs, process = two_workers()
    job = jobs.submit("map", task())
    process.say("started", process.wait_for(1)[0])
    wait_until(lambda: job.state == "running")
    job.cancel()
    wait_until(lambda: process.is_killed)


def test_a_killed_process_is_said_and_the_next_job_has_a_new_one() -> None:
    jobs, process = two_workers()
    job, waiting = jobs.submit("map", task(5_000)), jobs.submit("other", task(5_000))
    process.say("started", process.wait_for(1)[0])
    process.on_end()
    assert job.state == "failed"
    assert "ended unexpectedly" in str(job.error)
    new = jobs.process
    assert isinstance(new, StandIn)
    assert new is not process
    new.say("ready")
    new.finish(new.wait_for(1)[0])
    assert waiting.state == "finished"
    assert jobs.submit("map", task()).state == "failed"  # it would perhaps fail again
    job.cancel()
    assert jobs.submit("map", task()).state == "queued"


def test_a_process_that_never_gets_ready_is_not_started_again_and_again() -> None:
    jobs = MapJobs(StandIn, workers=1)
    job = jobs.submit("map", task())
    assert isinstance(jobs.process, StandIn)
    jobs.process.on_end()
    assert job.state == "failed"
    assert jobs.process is None


def test_progress_and_what_is_left_are_told() -> None:
    jobs, process = two_workers()
    job = jobs.submit("map", task())
    assert (job.progress, job.seconds_left) == (None, None)
    process.say("started", process.wait_for(1)[0])
    process.say("progress", "1", done=250, total=500)
    assert job.progress == 0.5
    assert job.seconds_left is not None
    assert job.seconds_left >= 0
    process.finish("1")
    assert jobs.submit("other", task(40)).seconds_left is not None  # as long as the last one took for each text


def test_a_map_is_there_before_it_is_measured_and_keeps_its_points_and_notes() -> None:
    jobs, process = two_workers()
    job = jobs.submit("map", Task((ROWS,), Recipe.of("pca"), points=(RESULT.points,)), results=[RESULT])
    assert job.result is RESULT
    process.finish(process.wait_for(1)[0])
    assert job.result is not None
    assert job.result.points is RESULT.points


def test_an_error_of_the_user_comes_through_and_too_much_memory_names_the_limit() -> None:
    jobs, process = two_workers()
    refused, greedy = jobs.submit("a", task()), jobs.submit("b", task())
    process.wait_for(2)
    process.say("failed", "1", kind="InputError", template="{n} are too few.", values={"n": 3})
    process.say("failed", "2", kind="memory")
    assert isinstance(refused.error, InputError)
    assert str(refused.error) == "3 are too few."
    assert "more than 4,000 MB of memory (SIMCSE_MAX_MAP_MEMORY_MEGABYTES)" in str(greedy.error)


def test_results_are_stored_for_the_next_server() -> None:
    jobs, process = two_workers()
    jobs.submit("map", task(), stored_as="a" * 64)
    process.finish(process.wait_for(1)[0])
    stored = store.read("a" * 64)
    assert stored is not None
    np.testing.assert_array_equal(stored[0].points, RESULT.points)


def test_only_so_many_results_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcse_core.meaning.projection.jobs.REMEMBERED", 2)
    jobs = MapJobs(StandIn, workers=1)
    for name in "abc":
        jobs.finished(name, [RESULT])
    assert [jobs.find(name) is None for name in "abc"] == [True, False, False]


WORKER = """
import os, signal, sys, time
import numpy as np
from simcse_core.meaning.projection import projections, worker

@projections.register("sleeper")
def sleeper(embeddings):
    time.sleep(100)

@projections.register("crasher")
def crasher(embeddings):
    os.kill(os.getpid(), signal.SIGSEGV)

@projections.register("bug")
def bug(embeddings):
    raise LookupError("a bug")

@projections.register("quitter")
def quitter(embeddings):
    sys.exit("without a word")

@projections.register("eater")
def eater(embeddings):
    eaten = [np.ones(10_000_000) for _again in range(20)]
    time.sleep(100)

worker.warm_up = lambda: None
worker.main(sys.argv[1:])
"""
"""The real worker, with methods that misbehave and without UMAP, which would compile itself for half a minute."""


@pytest.fixture
def jobs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[MapJobs]:
    monkeypatch.setenv("SIMCSE_MAX_MAP_MEMORY_MEGABYTES", "700")
    command = [sys.executable, "-c", WORKER, *getattr(request, "param", [])]
    jobs = MapJobs(lambda on_event, on_end: MapProcess(on_event, on_end, command), workers=2)
    yield jobs
    if (process := jobs.process) is not None:
        jobs.close()
        process.wait(60)
        wait_until(lambda: jobs.process is not process)


@pytest.fixture(autouse=True)
def misbehaving() -> Iterator[None]:
    """Known to this process too, so that a recipe can name them."""
    names = ("sleeper", "crasher", "bug", "quitter", "eater")
    for name in names:
        projections.register(name)(lambda embeddings: embeddings[:, :2])
    yield
    for name in names:
        projections.remove(name)


def real(name: str) -> Task:
    return Task((ROWS,), Recipe.of(name))


def over(job: Job) -> Job:
    wait_until(lambda: job.is_over)
    return job


@pytest.mark.parametrize("jobs", [[], ["--alone"]], ids=["children", "alone"], indirect=True)
def test_the_real_process_makes_measures_and_places(jobs: MapJobs) -> None:
    made = over(jobs.submit("map", real("pca")))
    assert made.error is None
    assert made.result is not None
    np.testing.assert_allclose(made.result.points, RESULT.points, atol=1e-6)
    assert made.result.quality is not None
    assert made.result.quality.kept.shape == (20,)
    placed = over(jobs.submit("place", Task((ROWS,), Recipe.of("pca"), points=(RESULT.points,), new=ROWS[:2])))
    assert placed.result is not None
    np.testing.assert_allclose(placed.result.points, RESULT.points[:2], atol=1e-5)
    refused = over(jobs.submit("refused", Task((ROWS * np.nan,), Recipe.of("pca"))))
    assert "no finite numbers" in str(refused.error)


def test_a_crash_a_bug_and_too_much_memory_end_one_map_and_nothing_else(jobs: MapJobs) -> None:
    sleeping = jobs.submit("sleeper", real("sleeper"))
    wait_until(lambda: sleeping.state == "running")
    assert jobs.process is not None
    pid = jobs.process.pid
    assert "ended unexpectedly" in str(over(jobs.submit("crasher", real("crasher"))).error)
    assert "ended unexpectedly" in str(over(jobs.submit("bug", real("bug"))).error)
    assert "ended unexpectedly" in str(over(jobs.submit("quitter", real("quitter"))).error)
    assert "more than 700 MB of memory" in str(over(jobs.submit("eater", real("eater"))).error)
    sleeping.cancel()
    assert over(jobs.submit("map", real("pca"))).state == "finished"
    wait_until(lambda: psutil.Process(pid).children() == [])
    assert jobs.process is not None
    assert jobs.process.pid == pid


@pytest.mark.parametrize("jobs", [["--alone"]], ids=["alone"], indirect=True)
def test_where_there_are_no_children_cancelling_costs_the_process_and_the_next_map_has_a_new_one(
    jobs: MapJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simcse_core.meaning.projection.jobs.GRACE_SECONDS", 0.1)
    job = jobs.submit("sleeper", real("sleeper"))
    wait_until(lambda: job.state == "running")
    job.cancel()
    wait_until(lambda: jobs.process is None)
    assert over(jobs.submit("map", real("pca"))).state == "finished"


def test_a_killed_real_process_takes_its_maps_with_it_and_the_next_one_has_a_new_one(jobs: MapJobs) -> None:
    job = jobs.submit("sleeper", real("sleeper"))
    wait_until(lambda: job.state == "running")
    assert jobs.process is not None
    process = psutil.Process(jobs.process.pid)
    wait_until(process.children)
    children = process.children()
    os.kill(process.pid, signal.SIGKILL)
    assert "ended unexpectedly" in str(over(job).error)
    assert psutil.wait_procs(children, timeout=60)[1] == []
    assert over(jobs.submit("map", real("pca"))).state == "finished"


APP = f"""
import sys, time
from simcse_core.meaning.projection.jobs import MapJobs
from simcse_core.meaning.projection.process import MapProcess

jobs = MapJobs(lambda on_event, on_end: MapProcess(on_event, on_end, [sys.executable, "-c", {WORKER!r}]))
jobs.warm()
print(jobs.process.pid, flush=True)
time.sleep(100)
"""


def test_a_killed_app_takes_its_process_of_maps_with_it() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    app = subprocess.Popen([sys.executable, "-c", APP], stdout=subprocess.PIPE, text=True, env=environment)
    assert app.stdout is not None
    with app.stdout:
        worker = psutil.Process(int(app.stdout.readline()))
    app.kill()
    app.wait(60)
    assert psutil.wait_procs([worker], timeout=60)[1] == []


def test_an_app_that_ends_while_its_process_of_maps_gets_ready_is_no_error_of_it() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert worker.stdout is not None
    worker.stdout.close()
    _out, told = worker.communicate(timeout=60)
    assert (worker.returncode, told) == (0, b"")


def test_who_cannot_hear_what_a_process_says_hears_at_least_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(event: Event) -> None:
        raise LookupError("a bug in this process")

    told, ended = threading.Event(), threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _error: told.set())
    process = MapProcess(fail, ended.set, [sys.executable, "-c", WORKER])
    assert ended.wait(60)
    assert told.wait(60)
    assert not psutil.pid_exists(process.pid)
