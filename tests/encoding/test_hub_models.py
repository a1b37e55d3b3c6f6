import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from simcse_core.encoding.catalogue import find, is_here, load
from simcse_core.encoding.hub_models import fetch
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import ModelError
from simcse_core.home import models_folder
from tests.stand_in_hub import REVISION, StandInHub

TEXTS = ["A cat sleeps.", "Stocks fell.", ""]
NAME = "someone/tiny-bert"
WEIGHTS = "model.safetensors"


class Progress(NamedTuple):
    done: int
    total: int


@pytest.fixture
def progress() -> list[Progress]:
    return []


def embeddings_of(name: str | Path) -> np.ndarray:
    return load(str(name)).encode(TEXTS)


def part_of_weights() -> Path:
    (part,) = models_folder().glob(".fetching/*/model.safetensors.*.part")
    return part


# ---- What is fetched


def test_a_fetched_model_gives_the_same_embeddings(hub: StandInHub, tiny: SimCSE, folder: Path) -> None:
    assert not is_here(NAME)
    assert fetch(NAME) == folder
    assert is_here(NAME)
    assert find(NAME) == folder
    np.testing.assert_allclose(embeddings_of(NAME), tiny.encode(TEXTS), atol=1e-6)
    np.testing.assert_allclose(embeddings_of(folder), tiny.encode(TEXTS), atol=1e-6)


def test_only_what_is_needed_is_asked_for(hub: StandInHub, folder: Path) -> None:
    fetch(NAME)
    asked = {path for path, _ in hub.requests}
    assert asked == {
        "config.json", "model.safetensors", "modules.json", "sentence_bert_config.json", "tokenizer.json",
        "tokenizer_config.json", "1_Pooling/config.json", "2_Normalize/config.json",
        "config_sentence_transformers.json",
    }  # fmt: skip
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert here == asked | {"fetched.json"}


def test_what_was_fetched_is_written_down(hub: StandInHub, folder: Path) -> None:
    fetch(NAME)
    content = hub.repositories[NAME][WEIGHTS]
    sha256 = hub.about(NAME)["siblings"][list(hub.repositories[NAME]).index(WEIGHTS)]["lfs"]["sha256"]
    assert json.loads((folder / "fetched.json").read_text()) == {
        "repository": NAME,
        "revision": REVISION,
        "files": {WEIGHTS: {"bytes": len(content), "sha256": sha256}},
    }


def test_what_is_there_is_not_fetched_again(hub: StandInHub) -> None:
    fetch(NAME)
    hub.requests.clear()
    hub.repositories.clear()
    fetch(NAME)
    load(NAME)
    assert hub.requests == []


def test_load_fetches_what_is_not_there(hub: StandInHub, tiny: SimCSE, progress: list[Progress]) -> None:
    model = load(NAME, pooling="mean", layer=1, on_fetch=lambda done, total: progress.append(Progress(done, total)))
    np.testing.assert_allclose(
        model.encode(TEXTS), tiny.configured(pooling="mean", layer=1).encode(TEXTS), atol=1e-6
    )  # fmt: skip
    assert progress
    assert SimCSE.load(NAME).layers == 2


def test_a_model_of_the_catalogue_has_one_folder_under_both_names(hub: StandInHub, source: Path) -> None:
    hub.add("BAAI/bge-small-zh-v1.5", source)
    assert fetch("BAAI/bge-small-zh-v1.5") == models_folder() / "bge-small-zh"
    assert is_here("bge-small-zh")
    assert is_here("BAAI/bge-small-zh-v1.5")
    hub.requests.clear()
    fetch("bge-small-zh")
    assert hub.requests == []


def test_weights_in_several_files(hub: StandInHub, tiny: SimCSE, source: Path, tmp_path: Path) -> None:
    shutil.copytree(source, tmp_path / "sharded", ignore=shutil.ignore_patterns(WEIGHTS))
    tiny.bert.save_pretrained(tmp_path / "sharded", max_shard_size="2MB")
    hub.add(NAME, tmp_path / "sharded")
    fetch(NAME)
    assert len([path for path, _ in hub.requests if path.endswith(".safetensors")]) > 1
    np.testing.assert_allclose(embeddings_of(NAME), tiny.encode(TEXTS), atol=1e-6)


def test_a_plain_bert(hub: StandInHub, tiny: SimCSE, tmp_path: Path) -> None:
    tiny.bert.save_pretrained(tmp_path / "plain")
    tiny.tokenizer.save_pretrained(tmp_path / "plain")
    hub.add(NAME, tmp_path / "plain")
    np.testing.assert_allclose(embeddings_of(NAME), tiny.configured(pooling="mean").encode(TEXTS), atol=1e-6)


def test_a_model_of_a_package_needs_no_hub() -> None:
    assert fetch("minilm") == find("minilm")
    assert fetch("use-multilingual").is_dir()


# ---- Interruptions


def test_a_download_that_broke_goes_on_where_it_broke(hub: StandInHub, tiny: SimCSE, progress: list[Progress]) -> None:
    hub.cut_at = 1_000_000
    with pytest.raises(ModelError, match=r"stopped after 1 of 4 MB .* goes on from there"):
        fetch(NAME)
    assert not is_here(NAME)
    assert part_of_weights().stat().st_size == 1_000_000
    hub.cut_at = None
    hub.requests.clear()
    fetch(NAME, lambda done, total: progress.append(Progress(done, total)))
    assert hub.asked_for(WEIGHTS) == [1_000_000]
    assert hub.asked_for("tokenizer.json") == []  # it was whole
    assert progress[0].done > 1_000_000
    np.testing.assert_allclose(embeddings_of(NAME), tiny.encode(TEXTS), atol=1e-6)
    assert not list(models_folder().rglob("*.part"))


# ---- The models folder


def test_a_copied_models_folder_works_without_a_network(
    hub: StandInHub, tiny: SimCSE, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch(NAME)
    shutil.copytree(models_folder(), tmp_path / "stick")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "another"))
    assert not is_here(NAME)
    monkeypatch.setenv("SIMCSE_MODELS", str(tmp_path / "stick"))
    assert is_here(NAME)
    np.testing.assert_allclose(embeddings_of(NAME), tiny.encode(TEXTS), atol=1e-6)


def test_a_folder_that_somebody_put_there_is_a_model(source: Path, tiny: SimCSE, folder: Path) -> None:
    shutil.copytree(source, folder)
    assert is_here(NAME)
    np.testing.assert_allclose(embeddings_of(NAME), tiny.encode(TEXTS), atol=1e-6)


def test_a_copy_cut_short_is_refused_and_fetched_anew(hub: StandInHub, folder: Path) -> None:
    fetch(NAME)
    os.truncate(folder / WEIGHTS, 1_000_000)
    assert not is_here(NAME)
    with pytest.raises(ModelError, match=r"incomplete: model\.safetensors is missing or cut short"):
        load(NAME)
    fetch(NAME)
    assert is_here(NAME)
    load(NAME)


def test_a_damaged_copy_is_refused_and_fetched_anew(hub: StandInHub, folder: Path) -> None:
    fetch(NAME)
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(ModelError, match=r"damaged: the SHA-256 of model\.safetensors begins with"):
        load(NAME)
    fetch(NAME)
    load(NAME)


def test_a_damaged_record_is_refused(hub: StandInHub, folder: Path) -> None:
    fetch(NAME)
    (folder / "fetched.json").write_text("{")
    assert not is_here(NAME)
    with pytest.raises(ModelError, match=r"fetched\.json cannot be read"):
        load(NAME)
