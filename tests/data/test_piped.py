"""Standard input, pipes and packed files are read as files are."""

import gzip
import io
import os
import threading
from pathlib import Path

import pytest

from simcse_core.data.opening import open_data
from simcse_core.data.piped import ending_of, is_piped
from simcse_core.data.readers import read_data, read_texts
from simcse_core.data.streams import open_texts
from simcse_core.errors import DataError, UserError

PAIRS = "sentence1,sentence2,label\na cat,a kitten,1\na cat,a storm,0\n"


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize(
    ("head", "ending"),
    [
        ("I lost my card, again\nWhere is it, please\n", ".txt"),
        ("text\nI lost my card, again\n", ".csv"),
        ("text,label\na,b\n", ".csv"),
        ('"text";"label"\na;b\n', ".csv"),
        ("sep=;\ntext;label\n", ".csv"),
        ("utterance\tintent\na\tb\n", ".tsv"),
        ('{"text": "a"}\n{"text": "b"}\n', ".jsonl"),
        ('[{"text": "a"}]', ".json"),
        ('["a", "b"]', ".json"),
        ("[laughs] what?\n", ".txt"),
        ("{not json\n", ".txt"),
        ("文本,标签\n你好,问候\n", ".csv"),
        ("\ufefftext,label\na,b\n", ".csv"),
        ("", ".txt"),
    ],
)
def test_the_beginning_of_standard_input_says_what_it_is(head: str, ending: str) -> None:
    assert ending_of(head.encode()) == ending


def test_columns_that_are_mapped_are_names_too() -> None:
    head = b"vraag,antwoord,ok\na,b,1\n"
    assert (ending_of(head), ending_of(head, ["antwoord"])) == (".txt", ".csv")


def test_standard_input_is_read_as_a_file_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, PAIRS.encode())
    assert open_data("-").kind == read_data("-").kind == "pairs"
    stdin(monkeypatch, "ein Hund, eine Katze\n\nein Vogel\n".encode("utf-16"))
    assert read_texts("-") == ["ein Hund, eine Katze", "ein Vogel"]
    with open_texts("-") as texts:
        assert list(texts) == ["ein Hund, eine Katze", "ein Vogel"]
    stdin(monkeypatch, gzip.compress(PAIRS.encode()))
    assert len(open_data("-")) == 2


def test_a_mistake_in_standard_input_names_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, PAIRS.replace(",1\n", ",maybe\n").encode())
    with pytest.raises(DataError, match=r"stdin.csv, row 2: label 'maybe' is not 0 or 1"):
        open_data("-")
    stdin(monkeypatch, b"")
    with pytest.raises(DataError, match="Standard input is empty"):
        read_texts("-")


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pairs.csv")
    assert is_piped(tmp_path / "pairs.csv")

    def write() -> None:
        with (tmp_path / "pairs.csv").open("w") as file:
            file.write(PAIRS)

    writer = threading.Thread(target=write)
    writer.start()
    assert len(read_data(tmp_path / "pairs.csv")) == 2
    writer.join()


@pytest.mark.parametrize("name", ["pairs.csv.gz", "PAIRS.CSV.GZ"])
def test_a_packed_table_is_read_as_it_is_unpacked(name: str, tmp_path: Path) -> None:
    with gzip.open(tmp_path / name, "wt") as file:
        file.write(PAIRS)
    assert (data := open_data(str(tmp_path / name))).kind == "pairs"
    assert data.name == name
    with gzip.open(tmp_path / "more.jsonl.gz", "wt") as file:
        file.write('{"text": "a"}\n{"text": "b"}\n')
    with open_texts(tmp_path / "more.jsonl.gz") as texts:
        assert list(texts) == ["a", "b"]
        assert texts.expected == 2


def test_a_damaged_or_a_huge_packed_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(PAIRS.encode() * 50)
    (tmp_path / "cut.csv.gz").write_bytes(packed[:-20])
    (tmp_path / "none.csv.gz").write_text(PAIRS)
    for name in ("cut.csv.gz", "none.csv.gz"):
        with pytest.raises(DataError, match=f"{name} is no gzip file, or it is damaged"):
            open_data(str(tmp_path / name))
    monkeypatch.setenv("SIMCSE_MAX_FILE_MEGABYTES", "1")
    (tmp_path / "bomb.txt.gz").write_bytes(gzip.compress(b"a\n" * 15_000_000))
    with pytest.raises(DataError, match="too large when unpacked: the limit is 20 MB"):
        read_texts(tmp_path / "bomb.txt.gz")
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"a"))
    with pytest.raises(UserError, match=r"x.gz ends in none of"):
        read_texts(tmp_path / "x.gz")
