"""The command `project`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pyarrow import parquet

from tests.commands.conftest import Command
from tests.meaning.groups.test_clusters import blobs


def texts_file(folder: Path, count: int) -> Path:
    file = folder / "in.txt"
    file.write_text("\n".join(f"=text {number}" for number in range(count)))
    return file


def vectors_file(folder: Path, rows: NDArray[Any]) -> Path:
    np.save(folder / "vectors.npy", rows)
    return folder / "vectors.npy"


def test_project_writes_points_and_trustworthiness(run: Command, tmp_path: Path) -> None:
    file = texts_file(tmp_path, 8)
    status, out, _err = run("project", "--input", file, "--output", tmp_path / "out.csv", "--format", "json")
    assert status == 0
    answer = json.loads(out)
    assert 0 <= answer["trustworthiness"] <= 1
    assert (answer["n"], answer["dim"], answer["notes"]) == (8, 384, [])
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table.columns) == ["x", "y", "text"]
    assert table["text"][0] == "'=text 0"


def test_parquet_has_what_embedding_atlas_reads_and_the_columns_of_the_input(run: Command, tmp_path: Path) -> None:
    """Places as numbers; for each text the rows of its neighbours, from 0, with their distances, nearest first."""
    embeddings, of = blobs([20, 20])
    rows = [f'"{"apple pie" if group else "night train"} {row}",{row},{group}' for row, group in enumerate(of)]
    (tmp_path / "in.csv").write_text("\n".join(["text,x,kind", *rows]))
    vectors = vectors_file(tmp_path, embeddings)
    arguments = ("--input", tmp_path / "in.csv", "--embeddings", vectors, "--output", tmp_path / "out.parquet")
    status, out, _err = run("project", *arguments, "--dimensions", "3", "--groups", "--format", "json")
    assert status == 0
    answer = json.loads(out)
    assert (answer["model"], answer["in_no_group"]) == (None, 0)
    assert sorted(group["name"] for group in answer["groups"]) == ["apple pie", "night train"]
    table = parquet.read_table(tmp_path / "out.parquet")
    assert table.column_names == ["x", "y", "z", "text", "neighbors", "group", "group_name", "x_", "kind"]
    assert [str(table.schema.field(name).type) for name in ("x", "text", "x_")] == ["float", "string", "int64"]
    frame = pd.read_parquet(tmp_path / "out.parquet")
    cosines = embeddings @ embeddings.T
    for row, near in enumerate(frame["neighbors"]):
        assert set(near) == {"ids", "distances"}
        assert row not in near["ids"]
        np.testing.assert_allclose(near["distances"], 1 - cosines[row, near["ids"]], atol=2e-6)
        assert (np.diff(near["distances"]) >= 0).all()
    assert frame["x_"].tolist() == list(range(40))


def test_options_of_a_method_are_flags_and_those_of_another_are_refused(run: Command, tmp_path: Path) -> None:
    file, output = texts_file(tmp_path, 20), tmp_path / "out.csv"
    status, _out, err = run("project", "--input", file, "--output", output, "--method", "pca", "--n-neighbors", "5")
    assert (status, "pca has no option 'n_neighbors'" in err) == (2, True)
    status, _out, err = run("project", "--input", file, "--output", output, "--method", "umap", "--n-neighbors", "1")
    assert (status, "n_neighbors is 1" in err) == (2, True)
    assert not output.exists()


def test_a_method_that_learns_from_labels_needs_a_column_of_them(run: Command, tmp_path: Path) -> None:
    file = texts_file(tmp_path, 20)
    status, _out, err = run("project", "--input", file, "--output", tmp_path / "o.csv", "--method", "supervised_umap")
    assert (status, "no column 'label' beside the texts" in err) == (2, True)


def test_neither_texts_nor_embeddings_is_said(run: Command, tmp_path: Path) -> None:
    status, _out, err = run("project", "--output", tmp_path / "out.csv")
    assert (status, "Name texts with --input, or embeddings of your own with --embeddings" in err) == (2, True)


def test_more_than_the_limit_is_named(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_MAP_POINTS", "5")
    status, _out, err = run("project", "--input", texts_file(tmp_path, 6), "--output", tmp_path / "out.csv")
    assert (status, "more than 5 texts, which is the limit (SIMCSE_MAX_MAP_POINTS)" in err) == (2, True)
    vectors = vectors_file(tmp_path, np.eye(6))
    status, _out, err = run("project", "--embeddings", vectors, "--output", tmp_path / "out.csv")
    assert (status, "6 vectors: the limit is 5 (SIMCSE_MAX_MAP_POINTS)" in err) == (2, True)


def test_embeddings_without_texts_are_numbered_and_brought_to_length_1(run: Command, tmp_path: Path) -> None:
    vectors = vectors_file(tmp_path, 3.0 * np.eye(4))
    status, out, err = run("project", "--embeddings", vectors, "--output", tmp_path / "o.csv", "--format", "json")
    assert (status, "brought to length 1" in err) == (0, True)
    assert json.loads(out)["trustworthiness"] is None
    assert pd.read_csv(tmp_path / "o.csv")["text"].tolist() == [1, 2, 3, 4]


def test_vectors_and_texts_of_different_number_are_refused(run: Command, tmp_path: Path) -> None:
    arguments = ("--input", texts_file(tmp_path, 7), "--embeddings", vectors_file(tmp_path, np.eye(8)))
    status, _out, err = run("project", *arguments, "--output", tmp_path / "out.csv")
    assert (status, "vectors.npy has 8 vectors, in.txt 7 texts" in err) == (2, True)


def test_the_file_of_embeddings_is_not_written_over(run: Command, tmp_path: Path) -> None:
    vectors = vectors_file(tmp_path, np.eye(8))
    status, _out, err = run("project", "--embeddings", vectors, "--output", vectors)
    assert (status, "--output is the file that --embeddings names" in err) == (2, True)
