import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from simcse_core.data import bundled

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_in_the_readme_prints_what_it_says(tmp_path: Path) -> None:
    blocks = re.findall(r"```(?:python|text)\n(.*?)```", README, flags=re.DOTALL)
    code, expected = "\n".join(blocks[::2]), "".join(blocks[1::2])  # one process: each takes seconds to start
    shutil.copy(bundled.FOLDER / "intents-en.csv", tmp_path / "intents.csv")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert ended.stdout == expected


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)(.*?)\)", README))
def test_what_the_readme_links_to_is_there(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_commands_of_the_readme_exist() -> None:
    commands = set(re.findall(r"-m simcse_core (\w+)", README))
    usage = subprocess.run(
        [sys.executable, "-m", "simcse_core", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert commands
    assert all(re.search(rf"^\s+{command}\s", usage, flags=re.MULTILINE) for command in commands)


def test_the_files_that_contributing_names_are_there() -> None:
    named = set(re.findall(r"`((?:\w+/)*[\w.-]+(?:/|\.(?:py|js|po|toml)))`", CONTRIBUTING))
    assert len(named) > 30
    folders = (ROOT, ROOT / "simcse_core", ROOT / "simcse_core" / "runs")
    assert {name for name in named if not any((folder / name).exists() for folder in folders)} == set()
