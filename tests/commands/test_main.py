"""All commands: mistakes end with 2 and one clear line, and options that mean the same everywhere."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.conftest import Command

pytestmark = pytest.mark.usefixtures("the_worker_is_here")


def test_the_module_runs_as_a_program() -> None:
    command = [sys.executable, "-m", "simcse_core", "similarity"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stderr.startswith("simcse_core: No texts")


def test_home_names_the_folder_of_the_runs(run: Command, tmp_path: Path) -> None:
    arguments = "train --data intents-zh --model use-multilingual --tune head --epochs 1"
    run(*arguments.split(), "--home", tmp_path / "elsewhere")
    assert len(list((tmp_path / "elsewhere" / "runs").iterdir())) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("similarity", "No texts are given"),
        ("similarity a b --model nothing", "There is no model 'nothing'"),
        ("similarity a b --model someone/tiny", "HF_HUB_OFFLINE forbids fetching it"),
        ("models fetch", "required: name"),
        ("models fetch ../../etc", "'../../etc' is no model of the hub"),
        ("models fetch mpnet", "HF_HUB_OFFLINE forbids fetching it"),
        ("models fetch mpnet --format xml", "invalid choice: 'xml'"),
        ("models fly", "invalid choice: 'fly'"),
        ("similarity a b --layer 9", "minilm has no layer 9"),
        ("similarity a b --layer x", "argument --layer: invalid int value: 'x'"),
        ("similarity a b --model use-multilingual --pooling max", "no pooling can be chosen"),
        ("similarity --file nothing.txt", "There is no file nothing.txt"),
        ("encode --input FILE --output nowhere/x.npy", "There is no folder nowhere"),
        ("evaluate --data FILE", "needs a score or a label"),
        ("train --data intents-en --loss nothing", "Unknown loss 'nothing'"),
        ("train --data intents-en --loss triplet --loss-option margin", "--loss-option 'margin' needs a value"),
        ("train --data intents-en --epochs 0", "epochs is 0"),
        ("train --data intents-en --tune top:9 --epochs 1", "'top:K' with K from 1 to 6"),
        ("train --data intents-en --loss cosent", "From labelled can learn: bce, cross_entropy"),
        ("train --data intents-en --seconds 0", "seconds is 0"),
        ("train --data intents-en --columns text", "text"),
        ("train --data intents-en --as fruit", "cannot become 'fruit'"),
        ("train --data FILE --as pairs", "cannot become 'pairs'"),
        ("train --data FILE --loss mlm --model scratch-tiny", "2 texts are too few for a vocabulary"),
        ("train --data intents-en --resume --output nowhere", "nowhere holds no run"),
        ("train --data intents-en --loss naive_bce", "Unknown loss 'naive_bce'"),
        ("train --data FILE", "From texts can learn: simcse, mlm"),
        ("project --input FILE --output x.csv --method umap", "at least 15 different texts"),
        ("project --input FILE --output x.csv --method nothing", "Unknown projection 'nothing'"),
        ("encode --input FILE --output .", "cannot be written"),
        ("encode --input nothing.txt --output x.npy", "There is no file nothing.txt"),
        ("encode --input EMPTY --output x.npy", "is empty: it needs at least one line of text"),
        ("similarity a --against nothing.txt", "There is no file nothing.txt"),
        ("similarity --against FILE", "No texts are given"),
        ("evaluate --data intents-en --scale-max 0", "'0' is not a number above 0"),
        ("similarity a --seed -1", "argument --seed"),
        ("train --data intents-en --precision float16", "precision is 'float16'"),
        (f"encode --input {'x' * 5_000} --output y.npy", "File name too long"),
        ("fly", "invalid choice: 'fly'"),
        ("", "required: COMMAND"),
    ],
)
def test_a_users_mistake_ends_with_2_and_one_clear_line(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "texts.txt"
    file.write_text("a\nb\n")
    (tmp_path / "empty.txt").touch()
    status, out, err = run(*arguments.replace("FILE", str(file)).replace("EMPTY", "empty.txt").split())
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_package_that_a_light_core_lacks_is_named_with_the_extra_that_brings_it(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "texts.txt").write_text("".join(f"text {number}\n" for number in range(20)))
    monkeypatch.setitem(sys.modules, "umap", None)  # as if it were not installed
    status, _out, err = run(
        "project", "--input", tmp_path / "texts.txt", "--output", tmp_path / "m.csv", "--method", "umap"
    )
    assert (status, "pip install 'simcse-explorer[maps]'" in err) == (2, True), err
