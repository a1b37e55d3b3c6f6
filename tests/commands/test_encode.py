"""The command `encode`."""

import json
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import numpy as np
import pytest

from simcse_core.encoding.model import SimCSE
from tests.commands.conftest import Command

CHINESE = "今天天气很好，我们去公园散步吧。"


def test_encode_writes_a_numpy_file_and_warns(run: Command, minilm: SimCSE, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("A cat.\n今天天气很好，我们去公园吧。\n" + "word " * 400)
    status, out, err = run(
        "encode", "--input", tmp_path / "in.txt", "--output", tmp_path / "out.npy", "--format", "json"
    )
    answer = json.loads(out)
    assert status == 0
    assert (answer["n"], answer["dim"], answer["truncated"], answer["unreadable"]) == (3, 384, 1, 1)
    assert "--model me5-small" in err
    np.testing.assert_allclose(np.load(tmp_path / "out.npy")[0], minilm.encode(["A cat."])[0], atol=1e-5)


def test_encode_reads_tables_of_any_length_in_any_encoding(
    run: Command, minilm: SimCSE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_MAX_TABLE_ROWS", "2")
    texts = ["A cat.", CHINESE, "A cat.", "Stocks fell.", "word " * 300, CHINESE]
    table = "label;text\n" + "".join(f"x;{text}\n\n" for text in texts)
    for encoding in ("gbk", "utf-16"):
        (tmp_path / "in.csv").write_bytes(table.encode(encoding))
        arguments = ("--input", tmp_path / "in.csv", "--output", tmp_path / "v.npy", "--layer", 1)
        status, out, err = run("encode", *arguments, "--format", "json")
        assert status == 0
        assert json.loads(out) == {
            "model": "minilm",
            "input": str(tmp_path / "in.csv"),
            "n": 6,
            "dim": 384,
            "seconds": ANY,
            "truncated": 1,
            "unreadable": 2,
        }
        assert "cannot read 2 of the texts (the first is text 2)" in err
        assert "1 of the texts are too long for minilm and were cut (the first is text 5)" in err
        expected = minilm.configured(layer=1).encode(texts)
        np.testing.assert_allclose(np.load(tmp_path / "v.npy"), expected, atol=1e-5)


def test_a_broken_row_leaves_an_older_output_as_it_was(run: Command, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("text\n" + "fine\n" * 30_000 + "bro,ken\n" + "fine\n" * 30_000)
    (tmp_path / "v.npy").write_bytes(b"older")
    status, out, err = run("encode", "--input", tmp_path / "in.csv", "--output", tmp_path / "v.npy")
    assert (status, out) == (2, "")
    assert "in.csv, row 30002: 2 cells, but the first row names 1 columns" in err
    assert (tmp_path / "v.npy").read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "v.npy"]


def test_ctrl_c_while_encoding_leaves_nothing_behind(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = SimCSE.encode

    def interrupted(self: SimCSE, *arguments: Any, **settings: Any) -> Any:
        if len(list(tmp_path.glob(".*.new"))) == 1:  # an output that is not complete
            raise KeyboardInterrupt
        return encode(self, *arguments, **settings)  # while it is loaded

    monkeypatch.setattr(SimCSE, "encode", interrupted)
    (tmp_path / "in.txt").write_text("A cat.\n")
    status, out, err = run("encode", "--input", tmp_path / "in.txt", "--output", tmp_path / "v.npy")
    assert (status, out, err) == (130, "", "simcse_core: interrupted\n")
    assert {path.name for path in tmp_path.iterdir()} - {"home"} == {"in.txt"}
