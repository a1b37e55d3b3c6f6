"""The queue of maps: each is computed once for whoever asks, in the order in which they were asked for.

Small maps need not wait for large ones: of several workers one is kept for them. What nobody looks at any more when its
turn comes is left out.
"""

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

from simcse_core import errors
from simcse_core.errors import InputError, RunError, UserError
from simcse_core.limits import limits
from simcse_core.meaning.projection import store
from simcse_core.meaning.projection.job import FORGOTTEN_SECONDS, Job, Work
from simcse_core.meaning.projection.process import Event, MapProcess
from simcse_core.meaning.projection.store import MapResult
from simcse_core.meaning.projection.task import Kind, Task, read_result
from simcse_core.meaning.projection.worker import TOO_MUCH_MEMORY, UNEXPECTED, can_fork

REMEMBERED = 64
"""Jobs that are over and whose results are kept in memory; the disk keeps more."""
GRACE_SECONDS = 2.0
"""For a worker to end a job that was cancelled; then the worker is ended."""


class MapJobs:
    """The queue, its workers, and what they made.

    Args:
        start: starts the process of the workers.
        workers: jobs at once.
    """

    def __init__(
        self,
        start: Callable[[Callable[[Event], None], Callable[[], None]], MapProcess] = MapProcess,
        workers: int | None = None,
    ) -> None:
        self._start_process, self._workers = start, workers or _workers()
        self._changed = threading.Condition(threading.RLock())
        self._works: OrderedDict[Hashable, Work] = OrderedDict()
        """Of all who were asked for, but for what was cancelled; the oldest that are over are forgotten."""
        self._queue: list[Work] = []
        self._running: dict[str, Work] = {}
        """By number; what was cancelled is among them until its process has let it go."""
        self._process: MapProcess | None = None
        self._is_ready = False
        self._count = 0
        self._pace: dict[str, float] = {}
        """Seconds that a method has taken for a text, the last time."""
        self._thread: threading.Thread | None = None

    def find(self, key: Hashable, who: str = "") -> Job | None:
        """The job of a key, if somebody asked for it before and it was not cancelled."""
        with self._changed:
            work = self._works.get(key)
            return None if work is None else self._seen(work, who)

    def finished(self, key: Hashable, results: Sequence[MapResult], who: str = "") -> Job:
        """A job that need not be done, because its results are there."""
        return self._remembered(Work("", key, state="finished", results=tuple(results)), who)

    def failed(self, key: Hashable, error: UserError, who: str = "") -> Job:
        """A job that cannot be done."""
        return self._remembered(Work("", key, state="failed", error=error), who)

    def submit(
        self,
        key: Hashable,
        task: Task,
        *,
        who: str = "",
        stored_as: str = "",
        results: Sequence[MapResult] = (),
    ) -> Job:
        """A job in the queue; the one that has this key, if there is one.

        Args:
            key: all that its result depends on.
            task: what to do.
            who: asks for it.
            stored_as: the key under which its results are written to the disk; "" if they are not.
            results: that are there already, and are to be measured.
        """
        with self._changed:
            if (found := self.find(key, who)) is not None:
                return found
            self._count += 1
            work = Work(
                str(self._count),
                key,
                task.kind,
                task,
                task.recipe.method,
                len(task.embeddings[0]),
                stored_as=stored_as,
                results=tuple(results),
            )
            self._queue.append(work)
            self._keep_going()
            self._changed.notify_all()
            return self._remembered(work, who)

    def warm(self) -> None:
        """Start the process, so that nobody has to wait for what it has to compile."""
        with self._changed:
            self._keep_going()
            self._changed.notify_all()

    @property
    def is_ready(self) -> bool:
        """Whether the process has compiled everything."""
        return self._is_ready

    @property
    def process(self) -> MapProcess | None:
        """The process that makes maps, while there is one."""
        return self._process

    def ahead(self, work: Work) -> int:
        """Jobs before one in the queue."""
        with self._changed:
            return self._in_order().index(work) if work in self._queue else 0

    def seconds_left(self, work: Work) -> float | None:
        """Expected until a job is over."""
        with self._changed:
            own = self._own_seconds(work)
            if work not in self._queue or own is None:
                return own
            before = [*self._running.values(), *self._in_order()[: self.ahead(work)]]
            return own + sum(self._own_seconds(other) or 0.0 for other in before) / self._workers

    def leave(self, work: Work, who: str) -> None:
        """Somebody no longer wants a job."""
        with self._changed:
            work.looked_at.pop(who, None)
            if work.state == "failed":
                self._forget(work)
            if work.is_over or work.is_wanted:
                return
            work.end("cancelled")
            self._forget(work)
            if work in self._queue:
                self._queue.remove(work)
            elif self._process is not None and work.folder is not None:
                self._process.cancel(work.number)
                patience = threading.Timer(GRACE_SECONDS, self._insist, [work, self._process])
                patience.daemon = True
                patience.start()

    def close(self) -> None:
        """End the process. Jobs that are not over fail."""
        with self._changed:
            if self._process is not None:
                self._process.kill()

    def _seen(self, work: Work, who: str) -> Job:
        work.looked_at[who] = time.monotonic()
        self._works.move_to_end(work.key)
        return Job(self, work, who)

    def _remembered(self, work: Work, who: str) -> Job:
        with self._changed:
            self._works[work.key] = work
            over = [one for one in self._works.values() if one.is_over]
            for one in over[: max(0, len(over) - REMEMBERED)]:
                self._forget(one)
            return self._seen(work, who)

    def _forget(self, work: Work) -> None:
        if self._works.get(work.key) is work:
            del self._works[work.key]

    def _own_seconds(self, work: Work) -> float | None:
        expected = self._pace[work.method] * work.texts if work.method in self._pace else None
        if work.state != "running":
            return expected
        if work.progress:
            return work.seconds / work.progress - work.seconds
        return None if expected is None else max(expected - work.seconds, 0.0)

    def _in_order(self) -> list[Work]:
        return sorted(self._queue, key=lambda work: get_args(Kind).index(work.kind))  # equals as they came

    def _next(self) -> Work | None:
        """The job whose turn it is, if a worker is free for it."""
        for work in [work for work in self._queue if not work.is_wanted]:
            self._queue.remove(work)
            work.end("cancelled")
            self._forget(work)
        if not self._is_ready or len(self._running) >= self._workers:
            return None
        room_for_long = max(1, self._workers - 1) - sum(work.is_long for work in self._running.values())
        return next((work for work in self._in_order() if room_for_long > 0 or not work.is_long), None)

    def _keep_going(self) -> None:
        """See to it that the process is there, and the thread that feeds it."""
        if self._process is None:
            self._is_ready = False
            self._process = self._start_process(self._on_event, self._on_end)
        if self._thread is None:
            self._thread = threading.Thread(target=self._feed, daemon=True, name="map-jobs")
            self._thread.start()

    def _feed(self) -> None:
        """Hands jobs to the process, one by one."""
        while True:
            with self._changed:
                while (work := self._next()) is None:
                    self._changed.wait(timeout=FORGOTTEN_SECONDS)
                self._queue.remove(work)
                self._running[work.number] = work
                task = work.task
            self._hand_over(work, task)

    def _hand_over(self, work: Work, task: Task | None) -> None:
        """Write a job's files, which may take a moment, and have it started."""
        try:
            folder = TemporaryDirectory(prefix="simcse-map-", ignore_cleanup_errors=True)
            if task is not None:
                task.write(Path(folder.name))
            with self._changed:
                if work.is_over:  # cancelled meanwhile
                    self._running.pop(work.number, None)
                    folder.cleanup()
                    return
                self._keep_going()
                work.folder = folder
                assert self._process is not None
                self._process.make(work.number, Path(folder.name))
        except OSError as error:  # no room, or no process can be started
            with self._changed:
                self._running.pop(work.number, None)
                self._fail(
                    work, InputError("The map could not be passed on to its process: {reason}.", reason=error.strerror)
                )

    def _insist(self, work: Work, process: MapProcess) -> None:
        """End a process that has not let a cancelled job go."""
        with self._changed:
            if self._running.get(work.number) is work and self._process is process:
                process.kill()

    def _on_event(self, event: Event) -> None:
        with self._changed:
            if event["event"] == "ready":
                self._is_ready = True
            work = self._running.get(event.get("job", ""))
            if work is not None and not work.is_over:
                self._take_in(work, event)
            if work is not None and event["event"] in ("finished", "failed", "cancelled", "ended"):
                self._let_go(work)
            self._changed.notify_all()

    def _take_in(self, work: Work, event: Event) -> None:
        try:
            self._follow(work, event)
        except store.DAMAGED:  # somebody has emptied the folder of temporary files
            self._fail(work, _error({"kind": UNEXPECTED}))

    def _follow(self, work: Work, event: Event) -> None:
        match event["event"]:
            case "started":
                work.state, work.since = "running", time.monotonic()
            case "progress":
                work.progress = min(1.0, event["done"] / max(event["total"], 1))
            case "mapped":
                work.results = self._read(work)
            case "finished":
                self._finish(work, self._read(work))
            case "failed":
                self._fail(work, _error(event))
            case "ended":  # without a word of how
                self._fail(work, _error({"kind": UNEXPECTED}))

    def _read(self, work: Work) -> tuple[MapResult, ...]:
        assert work.folder is not None
        return read_result(Path(work.folder.name))

    def _finish(self, work: Work, results: tuple[MapResult, ...]) -> None:
        if work.kind == "measure":
            results = tuple(
                MapResult(before.points, before.notes, after.quality)
                for before, after in zip(work.results, results, strict=True)
            )
        if work.kind == "map":
            self._pace[work.method] = work.seconds / max(work.texts, 1)
        work.results = results
        work.end("finished")
        if work.stored_as:
            store.write(work.stored_as, results)

    def _fail(self, work: Work, error: UserError) -> None:
        work.error = error
        work.end("failed")

    def _let_go(self, work: Work) -> None:
        self._running.pop(work.number, None)
        if work.folder is not None:
            work.folder.cleanup()
            work.folder = None

    def _on_end(self) -> None:
        """The process has ended: what it had at work fails, and the next job starts another one."""
        with self._changed:
            # One that did not even get ready would not the next time either; whoever asks again tries again.
            lost = [*self._running.values(), *(() if self._is_ready else self._queue)]
            self._queue = self._queue if self._is_ready else []
            self._process, self._is_ready = None, False
            for work in lost:
                if not work.is_over:
                    self._fail(work, _error({"kind": UNEXPECTED}))
                self._let_go(work)
            if self._queue:
                self._keep_going()
            self._changed.notify_all()


def _workers() -> int:
    """Jobs at once."""
    return min(limits().map_workers, os.cpu_count() or 1) if can_fork() else 1


def _error(event: Event) -> UserError:
    """What a job's failure means for a user."""
    if event["kind"] == TOO_MUCH_MEMORY:
        return InputError(
            "The map needed more than {megabytes:,} MB of memory (SIMCSE_MAX_MAP_MEMORY_MEGABYTES). Take fewer texts, "
            "or PCA.",
            megabytes=limits().max_map_memory_megabytes,
        )
    kind = getattr(errors, event["kind"], None)
    if isinstance(kind, type) and issubclass(kind, UserError):
        return kind(event["template"], **event["values"])
    return RunError(
        "The process that makes maps ended unexpectedly. Try again; if it happens again, take fewer texts or another "
        "method."
    )
