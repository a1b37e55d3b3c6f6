"""The README.md of a bundle."""

import math
from collections.abc import Mapping
from pathlib import Path

from simcse_core.data.opening import source_of
from simcse_core.encoding.bases import read_base
from simcse_core.encoding.saved import is_frozen
from simcse_core.learning.records import Finished
from simcse_core.plain import markdown
from simcse_core.runs.bundle_contents import Description
from simcse_core.runs.config import RunConfig

USE = """from sentence_transformers import SentenceTransformer

model = SentenceTransformer({folder!r})
embeddings = model.encode(["A cat sleeps.", "A kitten naps."])
print(embeddings @ embeddings.T)
"""
USE_HERE = """from simcse_core import load

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


def python_use(folder: str, *, complete: bool) -> str:
    """A few lines of Python that use a trained model.

    Args:
        folder: of the model.
        complete: whether sentence-transformers loads it.
    """
    return (USE if complete else USE_HERE).format(folder=folder)


def readme(model: Path, config: RunConfig, description: Description, finished: Finished) -> str:
    """The text of the bundle's README.md; `model` is the folder that it carries."""
    frozen, base = is_frozen(model), read_base(model, description.run)
    return README.format(
        name=markdown(" ".join(description.name.split())),
        version=markdown(description.versions.get("simcse_core", "")),
        loss=markdown(config.settings.loss),
        data=markdown(config.data),
        start=markdown(config.model if config.layer is None else f"{config.model}, layer {config.layer}"),
        result=_result(finished),
        code=python_use("model", complete=not frozen and base is None),
        note=_note(frozen, None if base is None else base.base),
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


def _note(frozen: bool, base: str | None) -> str:
    if frozen:
        return (
            "sentence-transformers cannot load this model: it is a linear layer on a frozen encoder that only SimCSE "
            "Explorer brings. Run the lines above in the folder of SimCSE Explorer."
        )
    if base is not None:
        return (
            f"The folder holds only what training has changed; the rest is {markdown(base)}, which has to be on the "
            "machine. `python -m simcse_core models export model --output whole` makes a complete folder, which "
            "sentence-transformers loads."
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
