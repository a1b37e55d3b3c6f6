"""Runs whose worker, supervisor or app is killed again and again: is one lost, and does one end differently?

    python -m benchmarks.kills                 20 kills over 5 small runs, some ten minutes
    python -m benchmarks.kills --kills 100

First the runs take place undisturbed. Then they are queued again in a new home, with the app open on the page Training
at this race, and at random moments a random one of the three gets `kill -9`; a killed app is started again, as its user
would. In the end every run has to be finished and to say the same as the undisturbed one: the same records (but for
times), the same result for each held-out text, the same weights. The exit status is 1 when it does not.
"""

import argparse
import asyncio
import contextlib
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil

from benchmarks.app_server import AppServer, new_home, processes_of, start_app
from benchmarks.streamlit_client import StreamlitClient
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import race
from simcse_core.runs.config import RunConfig
from simcse_core.runs.run import Run

CONFIG = RunConfig(
    data="intents-en", model="minilm", layer=3, settings=TrainingSettings(tune="top:1", epochs=10, learning_rate=3e-4)
)
LOSSES = ("bce", "center", "cross_entropy", "supcon", "triplet")
MODULES = {"worker": "simcse_core.runs.worker", "supervisor": "simcse_core.runs.supervisor", "app": "streamlit run"}
OVER = ("finished", "failed", "cancelled")
TIMES = ("seconds", "texts_per_second", "run", "model")


def main() -> int:
    options = _options()
    os.environ["SIMCSE_CHECKPOINT_SECONDS"] = "2"  # so that small runs have some to go on from
    with new_home():
        expected = _said(_finish(race.start(CONFIG, LOSSES), options.patience))
        print(f"undisturbed: {len(expected)} runs finished", flush=True)
    with new_home() as home, _app(home) as page:
        race_id = race.start(CONFIG, LOSSES, user="benchmark")
        page.query = f"race={race_id}"
        kills = _kill(home, race.runs(race_id), random.Random(options.seed), options)
        survived = _said(_finish(race_id, options.patience))
        states = Counter(run.status.state for run in race.runs(race_id))
    lost = [loss for loss in LOSSES if loss not in survived]
    different = [loss for loss in survived if survived[loss] != expected[loss]]
    print(f"kills        {sum(kills.values())}: " + ", ".join(f"{who} {count}" for who, count in sorted(kills.items())))
    print(f"states       {dict(states)}")
    print(f"lost         {lost or 'none'}")
    print(f"different    {different or 'none'}")
    return 1 if lost or different else 0


class _Page:
    """The app with one open page, started again whenever it is killed."""

    def __init__(self, home: Path) -> None:
        self.home, self.query = home, ""
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._keep_open()), daemon=True)

    async def _keep_open(self) -> None:
        app: AppServer | None = None
        while not self.stopped.is_set():
            with contextlib.suppress(Exception):  # whatever a killed server leads to, also while it starts
                if app is None or not _lives(app.process):
                    app = await asyncio.to_thread(start_app, self.home)
                await self._watch(app)

    async def _watch(self, app: AppServer) -> None:
        while not self.query:
            await asyncio.sleep(0.1)
        client = StreamlitClient(app.address, "training", self.query)
        await client.connect()
        async for _received in client.messages():
            if self.stopped.is_set():
                return


def _lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@contextlib.contextmanager
def _app(home: Path) -> Iterator[_Page]:
    page = _Page(home)
    page.thread.start()
    yield page
    page.stopped.set()


def _kill(home: Path, runs: list[Run], chance: random.Random, options: argparse.Namespace) -> Counter[str]:
    """Kill until it has been often enough, or all runs are over."""
    kills: Counter[str] = Counter()
    while sum(kills.values()) < options.kills and any(run.status.state not in OVER for run in runs):
        time.sleep(chance.uniform(0.5, options.pause))
        who = chance.choice(list(MODULES))
        for process in processes_of(home, MODULES[who]):
            with contextlib.suppress(psutil.Error):
                process.kill()
                kills[who] += 1
                break
    return kills


def _finish(race_id: str, patience: float) -> list[Run]:
    deadline = time.monotonic() + patience
    runs = race.runs(race_id)
    while any(run.status.state not in OVER for run in runs) and time.monotonic() < deadline:
        time.sleep(0.5)
    return runs


def _said(runs: list[Run]) -> dict[str, Any]:
    """What each finished run leaves, but for the time it took."""
    return {
        run.config.settings.loss: (
            [{name: value for name, value in record if name not in TIMES} for record in run.records()],
            run.items(),
            sha256((run.model / "model.safetensors").read_bytes()).hexdigest(),
        )
        for run in runs
        if run.status.state == "finished"
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kills", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--pause", type=float, default=12, help="at most so many seconds between two kills (12)")
    parser.add_argument("--patience", type=float, default=1_800, help="seconds to wait for the runs (1800)")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
