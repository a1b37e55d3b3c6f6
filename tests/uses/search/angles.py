"""An encoder whose cosines one can work out by hand: the number at the end of a text is an angle in degrees."""

from collections.abc import Sequence
from typing import Self, cast

import numpy as np

from simcse_core.encoding.protocol import Trainable
from simcse_core.encoding.texts import Embeddings, Progress, TextCheck
from simcse_core.uses.search.encoders import Sides


class Angles:
    """(N, 2): the direction of each text."""

    name = "angles"
    dim = 2

    def configured(self, **_settings: object) -> Self:
        return self

    def check(self, texts: Sequence[str]) -> TextCheck:
        return TextCheck()

    def encode(
        self, texts: Sequence[str], *, precision: str = "float32", on_progress: Progress | None = None
    ) -> Embeddings:
        angles = np.radians([float(text.split()[-1]) for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def angles() -> Trainable:
    return cast(Trainable, Angles())


def both_sides() -> Sides:
    return Sides(angles(), angles())


def cosine(degrees: float) -> float:
    """In six decimals."""
    return float(np.round(np.cos(np.radians(degrees)), 6))
