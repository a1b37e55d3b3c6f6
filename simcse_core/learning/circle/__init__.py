"""Losses without a model: a few labelled points on a circle that move as a loss pushes them.

`batch` says where points start and what matches, `forms` makes of them what a loss is called with, `motion` moves
them, `cells` takes a batch apart cell by cell, and `failures` makes mistakes on purpose. Importing them loads no torch;
moving points does.
"""

from simcse_core.learning.circle.batch import MOST_OFF, PRESETS, Batch, Fit, batch_from_lines, names_of, on_circle
from simcse_core.learning.circle.cells import Cells, cells
from simcse_core.learning.circle.failures import FAILURES, Failure, Panel
from simcse_core.learning.circle.forms import form_for
from simcse_core.learning.circle.motion import Motion, move

__all__ = [
    "FAILURES",
    "MOST_OFF",
    "PRESETS",
    "Batch",
    "Cells",
    "Failure",
    "Fit",
    "Motion",
    "Panel",
    "batch_from_lines",
    "cells",
    "form_for",
    "move",
    "names_of",
    "on_circle",
]
