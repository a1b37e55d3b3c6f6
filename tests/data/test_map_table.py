"""A map as a table. What a Parquet file holds is tested with the command `project`."""

import csv
import io

import numpy as np

from simcse_core.data.map_table import MapTable
from tests.hostile import NAMES


def test_no_cell_of_a_csv_file_is_a_formula_or_spills_into_another() -> None:
    points = np.zeros((len(NAMES), 2), dtype=np.float32)
    table = MapTable(points, NAMES, {"=column": NAMES, "text": NAMES}, np.zeros(len(NAMES), np.int32), ["=name"])
    rows = list(csv.reader(io.StringIO(table.to_csv(), newline="")))
    assert rows[0] == ["x", "y", "text", "group", "group_name", "'=column", "text_"]
    assert {len(row) for row in rows} == {7}
    assert not any(cell.startswith(("=", "@")) for row in rows for cell in row)


def test_texts_in_no_group_have_an_empty_cell() -> None:
    table = MapTable(np.zeros((2, 2), np.float32), ["a", "b"], groups=np.array([-1, 0], np.int32), group_names=["n"])
    assert table.to_csv().splitlines()[1:] == ['0.0,0.0,"a","",""', '0.0,0.0,"b",0,"n"']
