"""The commands `index`, `search` and `mine`, with an encoder whose cosines one can work out."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from simcse_core.data.kinds import Triplets
from simcse_core.data.readers import read_data
from simcse_core.encoding.protocol import Trainable
from simcse_core.uses.search import stored
from tests.commands.conftest import Command
from tests.uses.search.angles import angles, cosine

TABLE = "text,year\nnorth 90,2024\neast 0,2024\nnorth by east 80,2025\neast 0,2025\n"


@pytest.fixture(autouse=True)
def encoder_of_angles(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_name: object, **_settings: object) -> Trainable:
        return angles()

    monkeypatch.setattr("simcse_core.encoding.catalogue.load", load)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    (tmp_path / "corpus.csv").write_text(TABLE)
    return tmp_path / "corpus.csv"


def rows_of(out: str) -> list[int]:
    return [result["row"] for result in json.loads(out)["results"]]


def test_an_index_is_built_searched_and_added_to(run: Command, corpus: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    status, out, _err = run("index", "--corpus", corpus, "--output", folder, "--format", "json")
    built = json.loads(out)
    assert (status, built["n"], built["dim"], built["model"]) == (0, 4, 2, "angles")
    assert isinstance(built["seconds"], float)

    status, out, _err = run("search", "--corpus", folder, "--query", "? 10", "--top-k", 3, "--format", "json")
    answer = json.loads(out)
    assert (status, answer["n"], answer["method"], answer["model"]) == (0, 4, "dense", "angles")
    assert answer["results"][0] == {
        "query": "? 10",
        "rank": 1,
        "row": 1,
        "score": cosine(10),
        "text": "east 0",
        "columns": {"year": "2024"},
    }
    assert rows_of(out) == [1, 3, 2]

    (tmp_path / "more.csv").write_text("text,year\nwest 180,1999\n")
    status, out, _err = run(
        "index", "--corpus", tmp_path / "more.csv", "--output", folder, "--append", "--format", "json"
    )
    assert (status, json.loads(out)["n"]) == (0, 5)
    status, out, _err = run("search", "--corpus", folder, "--query", "west", "--method", "bm25", "--format", "json")
    assert (json.loads(out)["model"], rows_of(out)) == (None, [4])


@pytest.mark.parametrize(("method", "rows"), [("dense", [1, 3, 2]), ("bm25", [1, 3, 2]), ("hybrid", [1, 3, 2])])
def test_a_file_is_searched_without_an_index(run: Command, corpus: Path, method: str, rows: list[int]) -> None:
    status, out, err = run(
        "search", "--corpus", corpus, "--query", "east 0", "--method", method, "--top-k", 3, "--format", "json"
    )
    assert (status, rows_of(out), err) == (0, rows, "")


def test_queries_come_from_a_pipe_and_hits_go_to_a_file(
    run: Command, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"? 0\n\n? 90\n")))
    file = tmp_path / "hits.csv"
    status, out, _err = run("search", "--corpus", corpus, "--input", "-", "--top-k", 1, "--output", file)
    assert status == 0
    assert [line.split() for line in out.splitlines() if line] == [
        ["?", "0"],
        ["score", "row", "text"],
        ["1.0000", "1", "east", "0"],
        ["?", "90"],
        ["score", "row", "text"],
        ["1.0000", "0", "north", "90"],
    ]
    assert file.read_text().splitlines() == [
        '"query","rank","row","score","text","year"',
        '"? 0",1,1,1.0,"east 0","2024"',
        '"? 90",1,0,1.0,"north 90","2024"',
    ]


def test_filters_and_a_threshold_narrow_the_hits_and_none_is_said(run: Command, corpus: Path) -> None:
    search = ("search", "--corpus", corpus, "--query", "east 0", "--format", "json")
    assert rows_of(run(*search, "--where", "year=2025")[1]) == [3, 2]
    assert rows_of(run(*search, "--where", "year=2025", "--where", "year=2024", "--threshold", 0.5)[1]) == [1, 3]
    status, out, err = run(*search, "--where", "year=1999")
    assert (status, rows_of(out), err) == (0, [], "simcse_core: note: nothing is found for 'east 0'.\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("search --corpus {corpus}", "No query is given"),
        ("search --corpus {corpus} --query a --where year", "write COLUMN=VALUE"),
        ("search --corpus {corpus} --query a --method bm25 --where age=3", "no column 'age' to filter by"),
        ("search --corpus {corpus} --query a --method sparse", "Choose one of: dense, bm25, hybrid"),
        ("search --corpus {corpus} --query a --output {corpus}", "the file that --corpus names"),
        ("search --corpus {folder} --query a", "is no index"),
        ("search --corpus nothing --query a", "no file nothing"),
        ("index --corpus {corpus} --output {corpus}", "is a file. An index needs a folder"),
        ("index --corpus {corpus} --output {folder} --append", "is no index"),
        ("index --corpus {corpus} --output {folder}", "holds other files"),
        ("index --corpus {empty} --output {folder}/index", "is empty"),
        ("mine --data {corpus} --output {folder}/m.csv", "holds texts: hard negatives are mined for pairs"),
        ("mine --data {corpus} --output {folder}/m.csv --threshold 0.5", "--threshold is for duplicates"),
        ("mine --data {corpus} --output {folder}/m.csv --duplicates --margin 0.5", "--margin is for hard negatives"),
        ("mine --data {corpus} --output {folder}/m.csv --method words", "Choose one of: dense, bm25"),
        ("mine --data {corpus} --output {corpus} --duplicates", "the file that --data names"),
    ],
)
def test_a_mistake_is_one_line(run: Command, corpus: Path, tmp_path: Path, arguments: str, words: str) -> None:
    (tmp_path / "empty.txt").write_text("\n \n")
    places = {"corpus": corpus, "folder": tmp_path, "empty": tmp_path / "empty.txt"}
    status, out, err = run(*(word.format(**places) for word in arguments.split()))
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert words in err


def test_ctrl_c_says_how_to_go_on_and_the_same_command_does(
    run: Command, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "SHARD", 3)
    command = ("index", "--corpus", corpus, "--output", tmp_path / "index", "--format", "json")

    def interrupted(*_arguments: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(stored, "_finish", interrupted)
        status, out, err = run(*command)
    assert (status, out) == (130, "")
    assert "Run the same command again: it goes on from here" in err
    assert run("search", "--corpus", tmp_path / "index", "--query", "a")[0] == 2
    status, out, _err = run(*command)
    assert (status, json.loads(out)["n"]) == (0, 4)


def test_mined_triplets_are_what_train_reads_without_those_that_a_person_refuses(run: Command, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("sentence1,sentence2,label\na 0,a 20,1\nb 100,b 130,1\nc 55,d 70,0\n")
    file = tmp_path / "mined.csv"
    status, out, _err = run("mine", "--data", pairs, "--output", file, "--format", "json")
    answer = json.loads(out)
    assert (status, answer["rows"], answer["left_out"], answer["no_candidate"], answer["too_close"]) == (0, 2, 0, 0, 0)
    assert read_data(file) == Triplets("mined.csv", ("a 0", "b 100"), ("a 20", "b 130"), ("c 55", "c 55"))
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:2], lines[2].replace('"yes"', '"no"')]))
    assert read_data(file) == Triplets("mined.csv", ("a 0",), ("a 20",), ("c 55",))


def test_duplicates_are_written_as_pairs_and_as_groups(run: Command, corpus: Path, tmp_path: Path) -> None:
    pairs, groups = tmp_path / "pairs.csv", tmp_path / "groups.csv"
    arguments = ("--data", corpus, "--output", pairs, "--clusters", groups, "--threshold", 0.9, "--format", "json")
    status, out, _err = run("mine", "--duplicates", *arguments)
    answer = json.loads(out)
    assert (status, answer["rows"], answer["clusters"], answer["texts_in_clusters"]) == (0, 2, 2, 4)
    assert pairs.read_text().splitlines() == [
        '"sentence1","sentence2","score","row1","row2"',
        '"east 0","east 0",1.0,1,3',
        f'"north 90","north by east 80",{cosine(10)},0,2',
    ]
    assert groups.read_text().splitlines() == [
        '"cluster","row","text"',
        '1,0,"north 90"',
        '1,2,"north by east 80"',
        '2,1,"east 0"',
        '2,3,"east 0"',
    ]
