from pathlib import Path

import pytest

from simcse_core.data import bundled
from simcse_core.data.kinds import Texts
from simcse_core.data.opening import open_data, source_of
from simcse_core.errors import DataError


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("intents-en", "bundled"),
        ("./intents-en", "file"),
        ("nothing.csv", "file"),
        ("hub:owner/name", "hub"),
        ("hub:", "hub"),
        ("owner/name", "file"),
    ],
)
def test_a_name_says_where_data_come_from(name: str, source: str) -> None:
    assert source_of(name) == source


def test_bundled_data_and_files_are_opened_by_name(tmp_path: Path) -> None:
    assert open_data("intents-en") == bundled.load("intents-en")
    (tmp_path / "texts.txt").write_text("one\ntwo\n")
    assert open_data(str(tmp_path / "texts.txt")) == Texts("texts.txt", ("one", "two"))


def test_a_missing_file_names_the_bundled_data() -> None:
    with pytest.raises(DataError, match=r"no file nothing\.csv, and no bundled data of that name \(.*intents-en"):
        open_data("nothing.csv")


def test_bundled_data_need_no_mapping() -> None:
    with pytest.raises(DataError, match="intents-en need no mapping"):
        open_data("intents-en", {"text": "text"})
    assert open_data("intents-en", None) == bundled.load("intents-en")


@pytest.mark.parametrize("name", ["intents-en", "hub:owner/name"])
def test_only_a_file_has_an_encoding_and_a_sheet(name: str) -> None:
    with pytest.raises(DataError, match="needs neither an encoding nor a sheet"):
        open_data(name, encoding="utf-8")
    with pytest.raises(DataError, match="needs neither an encoding nor a sheet"):
        open_data(name, sheet="2")
