import time
from pathlib import Path

import pandas as pd
import pytest

from simcse_core.data.kinds import Labelled, Pairs, Scored, Texts
from simcse_core.data.readers import data_from_bytes, read_data, read_texts, split_lines
from simcse_core.data.writers import to_csv
from simcse_core.errors import DataError


def test_text_files_give_trimmed_lines_and_keep_duplicates(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("  one \n\n\t\ntwo\r\none\n")
    assert read_texts(file) == ["one", "two", "one"]
    assert split_lines("") == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk"])
def test_encodings_are_recognised(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes("今天天气很好。\n图书馆几点开门？\n".encode(encoding))
    assert read_texts(file) == ["今天天气很好。", "图书馆几点开门？"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text\na\nb\n", Texts("d.csv", ("a", "b"))),
        ("Text, Label\na,x\n", Labelled("d.csv", ("a",), ("x",))),
        ("text;label\na, b;x\n", Labelled("d.csv", ("a, b",), ("x",))),
        ("sentence1,sentence2,score,more\na,b,3.5,z\n", Scored("d.csv", ("a",), ("b",), (3.5,))),
        ("sentence1,sentence2,label\na,b,1\nc,d,0.0\n", Pairs("d.csv", ("a", "c"), ("b", "d"), (1, 0))),
        ('text,label\n"NA",null\n', Labelled("d.csv", ("NA",), ("null",))),
    ],
)
def test_kinds_are_recognised_by_their_columns(content: str, expected: object) -> None:
    assert data_from_bytes(content.encode(), "d.csv") == expected


def test_western_text_in_an_old_encoding_is_refused_not_read_as_chinese() -> None:
    with pytest.raises(DataError, match="Save it as text in UTF-8"):
        data_from_bytes("Müller liebt Käse und Brötchen\n".encode("cp1252"), "p.txt")


def test_a_line_of_json_may_contain_a_unicode_line_separator() -> None:
    data = data_from_bytes('{"text": "a\u2028b", "label": 1}\n'.encode(), "d.jsonl")
    assert data == Labelled("d.jsonl", ("a\u2028b",), ("1",))


def test_other_table_formats_give_the_same_data(tmp_path: Path) -> None:
    expected = (("a", "b"), ("x", "y"))
    frame = pd.DataFrame({"text": expected[0], "label": expected[1]})
    frame.to_parquet(tmp_path / "d.parquet")
    frame.to_json(tmp_path / "d.jsonl", orient="records", lines=True)
    frame.to_csv(tmp_path / "d.tsv", sep="\t", index=False)
    for ending in ("parquet", "jsonl", "tsv"):
        data = read_data(tmp_path / f"d.{ending}")
        assert isinstance(data, Labelled)
        assert (data.text, data.label) == expected


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("sentence1,sentence2,score\na,b,1\nc,d,high\n", "p.csv", "p.csv, row 3: score 'high' is not a number"),
        ("sentence1,sentence2,score\na,b,nan\n", "p.csv", "score 'nan' is not a number"),
        ("sentence1,sentence2,label\na,b,2\n", "p.csv", "row 2: label '2' is not 0 or 1"),
        ("text,label\na,\n", "p.csv", "row 2: 'label' is empty"),
        ("text,label\n", "p.csv", "p.csv has no rows"),
        ("words,tag\na,b\n", "p.csv", "has the columns words, tag. Name them"),
        ("", "p.csv", "p.csv is empty"),
        ('text,label\n"a,b\n', "p.csv", "row 2: unexpected end of data"),
        ("{}\n[1]\n", "p.jsonl", "row 2: not a JSON object"),
        ("text\nHello, world\nBye\n", "p.csv", "row 2: 2 cells, but the first row names 1 columns"),
        ("text,label\nHello, world,greet\n", "p.csv", "row 2: 3 cells"),
        ("text,label\n\n\na\n", "p.csv", "row 4: 1 cells"),
        ("Text,text,label\na,b,x\n", "p.csv", "the column 'text' more than once"),
        ('{"text": "a", "label": ["x"]}\n', "p.jsonl", "row 1: 'label' is empty"),
        ("not parquet", "p.parquet", "not a table"),
        ("\n \n", "p.txt", "p.txt is empty"),
    ],
)
def test_bad_tables_are_refused_in_words_that_name_the_row(content: str, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        data_from_bytes(content.encode(), name)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n\x00\x00", b"a\x00b", bytes(range(256)), b"\xff\xfe\x00"])
def test_binary_files_are_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="not a text file"):
        data_from_bytes(content, "p.txt")


def test_missing_large_and_unsuitable_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="no file"):
        read_texts(tmp_path / "none.txt")
    (tmp_path / "pairs.csv").write_text("sentence1,sentence2,score\na,b,1\n")
    with pytest.raises(DataError, match="no column 'text'"):
        read_texts(tmp_path / "pairs.csv")
    (tmp_path / "long.csv").write_text("text\n" + "a\n" * 11)
    monkeypatch.setenv("SIMCSE_MAX_TABLE_ROWS", "10")
    with pytest.raises(DataError, match="more than 10 rows"):
        read_data(tmp_path / "long.csv")
    (tmp_path / "large.txt").write_text("a" * 2_000_000)
    monkeypatch.setenv("SIMCSE_MAX_FILE_MEGABYTES", "1")
    with pytest.raises(DataError, match="2 MB: the limit is 1 MB"):
        read_texts(tmp_path / "large.txt")


def test_a_table_of_too_many_rows_is_not_read_to_its_end() -> None:
    content = b"text,label\n" + b"Where to?,travel\n" * 1_000_000
    started = time.process_time()
    with pytest.raises(DataError, match="more than 200,000 rows"):
        data_from_bytes(content, "large.csv")
    assert time.process_time() - started < 2


def test_the_rows_behind_the_limit_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_TABLE_ROWS", "2")
    for content, name in [(b"text\na\nb\nc\nd,broken\n", "a.csv"), (b'{"text": "a"}\n' * 3 + b"broken", "a.jsonl")]:
        with pytest.raises(DataError, match="more than 2 rows"):
            data_from_bytes(content, name)


def test_a_written_table_never_starts_a_formula() -> None:
    written = to_csv(["text", "x"], [("=1+1", -0.5), ("@cmd", 1.0), ("plain, with comma", 0.0)])
    assert written.splitlines() == ["text,x", "'=1+1,-0.5", "'@cmd,1.0", '"plain, with comma",0.0']
