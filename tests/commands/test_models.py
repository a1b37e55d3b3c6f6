"""The command `models`, and models that other commands fetch."""

import contextlib
import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from simcse_core.encoding.model import SimCSE
from simcse_core.home import models_folder
from tests.commands.conftest import Command, heeding_ctrl_c
from tests.stand_in_hub import StandInHub, tiny_model, wait_until


def test_models_lists_the_catalogue_and_what_is_here(run: Command) -> None:
    cards = json.loads(run("models", "--format", "json")[1])
    assert " ".join(cards[0]) == "name title languages licence megabytes layers pooling note package sha256 hub here"
    assert [card["name"] for card in cards][:3] == ["minilm", "me5-small", "use-multilingual"]
    assert [card["name"] for card in cards if card["here"]] == ["minilm", "me5-small", "use-multilingual"]
    header, *lines = run("models")[1].splitlines()
    assert header.split() == ["name", "languages", "MB", "licence"]
    assert lines[0].split() == ["minilm", "English", "91", "Apache-2.0", "here"]
    assert len({line.rindex("  ") for line in lines[: len(cards)]}) == 1  # the columns stand below each other


@pytest.mark.parametrize("arguments", ["models fetch NAME --format json", "models --format json fetch NAME"])
def test_models_fetch_brings_a_model(run: Command, hub: StandInHub, home: Path, arguments: str) -> None:
    status, out, err = run(*arguments.replace("NAME", "bge-small-zh").split())
    answer = json.loads(out)
    assert status == 0
    assert answer["name"] == "bge-small-zh"
    assert answer["path"] == str(home / "models" / "bge-small-zh")
    assert 4 < answer["megabytes"] < 6
    assert answer["seconds"] > 0
    assert err.splitlines()[-1].startswith("bge-small-zh: 100% 4.")  # megabytes
    assert "bge-small-zh" in [card["name"] for card in json.loads(run("models", "--format", "json")[1]) if card["here"]]
    status, out, err = run("models", "fetch", "bge-small-zh")  # it is there
    assert (status, err) == (0, "")
    assert out.splitlines()[0].split() == ["name", "bge-small-zh"]


def test_fetch_writes_where_home_says(run: Command, hub: StandInHub, tmp_path: Path) -> None:
    run("models", "fetch", "someone/tiny", "--home", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "models" / "someone--tiny" / "config.json").is_file()


def test_a_command_fetches_the_model_it_needs(run: Command, hub: StandInHub) -> None:
    status, out, err = run("similarity", "a", "b", "--model", "someone/tiny", "--format", "json")
    assert status == 0
    assert json.loads(out)["similarity"][0][0] == pytest.approx(1)
    assert "someone/tiny: 100% " in err
    assert run("similarity", "a", "b", "--model", "someone/tiny")[2] == ""


def test_ctrl_c_says_that_the_same_command_goes_on(hub: StandInHub) -> None:
    hub.pause = threading.Event()
    command = [sys.executable, "-m", "simcse_core", "models", "fetch", "someone/tiny", "--format", "json"]
    with heeding_ctrl_c(command[3:]) as process:
        wait_until(lambda: any(size > 1_000_000 for size in sizes_of_parts()))
        for _press in range(5):  # Python can lose one that arrives at a bad moment; people press again
            process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
                break
        _out, err = process.communicate(timeout=5)
    hub.pause.set()
    assert process.returncode == 130
    assert err.splitlines()[-1].startswith("simcse_core: someone/tiny is not complete yet. Run the same command again")
    assert "Traceback" not in err
    (size,) = sizes_of_parts()
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert hub.asked_for("model.safetensors") == [0, size]
    assert Path(json.loads(ended.stdout)["path"]).is_dir()


def sizes_of_parts() -> list[int]:
    return [path.stat().st_size for path in models_folder().glob(".fetching/*/model.safetensors.*.part")]


def test_models_export_writes_a_folder_and_tells_formats_of_models_and_answers_apart(
    run: Command, minilm: SimCSE, tmp_path: Path
) -> None:
    tiny_model(minilm).save(tmp_path / "tiny")
    form = ("--format", "sentence-transformers", "--format", "json")
    status, out, _err = run("models", "export", tmp_path / "tiny", "--output", tmp_path / "out", *form)
    answer = json.loads(out)
    assert (status, answer["format"], answer["path"]) == (0, "sentence-transformers", str(tmp_path / "out"))
    assert (tmp_path / "out" / "model.safetensors").is_file()
    status, _out, err = run("models", "export", tmp_path / "tiny", "--output", tmp_path / "out")
    assert (status, "holds files already" in err) == (2, True)
    assert "choose from 'sentence-transformers'" in run("models", "export", "minilm", "--format", "x")[2]
