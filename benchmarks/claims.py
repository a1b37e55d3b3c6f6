"""What the queue costs: submitting a run, starting the next one, telling places, and a look with nothing to do.

    python -m benchmarks.claims                      500 runs that wait beside 500 that are finished, a minute
    python -m benchmarks.claims --waiting 100 --finished 5000

No run is carried out: a backend that only counts takes the place of processes. Times are medians in milliseconds, on
the disk of the folder for temporary files; "first" is that of a process that has not looked at the runs before.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from unittest.mock import patch

from benchmarks.app_server import new_home
from simcse_core.learning.records import State
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import queue
from simcse_core.runs.backends import JobStatus
from simcse_core.runs.config import RunConfig
from simcse_core.runs.run import Run
from simcse_core.runs.supervisor import Supervisor

USERS = 20
REPEATS = 25


class Jobs:
    """A backend whose jobs end when they are told to."""

    def __init__(self) -> None:
        self.running: dict[str, Run] = {}
        self.count = 0

    def submit(self, command: Sequence[str]) -> str:
        self.count += 1
        self.running[f"job {self.count}"] = Run(Path(command[-1]))
        return f"job {self.count}"

    def status(self, job: str) -> JobStatus:
        return "running" if job in self.running else "ended"

    def cancel(self, job: str) -> None:
        self.running.pop(job, None)

    def prepare(self) -> None:
        pass

    def this_job(self) -> str:
        return "benchmark"

    def finish(self) -> None:
        """All that is at work is finished."""
        for run in self.running.values():
            run.set_status(State.FINISHED)
        self.running.clear()


def main() -> None:
    options = _options()
    queue.start_supervisor = lambda: None
    if options.first:
        print(json.dumps(_milliseconds(MEASURED[options.first])))
        return
    os.environ |= {"SIMCSE_MAX_QUEUED_RUNS": "1000000", "SIMCSE_MAX_QUEUED_RUNS_PER_USER": "1000000"}
    with new_home():
        jobs = Jobs()
        supervisor = Supervisor(jobs)
        with patch("os.fsync"):  # what only prepares need not outlive a power cut
            _submit(range(options.finished))
            while queue.places() or jobs.running:
                supervisor.look()
                jobs.finish()
            supervisor.look()
        _report("a look, nothing to do", [_milliseconds(lambda: supervisor.look()) for _time in range(REPEATS)])
        with patch("os.fsync"):
            _submit(range(options.finished, options.finished + options.waiting))
        supervisor.look()
        _report("a look, one at work", [_milliseconds(lambda: supervisor.look()) for _time in range(REPEATS)])
        _report("places", [_milliseconds(queue.places) for _time in range(REPEATS)])
        _report("places, first", [_first("places") for _time in range(5)])
        _report("submit one more", [_milliseconds(_submit_any) for _time in range(REPEATS)])
        _report("submit one more, first", [_first("submit") for _time in range(5)])
        there = range(options.finished, options.finished + REPEATS)
        _report("submit one that waits", [_milliseconds(partial(_submit, [seed])) for seed in there])
        claims = []
        for _time in range(REPEATS):
            jobs.finish()
            claims.append(_milliseconds(lambda: supervisor.look()))
            assert len(jobs.running) == 1
        _report("settle one, claim the next", claims)
        jobs.finish()
        supervisor = Supervisor(jobs)
        _report("the same, a new supervisor", [_milliseconds(lambda: supervisor.look())])


def _submit(seeds: Sequence[int]) -> None:
    for seed in seeds:
        settings = TrainingSettings(tune="head", seed=seed)
        config = RunConfig(data="intents-en", model="use-multilingual", settings=settings)
        queue.submit([config], user=f"user {seed % USERS}", expected=30.0)


def _submit_any() -> None:
    _submit([time.time_ns() % 10**8])


MEASURED: dict[str, Callable[[], object]] = {"places": queue.places, "submit": _submit_any}


def _first(name: str) -> float:
    """In a process of its own."""
    command = [sys.executable, "-m", "benchmarks.claims", "--first", name]
    return float(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def _report(name: str, times: Sequence[float]) -> None:
    print(f"{name:28} {statistics.median(times):8.1f} ms   worst {max(times):8.1f} ms", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.claims", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--waiting", type=int, default=500)
    parser.add_argument("--finished", type=int, default=500)
    parser.add_argument("--first", choices=MEASURED, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
