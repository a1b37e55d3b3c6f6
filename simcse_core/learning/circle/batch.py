"""A batch for the circle: where its points start, their classes, and which pairs match."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import InputError
from simcse_core.limits import limits

Targets = tuple[tuple[int, ...], ...]
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Batch:
    """N points on the unit circle. Everything in it is a plain number, so that equal batches hash alike."""

    angles: tuple[float, ...]
    """(N,) where the points start, in radians."""
    classes: tuple[int, ...]
    """(N,) the class of each, from 0 without gaps."""
    targets: Targets
    """(N, N): 1 match, -1 mismatch, 0 left out; the diagonal is 0."""

    @classmethod
    def of(cls, degrees: Sequence[float], classes: Sequence[int] | str) -> "Batch":
        """A batch whose targets follow from its classes.

        Args:
            degrees: (N,) where the points start.
            classes: (N,) numbers, or a letter for each point.
        """
        codes = {label: code for code, label in enumerate(dict.fromkeys(classes))}
        numbers = tuple(codes[label] for label in classes)
        return cls(tuple(math.radians(angle) for angle in degrees), numbers, targets_of(numbers))

    @property
    def points(self) -> NDArray[np.float64]:
        """(N, 2), of length 1."""
        return np.stack([np.cos(self.angles), np.sin(self.angles)], axis=1)

    def with_targets(self, targets: Sequence[Sequence[int]]) -> "Batch":
        """The same points with other targets; the diagonal stays 0."""
        without_diagonal = tuple(
            tuple(0 if row == column else int(value) for column, value in enumerate(values))
            for row, values in enumerate(targets)
        )
        return replace(self, targets=without_diagonal)


def targets_of(classes: Sequence[int]) -> Targets:
    """(N, N): same class 1, other class -1, diagonal 0."""
    return tuple(
        tuple(0 if row == column else 1 if label == classes[column] else -1 for column in range(len(classes)))
        for row, label in enumerate(classes)
    )


def names_of(classes: Sequence[int]) -> tuple[str, ...]:
    """A short name for each point: a letter for its class and its number in it, as in A1, A2, B1."""
    count: dict[int, int] = {}
    names = []
    for label in classes:
        count[label] = count.get(label, 0) + 1
        names.append(f"{LETTERS[label]}{count[label]}")
    return tuple(names)


PRESETS = {
    "three": Batch.of([15, 62, 110, 70, 100, 165, 150, 200, 235], "AAABBBCCC"),
    "two": Batch.of([20, 70, 110, 150, 45, 95, 130, 175], "AAAABBBB"),
    "close": Batch.of([60, 68, 82, 100, 64, 75, 90, 110], "AABBCCDD"),
    "look_alikes": Batch.of([0, 12, 6, 18, 120, 132, 126, 138, 240, 252, 246, 258], "AABBCCDDEEFF"),
    "astray": Batch.of([20, 35, 50, 215, 200, 230, 245, 260], "AAAABBBB"),
}
"""Batches to start from; the first is the default."""


@dataclass(frozen=True)
class LabelledTexts:
    """Sentences of a user, whose labels say which of them match."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    """One each, "" for a sentence without a label, which is a class by itself."""
    classes: tuple[int, ...]

    @property
    def has_matches(self) -> bool:
        return len(set(self.classes)) < len(self.classes)


def batch_from_lines(lines: Sequence[str]) -> LabelledTexts:
    """Read "label: sentence", one a line; a tab or a full-width colon separates as well.

    Raises:
        InputError: fewer than two sentences, more than the circle has room for, or a label without a sentence.
    """
    most = limits().max_circle_texts
    if not 2 <= len(lines) <= most:
        raise InputError(
            "{given} sentences: the circle takes 2 to {most} (SIMCSE_MAX_CIRCLE_TEXTS).", given=len(lines), most=most
        )
    labels, texts = zip(*(_parted(number, line) for number, line in enumerate(lines, start=1)), strict=True)
    keys = [label or f"\0{number}" for number, label in enumerate(labels)]
    codes = {key: code for code, key in enumerate(dict.fromkeys(keys))}
    return LabelledTexts(texts, labels, tuple(codes[key] for key in keys))


def _parted(number: int, line: str) -> tuple[str, str]:
    """The label and the sentence of a line."""
    if len(line) > limits().max_text_characters:
        raise InputError(
            "Text {number} has {given:,} characters: the limit is {most:,} (SIMCSE_MAX_TEXT_CHARACTERS). Split it into "
            "sentences, one a line.",
            number=number,
            given=len(line),
            most=limits().max_text_characters,
        )
    parts = re.split(r"[\t:：]", line, maxsplit=1)
    if len(parts) == 1:
        return "", line.strip()
    label, text = (part.strip() for part in parts)
    if not text:
        raise InputError(
            "Line {number} has the label {label!r} and no sentence. Write label: sentence.", number=number, label=label
        )
    return label, text


MOST_OFF = 0.15
"""By so much a cosine of sentences may differ on the circle; else it would show what is not so."""


@dataclass(frozen=True)
class Fit:
    """Sentences on the circle, and how well their cosines fit on it."""

    batch: Batch
    off: float
    """The largest difference between a cosine and its picture."""
    worst: tuple[int, int]
    """The two sentences whose cosine differs most."""
    cosines: NDArray[np.float64]
    """(N, N) of the embeddings."""

    @property
    def is_faithful(self) -> bool:
        """Whether no cosine is off by more than `MOST_OFF`."""
        return self.off <= MOST_OFF


def on_circle(labelled: LabelledTexts, embeddings: NDArray[np.float32]) -> Fit:
    """Sentences as points: the directions whose cosines come nearest to those of their embeddings.

    Hundreds of dimensions do not fit on a circle: two sentences keep their cosine, three unrelated ones cannot. Equal
    sentences of two classes are no mismatch.

    Args:
        labelled: N sentences.
        embeddings: (N, D) unit rows.
    """
    cosines = (embeddings @ embeddings.T).astype(np.float64)
    angles = _nearest_angles(cosines)
    targets = [
        [
            0 if labelled.texts[row] == labelled.texts[column] and value < 0 else value
            for column, value in enumerate(values)
        ]
        for row, values in enumerate(targets_of(labelled.classes))
    ]
    batch = Batch(tuple(map(float, angles)), labelled.classes, targets_of(labelled.classes)).with_targets(targets)
    off = np.abs(np.cos(angles[:, None] - angles) - cosines)
    row, column = sorted(map(int, np.unravel_index(np.argmax(off), off.shape)))
    return Fit(batch, float(off.max()), (row, column), cosines)


_POWER = 8
"""Of the differences, whose sum is made small: so high that the largest decides."""
_STARTS = 8


def _nearest_angles(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) radians at which the largest difference is small: the best of some descents, the first from a 2-D PCA."""
    from scipy.optimize import minimize

    def misfit(angles: NDArray[np.float64], power: int) -> tuple[float, NDArray[np.float64]]:
        apart = angles[:, None] - angles
        off = np.cos(apart) - cosines
        return float((off**power).sum()), -2 * power * (off ** (power - 1) * np.sin(apart)).sum(axis=1)

    sizes, directions = np.linalg.eigh(cosines)
    flat = directions[:, -2:] * np.sqrt(np.maximum(sizes[-2:], 0))
    chance = np.random.default_rng(0)
    starts = [np.arctan2(flat[:, 0], flat[:, 1]), *chance.uniform(0, 2 * math.pi, (_STARTS - 1, len(cosines)))]
    ends = []
    for angles in starts:
        end = angles
        for power in (2, _POWER):
            end = minimize(misfit, end, args=(power,), jac=True, method="BFGS").x
        ends.append(end)
    best = min(ends, key=lambda angles: np.abs(np.cos(angles[:, None] - angles) - cosines).max())
    turned: NDArray[np.float64] = best - best[0] + math.pi / 2  # the first sentence stands at the top
    return turned
