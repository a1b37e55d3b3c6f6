"""Encoders whose similarities are written by hand, for tests in which the encoder is not the point."""

from collections.abc import Callable, Iterable

import numpy as np

from simcse_core.encoding.texts import Embeddings, TextCheck

DIRECTIONS = {"open": 0, "nine": 0, "where": 1, "harbour": 1, "price": 2, "coins": 3}


class Words:
    """Encodes a text as the mean of the directions of the words that it has."""

    name = "words"
    dim = 5

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def configured(self, **_settings: object) -> "Words":
        return self

    def check(self, texts: Iterable[str]) -> TextCheck:
        return TextCheck()

    def encode(
        self,
        texts: Iterable[str],
        *,
        precision: str = "float32",
        on_check: object = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Embeddings:
        texts = list(texts)
        self.encoded += texts
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.lower().replace("?", "").replace(".", "").split():
                row[DIRECTIONS.get(word, 4)] += 1
        if on_progress is not None:
            on_progress(len(texts), len(texts))
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class Angles:
    """A text is the direction of the number in it, in degrees, times a factor, with some noise."""

    def __init__(self, name: str = "angles", noise: float = 0.0, unreadable: str = "?") -> None:
        self.name, self.noise, self.unreadable = name, noise, unreadable

    def configured(self, **_settings: object) -> "Angles":
        return self

    def check(self, texts: Iterable[str]) -> TextCheck:
        return TextCheck()

    def encode(
        self,
        texts: Iterable[str],
        *,
        precision: str = "float32",
        on_check: Callable[[TextCheck], None] | None = None,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Embeddings:
        texts = list(texts)
        random = np.random.default_rng(0)
        angles = np.deg2rad([float(text.split()[-1]) for text in texts]) + self.noise * random.normal(size=len(texts))
        if on_check is not None:
            on_check(TextCheck(unreadable=tuple(n for n, text in enumerate(texts) if self.unreadable in text)))
        if on_progress is not None:
            on_progress(len(texts), len(texts))
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
