"""Labelled texts whose embeddings lie around a direction for each class, without any model."""

from typing import Any

import numpy as np

from simcse_core.encoding.texts import Embeddings
from simcse_core.uses.classification import Examples

WORDS = ("apple", "brick", "cloud", "drum", "eagle")
DIM = 16


def embeddings_of(codes: list[int], noise: float, seed: int = 0) -> Embeddings:
    """(N, D) unit rows: the axis of each code, with noise."""
    rows = np.eye(DIM)[codes] + np.random.default_rng(seed).normal(0, noise, (len(codes), DIM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def clusters(classes: int = 3, each: int = 20, *, noise: float = 0.1, seed: int = 0) -> Examples:
    """So many texts of so many classes, in turn; a text holds the name of its class and a number."""
    codes = [place % classes for place in range(classes * each)]
    texts = [f"{WORDS[code]} number {place}" for place, code in enumerate(codes)]
    return Examples.of(texts, [WORDS[code] for code in codes], embeddings_of(codes, noise, seed))


def axes(turn: int = 0) -> Any:
    """An encoder that gives each text the axis of the word in it; with a turn it is another one."""
    return _Axes(turn)


class _Axes:
    """An encoder that gives each text the axis of the word in it, so that tests need no model."""

    name = "axes"
    layers = None
    head = None
    dim = DIM

    def __init__(self, turn: int = 0) -> None:
        self.turn = turn

    def encode(self, texts: object, **_options: object) -> Embeddings:
        rows = [self._row(text) for text in texts]  # type: ignore[attr-defined]
        return np.asarray(rows, dtype=np.float32).reshape(-1, DIM)

    def _row(self, text: str) -> np.ndarray:
        place = next((place for place, word in enumerate(WORDS) if word in text), DIM - 1)
        row = np.eye(DIM)[(place + self.turn) % DIM] + 0.01 * (len(text) % 7)
        return np.asarray(row / np.linalg.norm(row))
