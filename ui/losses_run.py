"""A loss on a batch, computed once for everybody who looks at the same."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from simcse_core.learning.circle import Batch, Cells, Motion, cells, form_for, move
from simcse_core.learning.circle.motion import Views
from simcse_core.learning.losses import losses
from ui.colors import of_loss
from ui.losses_view import Shown

KEPT = 200
"""Runs; each has about 300 kB."""


def run(name: str, batch: Batch, options: Mapping[str, Any]) -> Shown:
    """A circle of the page Losses.

    Raises:
        OptionError: the loss or an option does not exist.
    """
    motion, found = _computed(name, batch, tuple(sorted(options.items())))
    clickable = found.targets.shape == (len(batch.classes),) * 2 and not isinstance(
        form_for(losses[name], batch), Views
    )
    return Shown(id=name, title=name, color=of_loss(name), motion=motion, cells=found, editable=clickable)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _computed(name: str, batch: Batch, options: tuple[tuple[str, Any], ...]) -> tuple[Motion, Cells]:
    loss, form = losses[name], form_for(losses[name], batch)
    motion = move(loss, batch, dict(options), form=form)
    return motion, cells(loss, form, motion, dict(options))
