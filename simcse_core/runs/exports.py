"""What an export costs: the model and its export measured on the same data, for the README of the exported folder."""

import contextlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simcse_core import __version__
from simcse_core.data import bundled
from simcse_core.data.kinds import Dataset, texts_of
from simcse_core.encoding.exports import check_free, export
from simcse_core.encoding.exports.registry import Exported, Progress
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.protocol import Encodes, Trainable
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import UserError
from simcse_core.home import run_folder
from simcse_core.learning.measuring import evaluate, main_metric, main_metric_among
from simcse_core.learning.prompting import prompted
from simcse_core.plain import markdown
from simcse_core.runs import store
from simcse_core.runs.config import open_split

BUNDLED = ("scored-en", "scored-zh")
"""Graded pairs in the languages that the app speaks."""
DEV_DATA = "dev data of the run"
_WARM_UP = 32
"""Texts that are encoded before the clock starts."""
_README = """# {name} as {form}

Exported by SimCSE Explorer {version}.

```python
{use}
```

{note}

## What it costs

| data | rows | measured | the model | this export |
|---|---|---|---|---|
{rows}

The model computed in float32, on the same rows. Data that comes with SimCSE Explorer has its bare name; `python -m
simcse_core evaluate --data NAME` measures the model on it too.

Sentences a second on this machine ({threads} threads): {model_speed:,.0f} the model, {export_speed:,.0f} this export.
Files: {megabytes:.1f} MB here, {model_megabytes:.1f} MB the weights of the model.
"""


@dataclass(frozen=True)
class Cost:
    """A model and its export on one data set."""

    data: str
    rows: int
    metric: str
    of_model: float
    of_export: float


@dataclass(frozen=True)
class Costs:
    """The same on several, with the time that it took."""

    of_data: list[Cost]
    model_speed: float
    """Sentences a second."""
    export_speed: float


def measured_export(
    model: Trainable,
    form: str,
    folder: Path,
    data: Sequence[Dataset] = (),
    *,
    on_progress: Progress = lambda _done, _total: None,
) -> Costs | None:
    """Export a model, measure what was written, and say it in a README.md.

    Args:
        model: with layers.
        form: one of the formats.
        folder: as for `exports.export`.
        data: to measure on; none is what is bundled in the languages that the model reads, and a run's dev data.
        on_progress: as for `exports.export`.

    Returns:
        What it costs; None for a format that changes nothing.

    Raises:
        DataError: data has neither scores nor labels.
        ModelError, OptionError, OSError: as for `exports.export`.
    """
    for dataset in data:
        if not dataset.metrics:
            raise dataset.nothing_to_compare()
    check_free(folder)
    costs: list[Costs] = []

    def describe(part: Path, exported: Exported) -> None:
        assert isinstance(model, SimCSE)
        costs.append(_costs(model, exported, {one.name: one for one in data} or data_of(model)))
        (part / "README.md").write_text(_readme(model, form, part, exported, costs[0]), encoding="utf-8")

    export(model, form, folder, on_progress=on_progress, describe=describe)
    return costs[0] if costs else None


def data_of(model: SimCSE) -> dict[str, Dataset]:
    """What a model is measured on when nobody names data: bundled pairs that it can read, and its run's dev data."""
    data = {name: bundled.load(name) for name in BUNDLED}
    readable = {name: one for name, one in data.items() if len(model.check(texts_of(one)).unreadable) < len(one) / 10}
    dev = _dev_data(model)
    return readable if dev is None else {**readable, DEV_DATA: dev}


def _dev_data(model: SimCSE) -> Dataset | None:
    """As the run has read it; None where the model is no run's, held nothing out, or its data is not here any more."""
    if run_folder(model.name) is None:
        return None
    with contextlib.suppress(UserError, OSError):
        config = store.get(model.name).config
        _train, dev = open_split(config)
        return prompted(model, config.prompt, dev)[1] if dev is not None and dev.metrics else None
    return None


class _Timed:
    """An encoder, and how long it took for how many distinct texts."""

    def __init__(self, encoder: Encodes) -> None:
        self.name = encoder.name
        self.encoder = encoder
        self.texts = 0
        self.seconds = 0.0

    def encode(self, texts: Iterable[str], *, precision: str = "float32") -> Embeddings:
        distinct = list(texts)
        self.encoder.encode(distinct[:_WARM_UP])
        started = time.perf_counter()
        embeddings = self.encoder.encode(distinct)
        self.seconds += time.perf_counter() - started
        self.texts += len(set(distinct))
        return embeddings

    @property
    def speed(self) -> float:
        return self.texts / max(self.seconds, 1e-9)


def _costs(model: SimCSE, exported: Exported, data: Mapping[str, Dataset]) -> Costs:
    timed = _Timed(model), _Timed(exported)
    rows = []
    for name, one in data.items():
        metrics = [evaluate(encoder, one) for encoder in timed]
        metric = main_metric_among(vars(metrics[0])) or ""
        rows.append(Cost(name, len(one), metric, main_metric(metrics[0]), main_metric(metrics[1])))
    return Costs(rows, timed[0].speed, timed[1].speed)


def _readme(model: SimCSE, form: str, folder: Path, exported: Exported, costs: Costs) -> str:
    import torch

    return _README.format(
        name=markdown(Path(model.name).name),
        form=form,
        version=__version__,
        use=exported.use,
        note=exported.note,
        rows="\n".join(
            f"| {markdown(cost.data)} | {cost.rows} | {cost.metric} | {cost.of_model:.4f} | {cost.of_export:.4f} |"
            for cost in costs.of_data
        ),
        threads=torch.get_num_threads(),
        model_speed=costs.model_speed,
        export_speed=costs.export_speed,
        megabytes=sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6,
        model_megabytes=sum(weight.nbytes for weight in model.bert.parameters()) / 1e6,
    )
