"""A NumPy file as a matrix; nothing in it is ever run."""

import math
from io import BytesIO
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from simcse_core.data.vectors.unit_rows import check_shape
from simcse_core.errors import DataError

_MAGIC = b"\x93NUMPY"
_KINDS = "fiu"
"""Types of numbers that vectors may have: floating-point, and whole ones, as of quantised embeddings."""


def npy_matrix(source: bytes | Path, name: str, most: int) -> NDArray[Any]:
    """The array of a NumPy file, which stays on the disk where it lies there.

    Args:
        source: the file, or its content.
        name: of the file, for messages.
        most: rows at most.

    Raises:
        DataError: it is none, holds something else than real numbers, is cut off, or has no shape (N, D).
    """
    with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        shape, dtype = _header(file, name)
        if dtype.hasobject:
            raise DataError(
                "{file} holds Python objects (pickle), which are never loaded: they could run any code. Save the "
                "array as numbers: numpy.save(file, array.astype('float32')).",
                file=name,
            )
        if dtype.kind not in _KINDS:
            raise DataError(
                "{file} holds {kind}, not real numbers. Save the vectors as float32.", file=name, kind=dtype
            )
        check_shape(shape, name, most)
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        if size - file.tell() < math.prod(shape) * dtype.itemsize:
            raise DataError("{file} is cut off: it names {rows:,} rows and holds fewer.", file=name, rows=shape[0])
        if isinstance(source, Path):
            return np.load(source, mmap_mode="r", allow_pickle=False)
        file.seek(0)
        return np.load(file, allow_pickle=False)


def _header(file: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    beginning = file.read(len(_MAGIC))
    file.seek(0)
    if beginning[:2] == b"PK":
        raise DataError("{file} is a NumPy archive (.npz). Save the one array in it with numpy.save.", file=name)
    if beginning != _MAGIC:
        raise DataError(
            "{file} is no NumPy file. Save the array with numpy.save(file, array); a pickle is never loaded.", file=name
        )
    try:
        version = npy.read_magic(file)
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _fortran, dtype = read(file)
    except (ValueError, SyntaxError, TokenError, RecursionError, OverflowError) as error:  # the header is Python's text
        reason = str(error).strip().partition("\n")[0]
        raise DataError("{file} is no NumPy file that can be read: {reason}", file=name, reason=reason) from error
    return shape, dtype
