"""Embeddings of one's own."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from simcse_core.data.vectors import read_vectors
from simcse_core.errors import DataError
from tests.meaning.test_evaluation import unit_rows


def npy(array: NDArray[Any], **how: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


def table(**columns: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f4", "int8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_real_numbers_become_float32_unit_rows(dtype: str, order: Any) -> None:
    rows = np.asarray(10 * unit_rows(0, 6, 5), dtype=dtype, order=order)
    found = read_vectors(npy(rows), "v.npy")
    expected = rows.astype(np.float64) / np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    np.testing.assert_allclose(found.embeddings, expected, atol=1e-6)
    assert found.embeddings.dtype == np.float32
    assert not found.were_unit
    assert found.texts is None


def test_a_file_on_the_disk_is_read_as_its_bytes_are(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", unit_rows(1, 30, 8))
    found = read_vectors(tmp_path / "v.npy", "v.npy")
    np.testing.assert_array_equal(found.embeddings, read_vectors((tmp_path / "v.npy").read_bytes(), "v.npy").embeddings)
    assert found.were_unit


def test_the_largest_and_the_smallest_numbers_have_a_direction_too() -> None:
    found = read_vectors(npy(np.array([[3e300, 4e300], [3e-300, -4e-300]])), "v.npy")
    np.testing.assert_allclose(found.embeddings, [[0.6, 0.8], [0.6, -0.8]], rtol=1e-6)


def with_row(value: Any, row: int = 2) -> NDArray[Any]:
    rows = unit_rows(2, 5, 3).copy()
    rows[row] = value
    return rows


class Bomb:
    def __reduce__(self) -> Any:
        raise AssertionError("a pickle was loaded")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy(with_row([0.1, np.nan, 0.2])), "v.npy, row 3: dimension 2 is nan, which is no number"),
        (npy(with_row([0.1, 0.2, -np.inf])), "v.npy, row 3: dimension 3 is -inf"),
        (npy(with_row(0.0, 4)), "v.npy, row 5: all dimensions are 0, so the vector has no direction"),
        (npy(np.full((4, 3), 0.5)), "All 4 vectors of v.npy point in one direction"),
        (npy(np.outer([1.0, 2.0, 3.0], np.ones(4))), "All 3 vectors of v.npy point in one direction"),
        (npy(np.ones(5)), r"v.npy has the shape \(5,\)"),
        (npy(np.ones((2, 3, 4))), r"v.npy has the shape \(2, 3, 4\)"),
        (npy(np.ones((5, 1))), r"v.npy has the shape \(5, 1\)"),
        (npy(np.ones((0, 4))), "v.npy has no rows"),
        (npy(np.ones((3, 2), dtype=complex)), "v.npy holds complex128, not real numbers"),
        (npy(np.ones((3, 2), dtype=bool)), "v.npy holds bool, not real numbers"),
        (npy(np.array([["a", "b"]])), "not real numbers"),
        (npy(np.array([[1.0, None]], dtype=object), allow_pickle=True), "holds Python objects"),
        (npy(unit_rows(3, 9, 4))[:-20], "v.npy is cut off: it names 9 rows"),
        (b"\x80\x04K\x01.", "v.npy is no NumPy file.*a pickle is never loaded"),
        (b"", "v.npy is no NumPy file"),
        (b"\x93NUMPY\x01\x00\x10\x00{'descr': evil()}", "v.npy is no NumPy file that can be read"),
        (b"PK\x03\x04rest", "NumPy archive"),
    ],
)
def test_what_is_no_matrix_of_vectors_is_refused_in_words(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_vectors(content, "v.npy")


def test_no_memory_is_taken_for_rows_that_a_file_only_claims_to_have() -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (90_000, 10**9)})
    with pytest.raises(DataError, match="cut off"):
        read_vectors(header.getvalue(), "v.npy")


def test_more_than_the_limit_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_MAP_POINTS", "4")
    for content, name in ((npy(unit_rows(4, 5, 3)), "v.npy"), (table(v=unit_rows(4, 5, 3).tolist()), "v.parquet")):
        with pytest.raises(DataError, match=r"5 vectors: the limit is 4 \(SIMCSE_MAX_MAP_POINTS\)"):
            read_vectors(content, name)


def test_another_ending_is_refused() -> None:
    with pytest.raises(DataError, match=r"ends in neither .npy nor .parquet"):
        read_vectors(b"", "v.csv")


@pytest.mark.parametrize(
    "kind",
    [
        pyarrow.list_(pyarrow.float32()),
        pyarrow.large_list(pyarrow.float64()),
        pyarrow.list_(pyarrow.float16(), 4),
        pyarrow.list_(pyarrow.float32(), 4),
    ],
    ids=str,
)
def test_a_parquet_table_gives_vectors_texts_and_plain_columns(kind: Any) -> None:
    rows = unit_rows(5, 2_500, 4)
    column = pyarrow.array([row.astype(np.float16) if "half" in str(kind) else row for row in rows], kind)
    texts = [f"text {row}" for row in range(2_500)]
    content = table(Text=texts, emb=column, label=["a"] * 2_500, near=[{"ids": [1]}] * 2_500)
    found = read_vectors(content, "v.parquet")
    np.testing.assert_allclose(found.embeddings, rows, atol=2e-3)
    assert found.texts == tuple(texts)
    assert list(found.columns) == ["label"]


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([[1.0, 0.0], [0.0, 1.0], [1.0]], "row 3: 'v' has 1 dimensions, the rows before have 2"),
        ([[1.0, 0.0], None], "row 2: 'v' is empty"),
        ([[], [1.0]], "row 1: 'v' is empty"),
        ([None, [1.0, 0.0]], "row 1: 'v' is empty"),
        ([[1.0, 0.0], [None, 1.0]], "row 2: dimension 1 is nan"),
        ([[1.0, 0.0], [0.0, 0.0]], "row 2: all dimensions are 0"),
        (["a", "b"], "no column of vectors, lists of numbers: its columns are text, v"),
    ],
)
def test_a_row_of_a_table_that_is_no_vector_is_named(vectors: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_vectors(table(text=["a", "b", "c"][: len(vectors)], v=vectors), "v.parquet")


def test_which_column_is_which_can_be_said_and_is_asked_for() -> None:
    content = table(utterance=["a", "b"], one=[[1.0, 0.0], [0.0, 1.0]], two=[[0.0, 1.0], [1.0, 0.0]])
    with pytest.raises(DataError, match="several columns of vectors: one, two"):
        read_vectors(content, "v.parquet")
    found = read_vectors(content, "v.parquet", columns={"text": "Utterance", "vector": "two"})
    assert (found.texts, found.embeddings.tolist()) == (("a", "b"), [[0.0, 1.0], [1.0, 0.0]])
    for columns in ({"vector": "three"}, {"vector": "one", "text": "words"}):
        with pytest.raises(DataError, match=r"no column '(three|words)'"):
            read_vectors(content, "v.parquet", columns=columns)


def test_a_text_that_nobody_can_see_is_named_with_its_row() -> None:
    content = table(text=["a", "\u200b\u200b"], v=[[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(DataError, match="row 2: 'text' is empty"):
        read_vectors(content, "v.parquet")


def test_what_is_no_parquet_table_is_refused() -> None:
    with pytest.raises(DataError, match="not a table that can be read"):
        read_vectors(b"PAR1 not really", "v.parquet")
