"""Many users on one server: how long each waits for the heatmap, and what the server needs for it.

    python -m benchmarks.server                              30 clients, 12 new sentences every 5 s, two minutes
    python -m benchmarks.server --clients 5 --seconds 20     a quick look
    python -m benchmarks.server --no-browser --json          without Chromium; figures for programs
    python -m benchmarks.server --clients 10 --every 1 --seconds 30 --bulk 3 --no-browser
                                                             10 typists beside 3 users with 5,000 long sentences

It starts the app as `make run` does and waits until the model is loaded. Then all clients open the page Similarity and
keep replacing their sentences by new ones, evenly spread over each interval. They keep to the schedule: a late answer
delays no sending (such a sending counts as late, and whoever is overtaken waits until a later heatmap comes). An answer
counts when it shows the sentences that were sent.

Thirty browsers would keep the machine busy by themselves, so the clients speak Streamlit's protocol and draw nothing.
They measure from sending until the heatmap has arrived and until the page is complete. One client is a real Chromium;
it measures from the keystroke until the new heatmap is painted. 0.3 s of that the text area waits for more keystrokes.
With --bulk some users paste thousands of sentences of about 50 words each at the moment the others begin to type, and
wait for their heatmap. How many threads the server has at most shows whether outdated runs of pages pile up.

Memory is resident memory with all child processes: at the start the model is loaded and nobody is there, at the end all
clients are there. Clients and server share the machine, so the clients' processor time is reported too.

The exit status is 1 when there was an error: one shown on a page, a broken connection, a wrong answer, or none.
"""

import argparse
import asyncio
import json
import math
import os
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from itertools import islice

import numpy as np
import psutil

from benchmarks.app_server import AppServer, running_app, usage
from benchmarks.sentences import new_sentences
from benchmarks.typists import BrowserTypist, BulkUser, LightTypist, Typist
from tests.install_chromium import find

WARM_UP_SECONDS = 300
PATIENCE_SECONDS = 60
"""How long after the last sending an answer may still come."""
BULK_PATIENCE_SECONDS = 600
OPENING_SECONDS = 5.0
"""The clients open the page one after the other within this time, or within an interval if that is longer."""
SENTENCES_IN_A_LONG_ONE = 4
FEW_SENTENCES = 300
"""More sentences than these are what somebody pastes, not types."""
Batches = Sequence[Sequence[str]]
"""The sentences of one client, one sending after the other."""
PACKAGES = ("streamlit", "plotly", "torch", "transformers", "numpy", "pandas")


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    clients: int
    seconds: float
    every: float
    sentences: int
    seed: int
    browser: bool
    json: bool
    bulk: int = 0
    bulk_sentences: int = 5_000

    @property
    def rounds(self) -> int:
        return math.ceil(self.seconds / self.every)


@dataclass(frozen=True)
class Times:
    """Seconds."""

    count: int
    median: float
    p95: float
    longest: float

    @staticmethod
    def of(measured: Sequence[float | None]) -> "Times | None":
        """None when nothing was measured."""
        seconds = [value for value in measured if value is not None]
        if not seconds:
            return None
        median, p95, longest = (round(float(value), 3) for value in np.percentile(seconds, [50, 95, 100]))
        return Times(len(seconds), median, p95, longest)

    def __str__(self) -> str:
        return f"{self.count:6}" + "".join(f"{value:9.3f}" for value in (self.median, self.p95, self.longest))


@dataclass(frozen=True)
class Load:
    """What was used while the clients sent."""

    seconds: float
    server_cpu_seconds: float
    clients_cpu_seconds: float
    memory_mb_at_start: float
    memory_mb_at_end: float
    most_threads: int
    """Of the server, without its children."""


@dataclass(frozen=True)
class Report:
    """What the benchmark found."""

    options: Options
    sent: int
    answered: int
    late: int
    errors: dict[str, int]
    """How often each occurred."""
    heatmap_arrived: Times | None
    page_complete: Times | None
    heatmap_painted: Times | None
    page_opened: Times | None
    bulk_complete: Times | None
    load: Load
    versions: dict[str, str] = field(default_factory=lambda: {name: version(name) for name in PACKAGES})
    python: str = field(default_factory=platform.python_version)
    system: str = field(default_factory=platform.platform)
    cores: int | None = field(default_factory=os.cpu_count)


def main() -> int:
    options = _options()
    with running_app() as server:
        report = asyncio.run(measure(server, options))
    print(json.dumps(asdict(report), indent=2) if options.json else as_text(report))
    return 1 if report.errors else 0


async def measure(server: AppServer, options: Options, begin: Callable[[], None] = lambda: None) -> Report:
    """Run the clients against the server.

    Args:
        server: the app.
        options: who does what.
        begin: called when all have opened the page, and before they send.

    Raises:
        RuntimeError: the server never came to its first heatmap.
    """
    sentences = new_sentences(options.seed)
    batches = [
        [list(islice(sentences, options.sentences)) for _round in range(options.rounds)]
        for _client in range(options.clients)
    ]
    _say("The server loads the model …")
    await _warm_up(server.address, list(islice(sentences, options.sentences)))
    memory_at_start = usage(server.process).megabytes
    typists = _typists(server.address, options)
    bulk = [BulkUser(server.address) for _user in range(options.bulk)]
    try:
        _say(f"{options.clients} clients open the page, then they send for {options.seconds:g} s …")
        await _staggered([user.open() for user in (*typists, *bulk)], max(options.every, OPENING_SECONDS))
        await asyncio.to_thread(begin)
        for user in bulk:
            await user.send([_long(sentences) for _sentence in range(options.bulk_sentences)])
        load = await _under_load(server, typists, bulk, batches, options, memory_at_start)
    finally:
        await asyncio.gather(*(user.close() for user in (*typists, *bulk)))
    return _report(typists, bulk, load, options)


def _long(sentences: Iterator[str]) -> str:
    return " ".join(islice(sentences, SENTENCES_IN_A_LONG_ONE))


async def _warm_up(address: str, sentences: Sequence[str]) -> None:
    typist = LightTypist(address)
    try:
        await typist.open()
        await typist.send(sentences)
        await _until(lambda: any(sending.answered for sending in typist.sendings), WARM_UP_SECONDS)
        if not any(sending.answered for sending in typist.sendings):
            raise RuntimeError(f"There was no heatmap after {WARM_UP_SECONDS} s. Errors: {typist.errors or 'none'}")
    finally:
        await typist.close()


def _typists(address: str, options: Options) -> list[Typist]:
    browsers: list[Typist] = [BrowserTypist(address)] if options.browser else []
    return browsers + [LightTypist(address) for _client in range(options.clients - len(browsers))]


async def _staggered(jobs: Sequence[Coroutine[None, None, None]], interval: float) -> None:
    """Begin the jobs evenly spread over an interval, and wait for all."""

    async def later(job: Coroutine[None, None, None], seconds: float) -> None:
        await asyncio.sleep(seconds)
        await job

    await asyncio.gather(*(later(job, interval * index / len(jobs)) for index, job in enumerate(jobs)))


async def _under_load(
    server: AppServer,
    typists: Sequence[Typist],
    bulk: Sequence[Typist],
    batches: Sequence[Batches],
    options: Options,
    memory_at_start: float,
) -> Load:
    started = time.perf_counter()
    threads: list[int] = []
    counting = asyncio.create_task(_count_threads(server.process, threads))
    server_before, all_before = usage(server.process), usage(psutil.Process())
    schedules = [
        _keep_sending(typist, batch_texts, options.every) for typist, batch_texts in zip(typists, batches, strict=True)
    ]
    await _staggered(schedules, options.every)
    await _until(lambda: not any(map(_unanswered, typists)), PATIENCE_SECONDS)
    await _until(lambda: not any(map(_unanswered, bulk)), BULK_PATIENCE_SECONDS)
    counting.cancel()
    server_after, all_after = usage(server.process), usage(psutil.Process())
    server_cpu = server_after.cpu_seconds - server_before.cpu_seconds
    return Load(
        seconds=round(time.perf_counter() - started, 1),
        server_cpu_seconds=round(server_cpu, 1),
        clients_cpu_seconds=round(all_after.cpu_seconds - all_before.cpu_seconds - server_cpu, 1),
        memory_mb_at_start=round(memory_at_start),
        memory_mb_at_end=round(server_after.megabytes),
        most_threads=max(threads),
    )


async def _count_threads(process: psutil.Process, counts: list[int]) -> None:
    while True:
        counts.append(process.num_threads())
        await asyncio.sleep(0.25)


async def _keep_sending(typist: Typist, batches: Batches, every: float) -> None:
    """Send at fixed times, whatever the answers do."""
    started = time.perf_counter()
    for round_, sentences in enumerate(batches):
        await asyncio.sleep(max(0.0, started + round_ * every - time.perf_counter()))
        await typist.send(sentences)


async def _until(condition: Callable[[], bool], patience: float) -> None:
    """Wait until the condition holds, or the patience is at an end."""
    deadline = time.perf_counter() + patience
    while not condition() and time.perf_counter() < deadline:
        await asyncio.sleep(0.1)


def _unanswered(typist: Typist) -> int:
    return sum(not sending.answered and not sending.missed for sending in typist.sendings)


def _report(typists: Sequence[Typist], bulk: Sequence[Typist], load: Load, options: Options) -> Report:
    sendings = [sending for typist in typists for sending in typist.sendings]
    errors = Counter(error for user in (*typists, *bulk) for error in user.errors)
    errors[f"no answer within {PATIENCE_SECONDS} s"] += sum(map(_unanswered, typists))
    errors[f"no bulk answer within {BULK_PATIENCE_SECONDS} s"] += sum(map(_unanswered, bulk))
    return Report(
        options=options,
        sent=len(sendings),
        answered=sum(sending.answered for sending in sendings),
        late=sum(sending.late for sending in sendings),
        errors=dict((+errors).most_common()),
        heatmap_arrived=Times.of([sending.shown for sending in sendings]),
        page_complete=Times.of([sending.finished for sending in sendings]),
        heatmap_painted=Times.of([sending.painted for sending in sendings]),
        page_opened=Times.of([typist.opened for typist in typists]),
        bulk_complete=Times.of([sending.finished for user in bulk for sending in user.sendings]),
        load=load,
    )


def as_text(report: Report) -> str:
    """The report as a table for people."""
    options, load = report.options, report.load
    rows = {
        "the heatmap has arrived": report.heatmap_arrived,
        "the page is complete": report.page_complete,
        "keystroke to painted, in Chromium": report.heatmap_painted,
        "opening the page": report.page_opened,
        f"bulk: {options.bulk_sentences:,} long sentences": report.bulk_complete,
    }
    lines = [
        f"{options.clients} clients, each {options.sentences} new sentences every {options.every:g} s "
        f"for {options.seconds:g} s" + (f", beside {options.bulk} bulk users" if options.bulk else ""),
        f"sent {report.sent}, answered {report.answered}, late {report.late}, errors {sum(report.errors.values())}",
        *(f"  {count} x {error}" for error, count in report.errors.items()),
        "",
        f"{'seconds':36}{'n':>6}{'median':>9}{'p95':>9}{'max':>9}",
        *(f"{name:36}{times}" for name, times in rows.items() if times),
        "",
        f"memory of the server   {load.memory_mb_at_start:.0f} MB at start, {load.memory_mb_at_end:.0f} MB at end",
        f"threads of the server  at most {load.most_threads}",
        f"processor time         {load.server_cpu_seconds:.1f} s server, {load.clients_cpu_seconds:.1f} s clients, "
        f"in {load.seconds:.0f} s on {report.cores} cores",
        f"versions               Python {report.python}, "
        + ", ".join(f"{name} {number}" for name, number in report.versions.items()),
        f"system                 {report.system}",
    ]
    return "\n".join(lines)


def _options() -> Options:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.server", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=120, help="how long they send (120)")
    parser.add_argument("--every", type=float, default=5, help="seconds between a client's sendings (5)")
    parser.add_argument("--sentences", type=int, default=12, help="in every sending (12)")
    parser.add_argument("--bulk", type=int, default=0, help="users beside them who paste long sentences (0)")
    parser.add_argument("--bulk-sentences", type=int, default=5_000, help="of each bulk user (5000)")
    parser.add_argument("--seed", type=int, default=0, help="of the sentences (0)")
    parser.add_argument("--no-browser", dest="browser", action="store_false", help="light clients only")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = Options(**vars(parser.parse_args()))
    if min(options.clients, options.seconds, options.every) <= 0 or options.sentences < 2:
        parser.error("clients, seconds and every have to be above 0, sentences at least 2")
    if options.bulk < 0 or options.bulk_sentences <= FEW_SENTENCES:
        parser.error(f"bulk has to be 0 or more, bulk-sentences above {FEW_SENTENCES}: it is about thousands")
    if options.browser and find() is None:
        parser.error("there is no Chromium here: run `python -m tests.install_chromium`, or give --no-browser")
    return options


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
