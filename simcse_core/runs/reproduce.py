"""The one command that does a run again."""

from collections.abc import Iterator, Sequence

from simcse_core.data.columns import columns_text
from simcse_core.learning.records import Record, Step
from simcse_core.learning.settings import BUDGETS, TrainingSettings
from simcse_core.plain import shell_word
from simcse_core.runs.config import RunConfig

_FLAGS = {
    "dev": "dev",
    "dev_share": "dev-share",
    "folds": "folds",
    "fold": "fold",
    "encoding": "encoding",
    "sheet": "sheet",
    "kind": "as",
    "model": "model",
    "layer": "layer",
    "pooling": "pooling",
    "head": "head",
    "prompt": "prompt",
    "dim": "dim",
    "device": "device",
    "data_seed": "data-seed",
}
"""Field of a run's configuration -> flag of the command."""


def command(config: RunConfig) -> str:
    """One line for a shell that starts the same run: data and loss, and whatever differs from the defaults.

    Example:
        >>> command(RunConfig(data="intents-en", layer=3, settings=TrainingSettings(loss="triplet", epochs=2)))
        'python -m simcse_core train --data intents-en --loss triplet --layer 3 --epochs 2'
    """
    return " ".join(map(shell_word, ["python", "-m", "simcse_core", "train", *_arguments(config)]))


def as_carried_out(config: RunConfig, records: Sequence[Record]) -> RunConfig:
    """The same run with its steps as the budget, where that was seconds: how many fit depends on the machine."""
    planned = next((record.steps for record in reversed(records) if isinstance(record, Step)), None)
    if config.settings.seconds is None or planned is None:
        return config
    settings = config.settings.model_copy(update={"seconds": None, "steps": planned})
    return config.model_copy(update={"settings": settings})


def _arguments(config: RunConfig) -> Iterator[str]:
    settings, usual = config.settings, TrainingSettings()
    yield from _flag("data", config.data)
    yield from _flag("loss", settings.loss)
    for name, value in settings.loss_options.items():
        yield from ("--loss-option", f"{name}={value}")
    if config.columns:
        yield from _flag("columns", columns_text(config.columns))
    for field, flag in _FLAGS.items():
        if (value := getattr(config, field)) != RunConfig.model_fields[field].default:
            yield from _flag(flag, value)
    # These have another default beside another budget, and beside folds, so they are always said then.
    said = {"epochs": any(getattr(settings, name, None) is not None for name in BUDGETS), "keep": bool(config.folds)}
    for field in TrainingSettings.model_fields:
        if field in ("loss", "loss_options"):
            continue
        if (value := getattr(settings, field)) != getattr(usual, field) or said.get(field):
            yield from _flag(field.replace("_", "-"), value)


def _flag(name: str, value: object) -> tuple[str, ...]:
    text = str(value)
    return (f"--{name}={text}",) if text.startswith("-") else (f"--{name}", text)
