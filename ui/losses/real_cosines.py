"""Sentences that do not fit on a circle, shown as what they are: their cosines."""

import numpy as np

from simcse_core.learning.circle import names_of
from ui.frame.translation import _
from ui.losses.inputs import TypedStart
from ui.shared import heatmap


def show(typed: TypedStart) -> None:
    """The matrix of their cosines, in the figure's place."""
    names = names_of(typed.sentences.classes)
    texts = [f"{name} {text}" for name, text in zip(names, typed.sentences.texts, strict=True)]
    alt = _("The cosines of the sentences as a matrix")
    heatmap.figure(typed.fit.cosines.astype(np.float32), texts, key="circle-cosines", alt=alt)
