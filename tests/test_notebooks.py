import contextlib
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
PRINTED = {
    "01_from_sentence_to_map": ["one row per sentence: (3, 384)"],
    "02_from_data_to_use": [
        "average precision: 0.",
        "With this one seed",
        "accuracy: 0.79 (95 % range 0.73 to 0.84)",
        "Who won the match? -> None",
        "Unknown loss 'infonce'. Choose one of:",
    ],
}
"""What each says, among other things."""


@pytest.fixture(autouse=True)
def no_supervisor_is_left(home: Path) -> Iterator[None]:
    """A notebook that trains starts one, which outlives it."""
    yield
    for process in psutil.process_iter(["cmdline", "environ"]):
        environment, command = process.info["environ"] or {}, process.info["cmdline"] or []
        if environment.get("SIMCSE_HOME") == str(home) and any("simcse_core.runs" in part for part in command):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning", "ignore::RuntimeWarning")
def test_the_notebook_runs_from_top_to_bottom(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit notebooks without outputs"
    NotebookClient(
        notebook, timeout=600, startup_timeout=300, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    printed = "".join(
        output["text"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "stream"
    )
    assert all(said in printed for said in PRINTED[path.stem]), printed
