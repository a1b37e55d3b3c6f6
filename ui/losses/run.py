"""A loss on a batch, computed once for everybody who looks at the same; what a page begins with is stored."""

import hashlib
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.learning.circle import PRESETS, Batch, Cells, Motion, cells, form_for, move
from simcse_core.learning.circle.cells import PARTS
from simcse_core.learning.circle.forms import Views
from simcse_core.learning.losses import losses
from ui.frame.translation import _
from ui.losses.view import Setting, Shown
from ui.shared.colors import of_loss
from ui.shared.stored import FOLDER

FIRST = ("bce", "cross_entropy", "triplet")
"""The losses that the page begins with. They are stored, so that it paints before torch has loaded."""
MOST_CACHED = 200
"""Circles; each has about 300 kB."""

_STORED = FOLDER / "circles.npz"
_MOTION = ("points", "losses", "gradients")
_CELLS = ("cosines", "gradients")

Options = tuple[tuple[str, Any], ...]


def run(name: str, batch: Batch, options: Mapping[str, Any], settings: tuple[Setting, ...] = ()) -> Shown:
    """A circle of the page Losses, with the settings that stand beside it.

    Raises:
        OptionError: the loss or an option does not exist.
    """
    checked = tuple(sorted(losses[name].with_options(options).items()))
    computed = stored(name, batch, checked)
    if computed is None:
        with loading():
            computed = motion_and_cells(name, batch, checked)
    motion, matrices = computed
    pairs = matrices.targets.shape == (len(batch.classes),) * 2
    clickable = pairs and not isinstance(form_for(losses[name], batch), Views)
    return Shown(
        id=name,
        title=name,
        color=of_loss(name),
        motion=motion,
        cells=matrices,
        settings=settings,
        about=_(losses[name].summary),
        editable=clickable,
    )


def loading() -> AbstractContextManager[None]:
    """Names the wait for the first computation of a server, which loads torch; the others take milliseconds."""
    return nullcontext() if "torch" in sys.modules else st.spinner(_("Loading PyTorch, once for everybody …"))


@st.cache_resource(max_entries=MOST_CACHED, show_spinner=False)
def motion_and_cells(name: str, batch: Batch, options: Options) -> tuple[Motion, Cells]:
    return compute(name, batch, options)


def compute(name: str, batch: Batch, options: Options) -> tuple[Motion, Cells]:
    """All frames of a loss with its matrices."""
    loss, form = losses[name], form_for(losses[name], batch)
    motion = move(loss, batch, dict(options), form=form)
    return motion, cells(loss, form, motion, dict(options))


def stored(name: str, batch: Batch, options: Options) -> tuple[Motion, Cells] | None:
    """The same from the file, if it is there; to six digits."""
    key = _key(name, batch, options)
    arrays = _arrays()
    if f"{key}/points" not in arrays:
        return None

    def read(part: str) -> NDArray[np.float64]:
        return arrays[f"{key}/{part}"].astype(np.float64)

    prefix = f"{key}/learned/"
    learned = {part.removeprefix(prefix): arrays[part].astype(np.float64) for part in arrays if part.startswith(prefix)}
    motion = Motion(read("points"), read("losses"), read("gradients"), truth=batch.targets, learned=learned)
    parts = {part: read(f"parts/{part}") for part in PARTS if f"{key}/parts/{part}" in arrays}
    targets = np.array(form_for(losses[name], batch).targets)
    return motion, Cells(targets, read("cells/cosines"), read("cells/gradients"), **parts)


def store_first() -> None:
    """Write the file: what the page begins with."""
    arrays: dict[str, NDArray[np.float32]] = {}
    batch = next(iter(PRESETS.values()))
    for name in FIRST:
        options = tuple(sorted(losses[name].with_options({}).items()))
        motion, matrices = compute(name, batch, options)
        parts = {f"parts/{part}": getattr(matrices, part) for part in PARTS}
        values = {part: getattr(motion, part) for part in _MOTION}
        values |= {f"cells/{part}": getattr(matrices, part) for part in _CELLS}
        learned = {f"learned/{part}": value for part, value in motion.learned.items()}
        for part, value in {**values, **parts, **learned}.items():
            if value is not None:
                arrays[f"{_key(name, batch, options)}/{part}"] = value.astype(np.float32)
    np.savez_compressed(_STORED, allow_pickle=False, **arrays)


def _key(name: str, batch: Batch, options: Options) -> str:
    return f"{name}-{hashlib.sha256(repr((batch, options)).encode()).hexdigest()[:16]}"


@cache
def _arrays() -> dict[str, NDArray[np.float32]]:
    if not _STORED.exists():  # it is computed, a little later
        return {}
    with np.load(_STORED, allow_pickle=False) as file:
        return dict(file)
