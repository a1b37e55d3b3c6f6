import tracemalloc
from pathlib import Path

import pandas as pd
import pytest

from simcse_core.data import decoding
from simcse_core.data.readers import read_texts
from simcse_core.data.streams import open_texts
from simcse_core.errors import DataError, InputError, UserError


def streamed(path: Path) -> list[str]:
    with open_texts(path) as texts:
        return list(texts)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"  one \n\n\t\ntwo\r\none\nlast without an end"),
        ("a.txt", "one\rtwo\x0cthree\u2028four\x85five".encode()),
        ("a.md", "今天天气很好。\n图书馆几点开门？\n今天天气很好。\n".encode("gbk")),
        ("a.txt", "今天天气很好。\r\n\r\nMüller\r\n".encode("utf-16")),
        ("a.txt", "one\ntwo\n".encode("utf-8-sig")),
        ("a.csv", b'Label; Text \nx;"two\nlines; one cell"\n\ny;"say ""hi"""\n'),
        ("a.csv", b"text\r1\r2.5\r"),
        ("a.csv", "text,label\n今天天气很好，我们去公园散步吧。,天气\n".encode("gbk")),
        ("a.tsv", "label\ttext\nx\ta, b; c\n".encode("utf-16")),
        ("a.jsonl", '{"text": "a\u2028b", "label": 1}\n\n{"label": 2, " TEXT": 7}\n'.encode()),
    ],
)
def test_a_stream_gives_the_same_texts_as_reading_the_whole_file(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    texts = read_texts(tmp_path / name)
    assert len(texts) > 0
    assert streamed(tmp_path / name) == texts


def test_parquet_is_read_in_parts_and_in_order(tmp_path: Path) -> None:
    texts = [f"text {number}" for number in range(2_500)]
    pd.DataFrame({"label": ["x"] * 2_500, "Text ": texts}).to_parquet(tmp_path / "a.parquet", row_group_size=700)
    assert streamed(tmp_path / "a.parquet") == texts == read_texts(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.txt", b"\n \n"),
        ("a.txt", b""),
        ("a.txt", "Müller liebt Käse und Brötchen\n".encode("cp1252")),
        ("a.txt", b"\xff\xfe\x00"),
        ("a.csv", b""),
        ("a.csv", b"\x89PNG\r\n\x1a\n\x00\x00"),
        ("a.csv", b"text\n"),
        ("a.csv", b"sentence1,sentence2,score\na,b,1\n"),
        ("a.csv", b"text\nHello, world\nBye\n"),
        ("a.csv", b"text,label\n\n\na\n"),
        ("a.csv", b'text\nfine\n"a\n'),
        ("a.csv", b'text,label\nfine,x\n" ",x\n'),
        ("a.csv", b"Text,text\na,b\n"),
        ("a.jsonl", b"\n"),
        ("a.jsonl", b'{"text": "a"}\n[1]\n'),
        ("a.jsonl", b'{"text": "a"}\n' + b"[" * 100_000),
        ("a.jsonl", b'{"text": "a"}\n{"text": null}\n'),
        ("a.parquet", b"not parquet"),
    ],
)
def test_a_stream_refuses_what_reading_the_whole_file_refuses(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError) as whole:
        read_texts(tmp_path / name)
    with pytest.raises(DataError) as stream:
        streamed(tmp_path / name)
    assert str(stream.value) == str(whole.value)


def test_a_file_that_is_not_there_and_a_table_without_texts_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file .*none\.txt"):
        streamed(tmp_path / "none.txt")
    (tmp_path / "a.jsonl").write_text('{"sentence": "a", "label": 1}\n')
    with pytest.raises(DataError, match="no column 'text': its columns are sentence, label"):
        streamed(tmp_path / "a.jsonl")
    pd.DataFrame({"words": ["a"]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="no column 'text': its columns are words"):
        streamed(tmp_path / "a.parquet")
    pd.DataFrame({"text": ["a", None]}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="row 2: 'text' is empty"):
        streamed(tmp_path / "a.parquet")
    pd.DataFrame({"text": pd.Series([], dtype=str)}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="has no rows"):
        streamed(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("sound", "broken", "encoding"),
    [
        ("über\n".encode(), "Müller\n".encode("cp1252"), "UTF-8"),
        ("über\n".encode(), b"a\0b\n", "UTF-8"),
        ("今天天气很好，我们去公园散步吧。\n".encode("gbk"), b"\xff\n", "GB18030"),
        ("天气\n".encode("utf-16-le"), b"\x00\xd8\x0a\x00", "UTF-16"),
        ("über\n".encode(), b"\xe4", "UTF-8"),
    ],
)
def test_bytes_that_are_no_text_in_the_files_encoding_are_found_by_their_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sound: bytes, broken: bytes, encoding: str
) -> None:
    monkeypatch.setattr(decoding, "BEGINNING", 1_002)
    mark = b"\xff\xfe" if encoding == "UTF-16" else b""
    (tmp_path / "a.txt").write_bytes(mark + sound * 5_000 + broken)
    with open_texts(tmp_path / "a.txt") as texts, pytest.raises(DataError, match=f"row 5001: no text in {encoding}"):
        assert len({*texts}) == 1
    assert texts.taken == 5_000


def test_the_first_letter_beyond_ascii_tells_the_encoding_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "BEGINNING", 1_000)
    (tmp_path / "a.txt").write_bytes(b"plain\n" * 5_000 + "今天天气很好，我们去公园散步吧。\n".encode("gbk"))
    assert streamed(tmp_path / "a.txt")[-1] == read_texts(tmp_path / "a.txt")[-1] == "今天天气很好，我们去公园散步吧。"
    (tmp_path / "b.txt").write_bytes(b"plain\n" * 5_000 + "Müller liebt Käse.\n".encode("cp1252"))
    for door in (streamed, read_texts):
        with pytest.raises(decoding.EncodingError, match=r"It may read cp1252: 'Müller liebt Käse\.'"):
            door(tmp_path / "b.txt")


def test_a_beginning_that_ends_inside_a_letter_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "今天天气很好，我们去公园散步吧，好不好？" * 25
    for encoding in ("utf-8", "gbk", "utf-16"):
        (tmp_path / "a.txt").write_bytes(((line + "\n") * 3).encode(encoding))
        for size in (1_001, 1_002, 1_003, 1_004):
            monkeypatch.setattr(decoding, "BEGINNING", size)
            assert set(streamed(tmp_path / "a.txt")) == {line}


def test_files_may_be_larger_than_for_interactive_use_but_no_text_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_MAX_FILE_MEGABYTES", "1")
    monkeypatch.setenv("SIMCSE_MAX_TABLE_ROWS", "10")
    monkeypatch.setenv("SIMCSE_MAX_TEXT_CHARACTERS", "1000")
    (tmp_path / "a.csv").write_text("text\n" + ("word " * 180 + "\n") * 2_000)
    assert len(streamed(tmp_path / "a.csv")) == 2_000
    (tmp_path / "b.csv").write_text("text\nshort\n" + "word " * 201)
    with pytest.raises(InputError, match="Text 2 has 1,004 characters: the limit is 1,000"):
        streamed(tmp_path / "b.csv")
    (tmp_path / "c.txt").write_text("short\n" + "word " * 200_001)
    with pytest.raises(DataError, match="row 2: more than 1,000,000 characters in a line"):
        streamed(tmp_path / "c.txt")
    (tmp_path / "d.csv").write_text('text\n"' + "never closed\n" * 200_000)
    with pytest.raises(UserError, match="row 2: field larger than field limit"):
        streamed(tmp_path / "d.csv")


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.jsonl"])
def test_a_file_is_read_as_far_as_its_texts_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(decoding, "BEGINNING", 10_000)
    line = '{"text": "a sentence of some words"}\n' if name.endswith("jsonl") else "a sentence of some words\n"
    (tmp_path / name).write_text(("text\n" if name.endswith("csv") else "") + line * 40_000)
    tracemalloc.start()
    with open_texts(tmp_path / name) as texts:
        assert texts.expected is None
        for _text in texts:
            if texts.taken == 20_000:
                assert texts.expected == pytest.approx(40_000, rel=0.05)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert texts.taken == 40_000
    assert peak < 300_000  # bytes; the file has a million and more


def test_parquet_knows_how_many_texts_to_expect(tmp_path: Path) -> None:
    pd.DataFrame({"text": list("abcdef")}).to_parquet(tmp_path / "a.parquet")
    with open_texts(tmp_path / "a.parquet") as texts:
        assert [texts.expected for _text in texts] == [6] * 6
