"""Rows of numbers to unit rows, or why they cannot become ones."""

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError
from simcse_core.meaning.similarity import are_all_equal

UNIT = 1e-3
"""A length that differs from 1 by less is 1."""


def check_shape(shape: tuple[int, ...], name: str, most: int) -> None:
    """Refuse what is no matrix, has no rows, or too many.

    Raises:
        DataError: names the shape, or the limit.
    """
    if len(shape) != 2 or shape[1] < 2:
        raise DataError(
            "{file} has the shape {shape}: it has to be (texts, dimensions), a row for each text and at least 2 "
            "dimensions.",
            file=name,
            shape=shape,
        )
    if not shape[0]:
        raise DataError("{file} has no rows.", file=name)
    if shape[0] > most:
        raise DataError(
            "{file} has {given:,} vectors: the limit is {most:,} (SIMCSE_MAX_MAP_POINTS). Take a sample of them.",
            file=name,
            given=shape[0],
            most=most,
        )


class UnitRows:
    """Collects rows of any length, part by part, as unit rows.

    Args:
        name: of the file that they come from, for messages.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[Embeddings] = []
        self.count = 0
        """Rows so far."""
        self.were_unit = True
        """Whether all of them had a length of 1 already."""

    def add(self, part: NDArray[np.float64]) -> None:
        """Add rows.

        Args:
            part: (n, D); it is not changed.

        Raises:
            DataError: a row has a value that is no number, or a length of 0.
        """
        self._check(part)
        largest = np.abs(part).max(axis=1, keepdims=True)
        scaled = part / largest  # squares of the largest numbers would be infinite
        lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
        self._parts.append((scaled / lengths).astype(np.float32))
        self.count += len(part)
        with np.errstate(over="ignore"):
            self.were_unit &= bool((np.abs(largest * lengths - 1) <= UNIT).all())

    def joined(self) -> Embeddings:
        """(N, D) all of them.

        Raises:
            DataError: there are several and all are the same.
        """
        rows = np.concatenate(self._parts)
        if len(rows) > 1 and are_all_equal(rows):
            raise DataError(
                "All {given:,} vectors of {file} point in one direction, so there is nothing to compare. Look at what "
                "wrote the file.",
                file=self._name,
                given=len(rows),
            )
        return rows

    def _check(self, part: NDArray[np.float64]) -> None:
        finite = np.isfinite(part)
        wrong = np.flatnonzero(~finite.all(axis=1) | ~part.any(axis=1))
        if not len(wrong):
            return
        row, number = wrong[0], self.count + int(wrong[0]) + 1
        if finite[row].all():
            raise DataError(
                "{file}, row {row}: all dimensions are 0, so the vector has no direction. Leave the row out or compute "
                "it anew.",
                file=self._name,
                row=number,
            )
        place = int(np.flatnonzero(~finite[row])[0])
        raise DataError(
            "{file}, row {row}: dimension {place} is {value}, which is no number. Leave the row out or compute "
            "it anew.",
            file=self._name,
            row=number,
            place=place + 1,
            value=part[row, place],
        )
