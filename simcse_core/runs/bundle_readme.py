"""The README.md of a bundle."""

import math
from collections.abc import Mapping

from simcse_core.data.opening import source_of
from simcse_core.encoding.saved import is_frozen
from simcse_core.learning.records import Finished
from simcse_core.plain import markdown
from simcse_core.runs.bundle_contents import Description
from simcse_core.runs.config import RunConfig
from simcse_core.runs.run import Run

USE = """from sentence_transformers import SentenceTransformer

model = SentenceTransformer({folder!r})
embeddings = model.encode(["A cat sleeps.", "A kitten naps."])
print(embeddings @ embeddings.T)
"""
USE_FROZEN = """from simcse_core import load

model = load({folder!r})
embeddings = model.encode(["A cat sleeps.", "A kitten naps."])
print(embeddings @ embeddings.T)
"""
README = """# {name}

A model trained with SimCSE Explorer {version}: loss {loss} on {data}, started from {start}.
{result}

## Use it

In this folder, unpacked:

```python
{code}```

{note}

## Train it again

```
{command}
```

{data_note}

Versions: {versions}.

## What is here

- `model/`: the trained model
- `config.json`: every setting; `metrics.jsonl`: one record a step, one for each measurement
- `items.json`: the result of each held-out item before and after; missing without held-out data
- `bundle.json`: the same facts for programs

`python -m simcse_core runs import FILE.zip`, or the page Runs, takes the bundle in.
"""


def python_use(folder: str, *, frozen: bool) -> str:
    """A few lines of Python that use a trained model.

    Args:
        folder: of the model.
        frozen: whether it is a head on a frozen model.
    """
    return (USE_FROZEN if frozen else USE).format(folder=folder)


def readme(run: Run, config: RunConfig, description: Description, finished: Finished) -> str:
    """The text of the bundle's README.md."""
    frozen = is_frozen(run.model)
    return README.format(
        name=markdown(" ".join(description.name.split())),
        version=markdown(description.versions.get("simcse_core", "")),
        loss=markdown(config.settings.loss),
        data=markdown(config.data),
        start=markdown(config.model if config.layer is None else f"{config.model}, layer {config.layer}"),
        result=_result(finished),
        code=python_use("model", frozen=frozen),
        note=_note(frozen),
        command=description.command,
        data_note=_data_note(config),
        versions=markdown(", ".join(f"{name} {number}" for name, number in description.versions.items())),
    )


def _result(finished: Finished) -> str:
    if finished.dev_before is None or finished.dev_after is None:
        return "It was not measured on held-out data."
    before, after = _shares(finished.dev_before), _shares(finished.dev_after)
    shown = [f"{markdown(name)} {before[name]:.4f} -> {after[name]:.4f}" for name in after if name in before]
    said = f"On held-out data, at the start and after training: {', '.join(shown)}."
    if finished.dev_as_it_comes is not None and finished.dev_as_it_comes != finished.dev_before:
        had = [f"{markdown(name)} {value:.4f}" for name, value in _shares(finished.dev_as_it_comes).items()]
        said += f" The base model as it comes: {', '.join(had)}."
    return said


def _shares(metrics: Mapping[str, float]) -> dict[str, float]:
    """Those that are defined, and no counts."""
    return {name: value for name, value in metrics.items() if isinstance(value, float) and not math.isnan(value)}


def _note(frozen: bool) -> str:
    if frozen:
        return (
            "sentence-transformers cannot load this model: it is a linear layer on a frozen encoder that only SimCSE "
            "Explorer brings. Run the lines above in the folder of SimCSE Explorer."
        )
    return "`simcse_core.load` takes the same folder and gives the same embeddings."


def _data_note(config: RunConfig) -> str:
    notes = []
    for name, flag, digest in (
        (config.data, "--data", config.data_sha256),
        (config.other_dev, "--dev", config.dev_sha256),
    ):
        if name and (source := source_of(name)) != "bundled":
            where = "is fetched from the hub" if source == "hub" else "is not in this bundle: name your own file"
            notes.append(f"The data of {flag} {where}; its rows must have this SHA-256: {markdown(digest)}.")
    if config.model_sha256:
        notes.append(
            f"The weights it started from, {markdown(config.model)}, have the SHA-256 {markdown(config.model_sha256)}."
        )
    notes += [
        markdown(f"Before that, run {stage.run} trained {stage.started_from} with {stage.loss} on {stage.data}.")
        for stage in config.stages
    ]
    return "\n".join(notes) or "The data comes with SimCSE Explorer."
