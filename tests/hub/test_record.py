import hashlib
import json
from pathlib import Path

import pytest

from simcse_core.hub import record
from simcse_core.hub.record import FetchedFile, Record

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def folder_with(tmp_path: Path, fetched: dict[str, object]) -> Path:
    (tmp_path / "file").write_bytes(CONTENT)
    (tmp_path / "fetched.json").write_text(json.dumps({"repository": "a/b", "revision": "0", **fetched}))
    return tmp_path


@pytest.mark.parametrize(
    "written",
    [
        {"files": {"file": {"bytes": len(CONTENT), "sha256": SHA256}}},
        {"weights": {"file": {"bytes": len(CONTENT), "sha256": SHA256}}},  # a model, earlier
        {"files": {"file": SHA256}},  # a data set, earlier
    ],
)
def test_records_of_this_and_of_earlier_versions_are_read(tmp_path: Path, written: dict[str, object]) -> None:
    folder = folder_with(tmp_path, written)
    read = record.read(folder)
    assert read is not None
    assert read.files["file"].sha256 == SHA256
    assert record.is_intact(folder)
    (folder / "file").write_bytes(CONTENT[:-1] + b"?")
    assert not record.is_intact(folder)
    (folder / "file").unlink()
    assert record.missing(folder, read) == ["file"]
    assert not record.is_intact(folder)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    written = Record(repository="a/b", revision="0", files={"file": FetchedFile(bytes=3, sha256=SHA256)})
    record.write(tmp_path, written)
    assert record.read(tmp_path) == written


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"repository": "a/b", "revision": "0", "files": {}}'])
def test_a_folder_with_a_damaged_or_an_empty_record_is_not_intact(tmp_path: Path, content: str) -> None:
    (tmp_path / "fetched.json").write_text(content)
    assert not record.is_intact(tmp_path)


def test_a_folder_without_a_record_is_not_intact(tmp_path: Path) -> None:
    assert record.read(tmp_path) is None
    assert not record.is_intact(tmp_path)
