import json
import os
from pathlib import Path

import pytest

from simcse_core.encoding.catalogue import find
from simcse_core.hub import checksums

WEIGHTS = "model.safetensors"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What is really read; nothing is known from earlier."""
    seen: list[Path] = []
    really = checksums.sha256_now
    monkeypatch.setattr(checksums, "_seen", {})

    def count(path: Path) -> str:
        seen.append(path)
        return really(path)

    monkeypatch.setattr(checksums, "sha256_now", count)
    return seen


def test_weights_are_hashed_once_a_machine(hashed: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    weights = find("minilm") / WEIGHTS
    monkeypatch.setattr(checksums, "_seen", {})  # as in another process
    find("minilm")
    assert hashed == [weights]


def test_weights_that_changed_are_hashed_again(hashed: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    one = checksums.sha256(file)
    os.utime(file, ns=(1, 1))
    assert checksums.sha256(file) == one
    file.write_bytes(b"two and more")
    assert checksums.sha256(file) != one
    assert len(hashed) == 3


@pytest.mark.parametrize("content", ["{", "[]", "null", '{"PATH": 3}', '{"PATH": [1]}', '{"PATH": [3, 1, null]}'])
def test_a_damaged_memory_is_ignored(hashed: list[Path], home: Path, tmp_path: Path, content: str) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    home.mkdir()
    (home / "checksums.json").write_text(content.replace("PATH", str(file)))
    checksums.sha256(file)
    assert json.loads((home / "checksums.json").read_text())[str(file)][2] == checksums.sha256(file)
    assert len(hashed) == 1


def test_a_home_that_cannot_be_written_costs_only_time(hashed: list[Path], home: Path, tmp_path: Path) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    (home / "checksums.json" / "x").mkdir(parents=True)
    assert checksums.sha256(file) == checksums.sha256(file)
    assert len(hashed) == 1
