"""Which models have learned from the very data of a task: their numbers there say nothing about other texts."""

from collections.abc import Iterator
from pathlib import PurePath

from simcse_core.errors import UserError
from simcse_core.runs import store
from simcse_core.uses.suites.sources import Source


def has_learned_from(model: str, source: Source) -> bool:
    """Whether a run, or a run that it started from, was trained on the task's file or bundled set, by its name."""
    names = {source.task.bundled, *source.task.files, *(source.task.train if source.held_out else ())}
    return any(name in names for name in _trained_on(model))


def _trained_on(model: str) -> Iterator[str]:
    """The names of the data along the chain of runs, without folder and ending; none for what is no run."""
    seen: set[str] = set()
    while model not in seen:
        seen.add(model)
        try:
            config = store.get(model).config
        except UserError:
            return
        yield from (PurePath(data).stem.lower() for data in (config.data, config.dev) if data)
        model = config.model
