"""What is not fetched from the hub, and what is said then."""

import json
import shutil
import socket
from pathlib import Path

import pytest

from simcse_core.encoding.catalogue import find, is_here, load
from simcse_core.encoding.hub_models import fetch
from simcse_core.errors import ModelError
from simcse_core.home import models_folder
from tests.stand_in_hub import StandInHub, go_online

NAME = "someone/tiny-bert"
WEIGHTS = "model.safetensors"


def test_a_model_without_safetensors_is_refused_before_anything_is_downloaded(hub: StandInHub) -> None:
    del hub.repositories[NAME][WEIGHTS]
    with pytest.raises(ModelError, match="someone/tiny-bert has no safetensors"):
        fetch(NAME)
    assert hub.requests == [("modules.json", 0)]
    assert not models_folder().exists()


@pytest.mark.parametrize("name", ["someone/nothing", "bge-small-zh"])
def test_a_missing_repository_is_said(hub: StandInHub, name: str) -> None:
    with pytest.raises(ModelError, match=f"There is no model {name} on the hub"):
        load(name)


def test_what_simcse_cannot_be_is_refused_before_its_weights_are_downloaded(hub: StandInHub) -> None:
    pooling = hub.repositories[NAME]["1_Pooling/config.json"]
    hub.repositories[NAME]["1_Pooling/config.json"] = pooling.replace(b'"cls"', b'"newmode"')
    with pytest.raises(ModelError, match="newmode"):
        fetch(NAME)
    assert hub.asked_for(WEIGHTS) == []
    assert not (models_folder() / ".fetching" / "someone--tiny-bert").exists()


@pytest.mark.parametrize("path", ["../../outside", "/etc", "a/../../b"])
def test_a_module_that_leads_out_of_the_folder_is_refused(hub: StandInHub, path: str) -> None:
    modules = json.loads(hub.repositories[NAME]["modules.json"])
    modules[1]["path"] = path
    hub.repositories[NAME]["modules.json"] = json.dumps(modules).encode()
    with pytest.raises(ModelError, match="leads out of the model's folder"):
        fetch(NAME)


def test_a_file_that_leads_out_of_the_folder_is_left_out(hub: StandInHub, folder: Path) -> None:
    for path in ("../evil.json", "/evil.json", "1_Pooling/../../evil.json", "..\\evil.json", "C:\\evil.json"):
        hub.repositories[NAME][path] = b"{}"
    fetch(NAME)
    assert not [path for path, _ in hub.requests if "evil" in path]
    assert not list(models_folder().parent.rglob("*evil*"))


def test_no_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        go_online(monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}")
        for name in ("bge-small-zh", NAME):
            with pytest.raises(ModelError) as raised:
                load(name)
            assert "cannot be reached" in str(raised.value)
            assert f"models fetch {name}, and copy what it fetched to {models_folder()}" in str(raised.value)


def test_offline_mode_counts_at_the_time_of_the_call(hub: StandInHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=r"HF_HUB_OFFLINE forbids .* copy what it fetched to"):
        load(NAME)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    load(NAME)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    load(NAME)  # it is there now


EVIL = [
    *("../../etc", "..", "a/..", "a/../b", "../b", "a/b/c", "a//b", "a/", "/b", "/etc/passwd", "~/m", "file:///a/b"),
    *("", "a b/c", "a/b\0", "a/b\n", "a\\b/c", "a--b/c", "a/.b", "a/b.git", "ä/b", "x" * 5_000, "a/" + "b" * 200),
]


@pytest.mark.parametrize("name", EVIL)
def test_what_is_no_hub_id_never_becomes_a_path_or_a_request(hub: StandInHub, name: str) -> None:
    with pytest.raises(ModelError, match="is no model of the hub"):
        fetch(name)
    assert not is_here(name)
    assert not models_folder().parent.exists()


def test_a_folder_is_not_mistaken_for_a_hub_id(
    hub: StandInHub, tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "someone" / "empty").mkdir(parents=True)
    shutil.copytree(source, tmp_path / "someone" / "copied")
    with pytest.raises(ModelError, match="a folder without a model"):
        load("someone/empty")
    assert find("someone/copied") == Path("someone/copied")
    assert not hub.requests


def test_a_name_of_the_catalogue_is_not_mistaken_for_a_folder(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(source, tmp_path / "mpnet")
    assert not is_here("mpnet")
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE forbids"):
        load("mpnet")
    with pytest.raises(ModelError, match="mpnet is not on this machine"):
        find("mpnet")
