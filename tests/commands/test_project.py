"""The command `project`."""

import json
from pathlib import Path

import pandas as pd

from tests.commands.conftest import Command


def test_project_writes_points_and_trustworthiness(run: Command, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("\n".join(f"=text {number}" for number in range(8)))
    status, out, _err = run(
        "project", "--input", tmp_path / "in.txt", "--output", tmp_path / "out.csv", "--format", "json"
    )
    assert status == 0
    assert 0 <= json.loads(out)["trustworthiness"] <= 1
    table = pd.read_csv(tmp_path / "out.csv")
    assert list(table.columns) == ["x", "y", "text"]
    assert table["text"][0] == "'=text 0"
