"""A plot as bytes for the browser, in pieces that are sent again only when they change.

A hundred thousand points in two layouts take 1.2 MB: two bytes a coordinate, one for the colour.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ui.map.plot.model import Bools, Layout, Plot

PART_BYTES = 6_000_000
"""Of a piece in one message: proxies cut a connection that sends more than eight or ten million at once."""
TEXTS_UP_TO = 1_000_000
"""So many bytes of texts go with the points; more are asked for as they are looked at."""
SHORT = 100
"""Characters of a text that are shown whatever happens."""
STEPS = 65_535
UNKNOWN = 255


@dataclass(frozen=True, eq=False)
class Frame:
    """From a layout's coordinates to the unit square or cube, with the same scale along each axis."""

    middle: NDArray[np.float64]
    span: float

    @classmethod
    def of(cls, *points: NDArray[np.float32]) -> "Frame":
        """That holds all these points."""
        dimensions = max(each.shape[1] for each in points)
        filled = [np.pad(each, ((0, 0), (0, dimensions - each.shape[1]))) for each in points if len(each)]
        if not filled:
            return cls(np.zeros(dimensions), 1.0)
        low, high = np.min([each.min(0) for each in filled], axis=0), np.max([each.max(0) for each in filled], axis=0)
        span = float((high.astype(np.float64) - low).max())
        return cls((low.astype(np.float64) + high) / 2, span if span > 0 else 1.0)

    def units(self, points: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """(N, D) in the frame; the points that it was made of are in [0, 1]."""
        return (np.asarray(points, dtype=np.float64) - self.middle[: points.shape[1]]) / self.span + 0.5


def frames(plot: Plot) -> tuple[Frame, ...]:
    """One for each layout. Steps share theirs: what moves between them has moved."""
    if plot.steps:
        return (Frame.of(*(layout.points for layout in plot.layouts)),) * len(plot.layouts)
    return tuple(Frame.of(layout.points) for layout in plot.layouts)


@dataclass(frozen=True)
class Array:
    """A piece with its name; the browser keeps it by its digest."""

    name: str
    data: bytes
    digest: str

    @classmethod
    def of(cls, name: str, data: bytes) -> "Array":
        return cls(name, data, hashlib.sha256(data).hexdigest()[:32])

    def parts(self, key: str) -> Iterator[bytes]:
        """Messages for frontend/part.js: four bytes with the length of the header, the header as JSON, a part."""
        starts = range(0, max(1, len(self.data)), PART_BYTES)
        for number, start in enumerate(starts):
            header = {"key": key, "name": self.name, "digest": self.digest, "number": number, "count": len(starts)}
            head = json.dumps(header).encode("ascii")
            yield b"".join((len(head).to_bytes(4, "little"), head, self.data[start : start + PART_BYTES]))


def places(layout: Layout, frame: Frame) -> bytes:
    """Two bytes a coordinate, point by point, little-endian."""
    return np.rint(frame.units(layout.points).clip(0, 1) * STEPS).astype("<u2").tobytes()


def groups(plot: Plot) -> bytes:
    """Two bytes a text, 65,535 for no group; nothing where there are no groups."""
    if plot.groups is None:
        return b""
    values = np.asarray(plot.groups)
    return np.where((values < 0) | (values >= STEPS), STEPS, values).astype("<u2").tobytes()


def kept(plot: Plot) -> bytes:
    """The share of neighbours kept, a byte a text: round(share * 254), 255 where it is not known."""
    if plot.unsure is None:
        return b""
    shares = np.rint(np.asarray(plot.unsure, dtype=np.float64).clip(0, 1) * (UNKNOWN - 1))
    return np.where(np.isnan(shares), UNKNOWN, shares).astype(np.uint8).tobytes()


def bits(mask: Bools | None) -> bytes:
    """A bit a text, the first is the lowest of the first byte; nothing for none."""
    return b"" if mask is None else np.packbits(np.asarray(mask, dtype=bool), bitorder="little").tobytes()


def mask_of(data: bytes, count: int) -> Bools | None:
    """`bits` back as (N,); None for another length."""
    if len(data) != -(-count // 8):
        return None
    return np.unpackbits(np.frombuffer(data, dtype=np.uint8), count=count, bitorder="little").astype(bool)


def columns(labels: Mapping[str, Sequence[str]], shown: Callable[[str], str], most: int) -> bytes:
    """Cells by their column as JSON, each only once; nothing where that has more bytes than `most`."""
    packed = {}
    for name, cells in labels.items():
        distinct = {cell: place for place, cell in enumerate(dict.fromkeys(cells))}
        packed[shown(name)] = {"cells": list(map(shown, distinct)), "rows": [distinct[cell] for cell in cells]}
    data = json.dumps(packed, ensure_ascii=False).encode("utf-8", "replace") if packed else b""
    return data if len(data) <= most else b""


def texts(all_texts: Sequence[str], shown: Callable[[str], str], most: int) -> bytes:
    """The texts as they are shown, as JSON; nothing where that has more bytes than `most`."""
    if sum(min(len(text), SHORT) for text in all_texts) > most:
        return b""
    data = json.dumps([shown(text) for text in all_texts], ensure_ascii=False).encode("utf-8", "replace")
    return data if len(data) <= most else b""
