"""A workshop: everybody queues a run while everybody uses the heatmap.

    python -m benchmarks.classroom                                  30 users, 30 clients, two minutes; some ten minutes
    python -m benchmarks.classroom --users 5 --clients 5 --seconds 20 --no-browser

The clients are those of `benchmarks.server`, with the same figures. When they begin, each user queues one run that
trains for ten seconds. Told are how the heatmap does meanwhile, in which order the runs were served (each user has one,
so it has to be the order in which they came), how many ended how, how long the last one waited, and the memory of the
app and of supervisor and workers. The exit status is 1 when anything went wrong.
"""

import argparse
import asyncio
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from benchmarks import server
from benchmarks.app_server import processes_of, running_app
from simcse_core.learning.records import State
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import queue
from simcse_core.runs.config import RunConfig, describe
from simcse_core.runs.run import Run

LOOK_SECONDS = 0.25


@dataclass
class Watch:
    """What is seen of the runs, by a thread that only looks."""

    home: Path
    runs: Sequence[Run]
    started: float = field(default_factory=time.monotonic)
    order: list[Run] = field(default_factory=list)
    ended_after: dict[str, float] = field(default_factory=dict)
    most_megabytes: float = 0.0
    at_once: int = 0

    def until_over(self) -> None:
        looks = 0
        while len(self.ended_after) < len(self.runs):
            states = [run.status.state for run in self.runs]
            now = time.monotonic() - self.started
            for run, state in zip(self.runs, states, strict=True):
                if state != State.QUEUED and run not in self.order:
                    self.order.append(run)
                if not state.is_busy:
                    self.ended_after.setdefault(run.id, now)
            self.at_once = max(self.at_once, states.count(State.RUNNING))
            if (looks := looks + 1) % 20 == 1:  # looking at all processes takes a while
                self.most_megabytes = max(self.most_megabytes, _megabytes(processes_of(self.home, "simcse_core.runs")))
            time.sleep(LOOK_SECONDS)


def main() -> int:
    options, users, run_seconds = _options()
    config = describe(
        RunConfig(
            data="intents-en",
            model="minilm",
            layer=3,
            settings=TrainingSettings(tune="top:1", epochs=1_000, seconds=run_seconds, learning_rate=3e-4),
        )
    )
    with running_app() as app:
        watch = Watch(app.home, [])
        thread = threading.Thread(target=watch.until_over)

        def begin() -> None:
            watch.runs = [_queue(config, number, run_seconds) for number in range(users)]
            thread.start()

        report = asyncio.run(server.measure(app, options, begin))
        print(server.as_text(report), flush=True)
        done_meanwhile = len(watch.ended_after)
        thread.join()
        states = Counter(run.status.state for run in watch.runs)
    in_order = watch.order == list(watch.runs)
    print()
    print(f"runs                   {len(watch.runs)} of {run_seconds:g} s: {dict(states)}, {done_meanwhile} meanwhile")
    print(f"order of service       {'as they came' if in_order else 'NOT as they came'}, {watch.at_once} at once")
    print(f"all were done after    {max(watch.ended_after.values()):.0f} s")
    print(f"memory of the runs     {watch.most_megabytes:.0f} MB at most, with the supervisor and the spare worker")
    return 1 if report.errors or not in_order or set(states) != {"finished"} else 0


def _queue(config: RunConfig, number: int, seconds: float) -> Run:
    seeded = config.model_copy(update={"settings": config.settings.model_copy(update={"seed": number})})
    (run,) = queue.submit([seeded], user=f"student {number}", expected=seconds)
    return run


def _megabytes(processes: Sequence[psutil.Process]) -> float:
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.Error:  # it ends just now
            continue
    return total / 1e6


def _options() -> tuple[server.Options, int, float]:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.classroom", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=30, help="who queue a run each (30)")
    parser.add_argument("--run-seconds", type=float, default=10, help="of training of each run (10)")
    parser.add_argument("--clients", type=int, default=30, help="of the page Similarity (30)")
    parser.add_argument("--seconds", type=float, default=120, help="how long they send (120)")
    parser.add_argument("--every", type=float, default=5, help="seconds between a client's sendings (5)")
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="light clients only")
    arguments = parser.parse_args()
    options = server.Options(
        clients=arguments.clients,
        seconds=arguments.seconds,
        every=arguments.every,
        sentences=12,
        seed=0,
        browser=arguments.browser,
        json=False,
    )
    return options, arguments.users, arguments.run_seconds


if __name__ == "__main__":
    sys.exit(main())
