import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simcse_core.hub import checksums


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files whose content is really read."""
    paths: list[Path] = []
    really = checksums.sha256_now

    def count(path: Path) -> str:
        paths.append(path)
        return really(path)

    monkeypatch.setattr(checksums, "sha256_now", count)
    return paths


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weights"
    path.write_bytes(b"one")
    return path


def test_another_process_does_not_read_the_content_again(file: Path) -> None:
    digest = checksums.sha256(file)
    code = (
        "import sys; from pathlib import Path; from simcse_core.hub import checksums\n"
        "checksums.sha256_now = None\n"  # calling it would fail
        "print(checksums.sha256(Path(sys.argv[1])))"
    )
    ended = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == digest


def test_weights_are_hashed_once(hashed: list[Path], file: Path) -> None:
    assert checksums.sha256(file) == checksums.sha256(file)
    assert hashed == [file]


def test_weights_that_changed_are_hashed_again(hashed: list[Path], file: Path) -> None:
    one = checksums.sha256(file)
    os.utime(file, ns=(1, 1))
    assert checksums.sha256(file) == one
    file.write_bytes(b"two and more")
    assert checksums.sha256(file) != one
    assert len(hashed) == 3


@pytest.mark.parametrize("content", ["{", "[]", "null", '{"PATH": 3}', '{"PATH": [1]}', '{"PATH": [3, 1, null]}'])
def test_a_damaged_memory_is_ignored(hashed: list[Path], home: Path, file: Path, content: str) -> None:
    home.mkdir()
    (home / "checksums.json").write_text(content.replace("PATH", str(file)))
    checksums.sha256(file)
    assert json.loads((home / "checksums.json").read_text())[str(file)][2] == checksums.sha256(file)
    assert len(hashed) == 1


def test_a_home_that_cannot_be_written_costs_only_time(hashed: list[Path], home: Path, file: Path) -> None:
    (home / "checksums.json" / "x").mkdir(parents=True)
    assert checksums.sha256(file) == checksums.sha256(file)
    assert len(hashed) == 1
