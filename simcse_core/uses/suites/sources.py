"""A task's data: found in a folder, fetched from the hub, or bundled; all opened before anything is measured."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simcse_core.data import bundled
from simcse_core.data.files import TABLE_ENDINGS, File
from simcse_core.data.kinds import Dataset, Labelled, kind_of, texts_of
from simcse_core.data.opening import open_data
from simcse_core.data.readers import read_data
from simcse_core.data.splits import split_labelled
from simcse_core.errors import DataError
from simcse_core.hub.names import DATA_PREFIX
from simcse_core.uses.suites.tasks import KIND_OF, Task, tasks_of

HUB = "hub"
BUNDLED = "bundled"
SUBSET = "subset"
"""Column of a scored file that names the part each pair is from, as those of STS12 to STS16 have."""
TEST_SHARE = 0.2
"""Held out of what a classifier may learn from, where there is no test file."""


@dataclass(frozen=True)
class Source:
    """The data of one task."""

    task: Task
    data: Dataset
    """What is measured."""
    train: Labelled | None = None
    """What a classifier learns from."""
    subsets: tuple[str, ...] | None = None
    """The part of each pair, where the file names them."""
    held_out: bool = False
    """Whether `data` is a part of the file that a classifier learns from the rest of."""

    @property
    def texts(self) -> tuple[str, ...]:
        """All that a model has to encode."""
        return (*texts_of(self.data), *(texts_of(self.train) if self.train is not None else ()))


@dataclass(frozen=True)
class Found:
    """What there is of the suites that were asked for."""

    name: str
    """Of the folder, or "hub", or "bundled"."""
    sources: tuple[Source, ...]
    missing: tuple[str, ...]
    """The names of the tasks that are not there."""


def find(suites: Sequence[str], where: str, on_fetch: Callable[[int, int], None] | None = None) -> Found:
    """Open the data of suites.

    Args:
        suites: as for `tasks_of`.
        where: a folder, in which files are found by their names however deep; "hub" for the tasks' own data sets there,
            "hub:owner/name" for one data set; "bundled"; or one file, or bundled set.
        on_fetch: receives (bytes done, bytes in all) while data of the hub are fetched.

    Raises:
        OptionError: there is no such suite.
        DataError: nothing of it is there, or a file cannot be used.
    """
    tasks = tasks_of(suites)
    if where == BUNDLED:
        here = tuple(_bundled(task) for task in tasks if task.bundled)
        return Found(BUNDLED, here, ())
    if where == HUB:
        return _of_hub([task for task in tasks if not task.bundled], on_fetch)
    if where.startswith(DATA_PREFIX) or where in bundled.names() or Path(where).is_file():
        return Found(where, (_alone(where, tasks, on_fetch),), ())
    return _of_folder(Path(where), [task for task in tasks if not task.bundled], suites)


def _of_folder(folder: Path, tasks: Sequence[Task], suites: Sequence[str]) -> Found:
    if not folder.is_dir():
        raise DataError(
            "There is no folder {folder}. Name one with the files of the suite, one file, hub, or bundled.",
            folder=folder,
        )
    files = {path.stem.lower(): path for path in sorted(folder.rglob("*"), reverse=True) if _is_table(path)}
    sources = [source for task in tasks if (source := _in_files(task, files)) is not None]
    if not sources:
        raise DataError(
            "{folder} has no file of the suite {suites}: it would be called {names}, with one of {endings}.",
            folder=folder,
            suites=", ".join(suites),
            names=", ".join(name for task in tasks for name in (*task.files[:1], *task.train[:1])),
            endings=", ".join(TABLE_ENDINGS),
        )
    there = {source.task.name for source in sources}
    return Found(str(folder), tuple(sources), tuple(task.name for task in tasks if task.name not in there))


def _is_table(path: Path) -> bool:
    return path.suffix.lower() in TABLE_ENDINGS and path.is_file()


def _in_files(task: Task, files: dict[str, Path]) -> Source | None:
    test = next((files[name] for name in task.files if name in files), None)
    train = next((files[name] for name in task.train if name in files), None)
    if task.train:
        if train is None:
            return None
        learned = _checked(task, read_data(train))
        return _parted(task, learned, None if test is None else _checked(task, read_data(test)))
    if test is None:
        return None
    return Source(task, _checked(task, read_data(test)), subsets=subsets_of(test))


def _bundled(task: Task) -> Source:
    data = bundled.load(task.bundled)
    return _parted(task, data, None) if task.suite == "classification" else Source(task, data)


def _parted(task: Task, learned: Dataset, test: Dataset | None) -> Source:
    assert isinstance(learned, Labelled)
    if test is not None:
        return Source(task, test, learned)
    train, held = split_labelled(learned, dev_share=TEST_SHARE)
    return Source(task, held, train, held_out=True)


def _of_hub(tasks: Sequence[Task], on_fetch: Callable[[int, int], None] | None) -> Found:
    there = [task for task in tasks if task.hub or task.hub_train]
    sources = []
    for task in there:
        test = _checked(task, open_data(task.hub, task.columns, on_fetch)) if task.hub else None
        if task.hub_train:
            sources.append(_parted(task, _checked(task, open_data(task.hub_train, task.columns, on_fetch)), test))
        elif test is not None:
            sources.append(Source(task, test))
    if not sources:
        raise DataError(
            "The hub has none of these tests under a name that is known: {names}. Name a folder with their files.",
            names="; ".join(task.name for task in tasks),
        )
    return Found(HUB, tuple(sources), tuple(task.name for task in tasks if task not in there))


def _alone(name: str, tasks: Sequence[Task], on_fetch: Callable[[int, int], None] | None) -> Source:
    """One file, or one data set of the hub, as a task of its own."""
    data = open_data(name, None, on_fetch)
    suites = {task.suite for task in tasks}
    suite = next((suite for suite in KIND_OF if suite in suites and KIND_OF[suite] == kind_of(data)), None)
    if suite is None:
        raise DataError(
            "{file} holds {kind}, which the suite does not measure: it takes {accepted}.",
            file=name,
            kind=kind_of(data),
            accepted=", ".join(KIND_OF[suite] for suite in KIND_OF if suite in suites),
        )
    task = Task(data.name, suite)
    if suite == "classification":
        return _parted(task, data, None)
    is_file = suite == "sts" and Path(name).is_file()
    return Source(task, data, subsets=subsets_of(Path(name)) if is_file else None)


def _checked(task: Task, data: Dataset) -> Dataset:
    if kind_of(data) != KIND_OF[task.suite]:
        raise DataError(
            "{file} should be {task}, but it holds {kind}: {suite} needs {wanted}.",
            file=data.name,
            task=task.name,
            kind=kind_of(data),
            suite=task.suite,
            wanted=KIND_OF[task.suite],
        )
    return data


def subsets_of(path: Path) -> tuple[str, ...] | None:
    """The part of each row, by the column `subset` of a file; None where there is none, or one part only."""
    table = File(path.name, path.read_bytes()).table()
    if not table.has(SUBSET):
        return None
    place = table.place(SUBSET, path.name)
    subsets = tuple(str(cells[place]).strip() for _row, cells in table.rows)
    return subsets if len(set(subsets)) > 1 else None
