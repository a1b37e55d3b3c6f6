import io
import json
import os
import shutil
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simcse_core.commands.main import main
from simcse_core.data import bundled
from simcse_core.data.kinds import Labelled, Pairs, Scored, Texts
from simcse_core.data.opening import open_data
from simcse_core.data.readers import data_from_bytes
from simcse_core.errors import DataError
from tests.stand_in_hub import REVISION, StandInHub, go_online, stand_in_hub

NAME = "hub:someone/reviews"
TRAIN = "default/train/0000.parquet"


def parquet(columns: dict[str, Sequence[Any]], classes: dict[str, list[str]] | None = None) -> bytes:
    """A file as the hub writes it: it knows the names of numbered classes."""
    table = pa.table(columns)
    if classes is not None:
        features = {name: {"names": names, "_type": "ClassLabel"} for name, names in classes.items()}
        others = {name: {"dtype": "string", "_type": "Value"} for name in columns if name not in classes}
        info = {"info": {"features": others | features}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(info)})
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


REVIEWS = parquet({"text": ["Good.", "Bad.", "Very good."], "label": [1, 0, 1]}, {"label": ["negative", "positive"]})
EXPECTED = (("Good.", "Bad.", "Very good."), ("positive", "negative", "positive"))


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with stand_in_hub(monkeypatch) as hub:
        put(hub, {TRAIN: REVIEWS, "default/test/0000.parquet": parquet({"text": ["So."], "label": [0]})})
        yield hub


@pytest.fixture
def folder(home: Path) -> Path:
    return home / "data" / "hub" / "someone--reviews"


def put(hub: StandInHub, files: dict[str, bytes]) -> None:
    hub.repositories["datasets/someone/reviews"] = {"README.md": b"#", **files}


def rows_of(data: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    assert isinstance(data, Labelled)
    return data.text, data.label


# ---- What is fetched


def test_a_data_set_of_the_hub_is_fetched_once_and_read_without_a_network_then(
    hub: StandInHub, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = open_data(NAME)
    assert rows_of(data) == EXPECTED
    assert data.name == "someone/reviews/default:train"
    assert hub.asked_for(TRAIN) == [0]
    assert {path for path, _ in hub.requests} == {TRAIN}
    assert (folder / TRAIN).parent.joinpath("0000.parquet").read_bytes() == REVIEWS
    hub.requests.clear()
    hub.repositories.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert open_data(NAME) == open_data(f"{NAME}/default:train") == data
    assert hub.requests == []


def test_what_was_fetched_is_written_down(hub: StandInHub, folder: Path) -> None:
    open_data(NAME)
    record = json.loads((folder / "default" / "train" / "fetched.json").read_text())
    assert (record["repository"], record["revision"], list(record["files"])) == (
        "someone/reviews", REVISION, ["0000.parquet"],
    )  # fmt: skip
    assert json.loads((folder / "parts.json").read_text()) == {"default": ["test", "train"]}
    assert not list(folder.parent.rglob("*.part"))


def test_columns_are_mapped_and_decide_the_kind(hub: StandInHub) -> None:
    put(hub, {TRAIN: parquet({"s1": ["a", "b"], "s2": ["c", "d"], "label": [4.5, 0.0], "idx": [0, 1]})})
    data = open_data(NAME, {"sentence1": "s1", "sentence2": "s2", "score": "label"})
    assert isinstance(data, Scored)
    assert data.score == (4.5, 0.0)


def test_shards_are_one_table_whose_rows_are_counted_through(hub: StandInHub) -> None:
    second = "default/train/0001.parquet"
    put(hub, {second: parquet({"text": ["three", "four"]}), TRAIN: parquet({"text": ["one", "two"]})})
    data = open_data(NAME)
    assert isinstance(data, Texts)
    assert data.text == ("one", "two", "three", "four")
    put(hub, {second: parquet({"text": ["three", ""]}), TRAIN: parquet({"text": ["one", "two"]})})
    hub.repositories["datasets/someone/others"] = hub.repositories["datasets/someone/reviews"]
    with pytest.raises(DataError, match="someone/others/default:train, row 4: 'text' is empty"):
        open_data("hub:someone/others")


@pytest.mark.parametrize(
    ("parts", "asked", "expected"),
    [
        (["default/train", "default/test"], "", "default:train"),
        (["default/train", "default/test"], ":test", "default:test"),
        (["a/train", "b/train"], "", "a:train"),
        (["a/train", "default/train"], "", "default:train"),
        (["a/train", "b/train"], "/b", "b:train"),
        (["a/test", "b/train"], "/a", "a:test"),  # the only one
        (["a/train", "b/train", "b/dev"], "/b:dev", "b:dev"),
        (["20220301.zh-CN/train"], "/20220301.zh-CN:train", "20220301.zh-CN:train"),
    ],
)
def test_configuration_and_split_are_chosen(hub: StandInHub, parts: list[str], asked: str, expected: str) -> None:
    put(hub, {f"{part}/0000.parquet": parquet({"text": [part]}) for part in parts})
    assert open_data(NAME + asked).name == f"someone/reviews/{expected}"
    assert len(hub.requests) == 1
    hub.repositories.clear()
    assert open_data(NAME + asked).name == f"someone/reviews/{expected}"


def test_a_split_that_came_later_is_found(hub: StandInHub) -> None:
    open_data(NAME)
    put(hub, {TRAIN: REVIEWS, "default/more/0000.parquet": parquet({"text": ["new"]})})
    assert open_data(f"{NAME}:more").name == "someone/reviews/default:more"


# ---- Names of classes


def test_numbers_of_classes_become_their_names_in_labelled_data_only() -> None:
    content = parquet({"Intent": [2, 0], "text": ["a", "b"]}, {"Intent": ["x", "y", "z"]})
    assert rows_of(data_from_bytes(content, "f.parquet", {"label": "intent"})) == (("a", "b"), ("z", "x"))
    columns: dict[str, Sequence[Any]] = {"sentence1": ["a", "b"], "sentence2": ["c", "d"], "label": [1, 0]}
    pairs = data_from_bytes(parquet(columns, {"label": ["different", "same"]}), "f.parquet")
    assert isinstance(pairs, Pairs)
    assert pairs.label == (1, 0)


def test_a_missing_class_is_said() -> None:
    content = parquet({"text": ["a", "b"], "label": [1, -1]}, {"label": ["no", "yes"]})
    with pytest.raises(DataError, match="row 2: label '-1' is not the number of a class, 0 to 1"):
        data_from_bytes(content, "f.parquet")


@pytest.mark.parametrize(
    "metadata", ["{", "[]", '{"info": 3}', '{"info": {"features": {"label": {"_type": "ClassLabel"}}}}']
)
def test_odd_metadata_are_ignored(metadata: str) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"text": ["a"], "label": [1]}).replace_schema_metadata({"huggingface": metadata}), out)
    assert rows_of(data_from_bytes(out.getvalue(), "f.parquet")) == (("a",), ("1",))


# ---- Interruptions and damage


def test_a_download_that_broke_goes_on_where_it_broke(hub: StandInHub) -> None:
    hub.cut_at = 500
    with pytest.raises(DataError, match="stopped after 0 of 0 MB"):
        open_data(NAME)
    hub.cut_at = None
    assert rows_of(open_data(NAME)) == EXPECTED
    assert hub.asked_for(TRAIN) == [0, 500]


@pytest.mark.parametrize("damage", ["cut", "record", "gone"])
def test_damaged_files_are_fetched_anew(hub: StandInHub, folder: Path, damage: str) -> None:
    open_data(NAME)
    part = folder / "default" / "train"
    if damage == "cut":
        os.truncate(part / "0000.parquet", 100)
    elif damage == "record":
        (part / "fetched.json").write_text('{"files": []}')
    else:
        shutil.rmtree(part)
    assert rows_of(open_data(NAME)) == EXPECTED


def test_a_damaged_list_of_parts_is_asked_for_again(hub: StandInHub, folder: Path) -> None:
    open_data(NAME)
    (folder / "parts.json").write_text("[1]")
    assert rows_of(open_data(NAME)) == EXPECTED


def test_a_copied_folder_works_without_a_network(
    hub: StandInHub, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_data(NAME)
    shutil.copytree(folder.parent, tmp_path / "another" / "data" / "hub")
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "another"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert rows_of(open_data(NAME)) == EXPECTED


# ---- What is refused


def test_an_unknown_split_names_those_there_are(hub: StandInHub) -> None:
    for asked in (":dev", "/other", "/other:train"):
        with pytest.raises(DataError, match=r"it has default:test, default:train\. Write for example") as raised:
            open_data(NAME + asked)
        assert str(raised.value).endswith("hub:someone/reviews/default:test.")
    assert hub.requests == []


def test_a_missing_data_set_is_said(hub: StandInHub) -> None:
    with pytest.raises(DataError, match="There is no data set someone/nothing on the hub"):
        open_data("hub:someone/nothing")


def test_one_without_parquet_files_is_said(hub: StandInHub) -> None:
    hub.is_converted = False
    with pytest.raises(DataError, match="no Parquet files of someone/reviews"):
        open_data(NAME)
    hub.is_converted = True
    put(hub, {"default/../../../evil/0000.parquet": REVIEWS, "/etc/0000.parquet": REVIEWS, "0000.parquet": REVIEWS})
    with pytest.raises(DataError, match="no Parquet files of someone/reviews"):
        open_data(NAME)


def test_one_that_is_too_large_is_refused_before_it_is_downloaded(
    hub: StandInHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_MAX_FILE_MEGABYTES", "1")
    put(hub, {TRAIN: b"x" * 600_000, TRAIN.replace("0000", "0001"): b"x" * 600_000})
    with pytest.raises(DataError, match=r"has 1\.2 MB: the limit is 1 MB \(SIMCSE_MAX_FILE_MEGABYTES\)"):
        open_data(NAME)
    assert hub.requests == []


def test_no_network_says_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"HF_HUB_OFFLINE forbids .* evaluate --data hub:someone/reviews, and copy"):
        open_data(NAME)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        go_online(monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(
            DataError, match=r"cannot be reached .* evaluate --data hub:someone/reviews, and copy"
        ) as raised:
            open_data(NAME)
    assert str(home / "data" / "hub") in str(raised.value)


@pytest.mark.parametrize(
    "name", ["", "imdb", "a/b/c/d", "../b", "a/..", "a/b/..", "a/b:../c", "a/b/:c", "a b/c", "a/b/", "/a/b", "a/b:c:d"]
)
def test_what_is_no_address_never_becomes_a_path_or_a_request(hub: StandInHub, home: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"names no data set of the hub\. Write hub:owner/name"):
        open_data(f"hub:{name}")
    assert not home.exists()


def test_the_command_line_takes_data_of_the_hub(hub: StandInHub, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = bundled.load("pairs-en").take(range(40))
    assert isinstance(pairs, Pairs)
    put(hub, {TRAIN: parquet({"a": pairs.sentence1, "b": pairs.sentence2, "label": pairs.label})})
    command = ["evaluate", "--data", NAME, "--columns", "sentence1=a,sentence2=b", "--format", "json"]
    assert main(command) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["n"] == 40
    assert NAME in err  # the download is announced
    assert main(["evaluate", "--data", "hub:someone/nothing"]) == 2
    assert "There is no data set someone/nothing on the hub" in capsys.readouterr().err
