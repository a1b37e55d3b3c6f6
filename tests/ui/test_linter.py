"""The linter over the JavaScript, as `make test` runs it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("export const sum = first + 1\n", "no-undef"),
        ('import { gone } from "./whole.js"\nexport const sum = gone + 1\n', "import(named)"),
        ("const unused = 1\n", "no-unused-vars"),
        ("export const label = name\n", "no-restricted-globals"),
    ],
)
def test_the_linter_refuses_names_that_are_not_there(code: str, rule: str, tmp_path: Path) -> None:
    (tmp_path / "entry.js").write_text(code, encoding="utf-8")
    (tmp_path / "whole.js").write_text("export const here = 1\n", encoding="utf-8")
    linter = Path(sys.executable).with_name("oxlint")
    command: list[str | Path] = [linter, "--config", ROOT / ".oxlintrc.json", tmp_path]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert rule in result.stdout
