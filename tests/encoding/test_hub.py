import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from simcse_core.encoding import catalogue, checksums
from simcse_core.encoding.catalogue import CATALOGUE, find, is_here, load
from simcse_core.encoding.hub import fetch
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.pooling import poolings
from simcse_core.errors import ModelError
from simcse_core.home import models_folder
from tests.stand_in_hub import REVISION, StandInHub, go_online, stand_in_hub, tiny_model, wait_until

TEXTS = ["A cat sleeps.", "Stocks fell.", ""]
NAME = "someone/tiny-bert"
WEIGHTS = "model.safetensors"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, source: Path) -> Iterator[StandInHub]:
    with stand_in_hub(monkeypatch) as hub:
        hub.add(NAME, source)
        yield hub


@pytest.fixture(scope="module")
def tiny(minilm: SimCSE) -> SimCSE:
    return tiny_model(minilm)


@pytest.fixture(scope="module")
def source(tiny: SimCSE, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository as they are: with much that nobody here needs."""
    folder = tmp_path_factory.mktemp("source")
    tiny.save(folder)
    extras = "pytorch_model.bin train.py README.md tf_model.h5 fp16.safetensors .gitattributes 1_Pooling/handler.py"
    for extra in (*extras.split(), "onnx/model.onnx", "onnx/config.json", "openvino/openvino_model.bin"):
        (folder / extra).parent.mkdir(exist_ok=True)
        (folder / extra).write_bytes(b"import os")
    return folder


class Progress(NamedTuple):
    done: int
    total: int


@pytest.fixture
def progress() -> list[Progress]:
    return []


@pytest.fixture
def folder() -> Path:
    return models_folder() / "someone--tiny-bert"


def vectors_of(name: str | Path) -> np.ndarray:
    return load(str(name)).encode(TEXTS)


def part_of_weights() -> Path:
    (part,) = models_folder().glob(".fetching/*/model.safetensors.*.part")
    return part


# ---- What is fetched


def test_a_fetched_model_gives_the_same_vectors(hub: StandInHub, tiny: SimCSE, folder: Path) -> None:
    assert not is_here(NAME)
    assert fetch(NAME) == folder
    assert is_here(NAME)
    assert find(NAME) == folder
    np.testing.assert_allclose(vectors_of(NAME), tiny.encode(TEXTS), atol=1e-6)
    np.testing.assert_allclose(vectors_of(folder), tiny.encode(TEXTS), atol=1e-6)


def test_only_what_is_needed_is_asked_for(hub: StandInHub, folder: Path) -> None:
    fetch(NAME)
    asked = {path for path, _ in hub.requests}
    assert asked == {
        "config.json", "model.safetensors", "modules.json", "sentence_bert_config.json", "tokenizer.json",
        "tokenizer_config.json", "1_Pooling/config.json", "2_Normalize/config.json",
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
        "weights": {WEIGHTS: {"bytes": len(content), "sha256": sha256}},
    }


def test_progress_counts_the_bytes_of_the_whole_model(hub: StandInHub, folder: Path, progress: list[Progress]) -> None:
    hub.slow = True
    fetch(NAME, lambda done, total: progress.append(Progress(done, total)))
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.name != "fetched.json" and path.is_file())
    assert {step.total for step in progress} == {size}
    assert progress == sorted(progress)
    assert len({step.done for step in progress}) >= 3
    assert progress[-1] == (size, size)


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
    np.testing.assert_allclose(vectors_of(NAME), tiny.encode(TEXTS), atol=1e-6)


def test_a_plain_bert(hub: StandInHub, tiny: SimCSE, tmp_path: Path) -> None:
    tiny.bert.save_pretrained(tmp_path / "plain")
    tiny.tokenizer.save_pretrained(tmp_path / "plain")
    hub.add(NAME, tmp_path / "plain")
    np.testing.assert_allclose(vectors_of(NAME), tiny.configured(pooling="mean").encode(TEXTS), atol=1e-6)


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
    np.testing.assert_allclose(vectors_of(NAME), tiny.encode(TEXTS), atol=1e-6)
    assert not list(models_folder().rglob("*.part"))


def test_one_that_breaks_again_and_again_goes_on_by_itself(hub: StandInHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simcse_core.encoding.hub.WAITS", (0.0,))
    hub.cut_at, hub.cuts = 1_000_000, 1
    fetch(NAME)
    assert hub.asked_for(WEIGHTS) == [0, 1_000_000]


def test_ctrl_c_leaves_what_has_arrived(hub: StandInHub) -> None:
    def interrupt(done: int, total: int) -> None:
        if done > total / 2:
            raise KeyboardInterrupt

    hub.slow = True
    with pytest.raises(KeyboardInterrupt):
        fetch(NAME, interrupt)
    size = part_of_weights().stat().st_size
    fetch(NAME)
    assert hub.asked_for(WEIGHTS) == [0, size]
    assert size > 1_000_000


def test_a_hub_that_knows_no_ranges_starts_over(hub: StandInHub, tiny: SimCSE) -> None:
    hub.cut_at, hub.cuts, hub.knows_ranges = 1_000_000, 1, False
    with pytest.raises(ModelError, match="stopped"):
        fetch(NAME)
    fetch(NAME)
    np.testing.assert_allclose(vectors_of(NAME), tiny.encode(TEXTS), atol=1e-6)


def test_part_of_another_revision_is_not_continued(hub: StandInHub, minilm: SimCSE, tmp_path: Path) -> None:
    hub.cut_at, hub.cuts = 1_000_000, 1
    with pytest.raises(ModelError, match="stopped"):
        fetch(NAME)
    newer = tiny_model(minilm)
    newer.save(tmp_path / "newer")
    hub.add(NAME, tmp_path / "newer")
    hub.revision = REVISION[::-1]
    fetch(NAME)
    assert hub.asked_for(WEIGHTS) == [0, 0]
    np.testing.assert_allclose(vectors_of(NAME), newer.encode(TEXTS), atol=1e-6)


def test_two_at_once_share_one_download(hub: StandInHub, progress: list[Progress]) -> None:
    hub.pause = threading.Event()
    with ThreadPoolExecutor() as pool:
        first = pool.submit(fetch, NAME)
        wait_until(lambda: hub.asked_for(WEIGHTS))
        second = pool.submit(fetch, NAME, lambda done, total: progress.append(Progress(done, total)))
        wait_until(lambda: progress)  # the second one waits and tells how far the first one is
        hub.pause.set()
        assert first.result() == second.result()
    assert hub.asked_for(WEIGHTS) == [0]
    assert 0 < progress[0].done < progress[0].total


# ---- What is refused


def test_a_wrong_checksum_is_refused_and_the_file_removed(hub: StandInHub) -> None:
    content = hub.repositories[NAME][WEIGHTS]
    hub.sent_instead[WEIGHTS] = content[:-1] + bytes([content[-1] ^ 1])
    with pytest.raises(ModelError, match=r"model\.safetensors of someone/tiny-bert arrived damaged and was removed"):
        fetch(NAME)
    assert not list(models_folder().rglob("*.safetensors*"))
    hub.sent_instead.clear()
    fetch(NAME)
    assert is_here(NAME)


def test_small_files_are_checked_too(hub: StandInHub) -> None:
    hub.sent_instead["config.json"] = hub.repositories[NAME]["config.json"].replace(b"32", b"64")
    with pytest.raises(ModelError, match=r"config\.json of someone/tiny-bert arrived damaged"):
        fetch(NAME)


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


def test_a_gated_model_is_said(hub: StandInHub) -> None:
    hub.gated = True
    with pytest.raises(ModelError, match=r"gated: its owner wants .* hf auth login"):
        fetch(NAME)


def test_a_mirror_without_checksums_is_refused(hub: StandInHub) -> None:
    hub.sizes = False
    with pytest.raises(ModelError, match="does not say the size and the checksum"):
        fetch(NAME)


def test_what_simcse_cannot_be_is_refused_before_its_weights_are_downloaded(hub: StandInHub) -> None:
    pooling = hub.repositories[NAME]["1_Pooling/config.json"]
    hub.repositories[NAME]["1_Pooling/config.json"] = pooling.replace(b'"cls"', b'"weightedmean"')
    with pytest.raises(ModelError, match="pools by weightedmean"):
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
            assert f"models fetch {name}, and copy its models folder to {models_folder()}" in str(raised.value)


def test_what_is_no_hub_counts_as_no_network(hub: StandInHub) -> None:
    hub.login_page = True
    with pytest.raises(ModelError, match="cannot be reached"):
        fetch(NAME)


def test_offline_mode_counts_at_the_time_of_the_call(hub: StandInHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=r"HF_HUB_OFFLINE forbids .* copy its models folder to"):
        load(NAME)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    load(NAME)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    load(NAME)  # it is there now


def test_a_full_disk_is_said_before_the_download(
    hub: StandInHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=50_000_000)
    monkeypatch.setattr("simcse_core.encoding.hub.shutil.disk_usage", lambda path: usage)
    with pytest.raises(ModelError, match=r"needs 105 MB on the disk, and .* has only 50 MB left"):
        fetch(NAME)
    assert hub.asked_for(WEIGHTS) == []


def test_a_folder_that_cannot_be_written_is_said(
    hub: StandInHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SIMCSE_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(ModelError, match="models cannot be written: Not a directory"):
        fetch(NAME)


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
    np.testing.assert_allclose(vectors_of(NAME), tiny.encode(TEXTS), atol=1e-6)


def test_a_folder_that_somebody_put_there_is_a_model(source: Path, tiny: SimCSE, folder: Path) -> None:
    shutil.copytree(source, folder)
    assert is_here(NAME)
    np.testing.assert_allclose(vectors_of(NAME), tiny.encode(TEXTS), atol=1e-6)


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


# ---- Checksums


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


def test_a_home_that_cannot_be_written_costs_only_time(
    hashed: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    monkeypatch.setenv("SIMCSE_HOME", str(file / "home"))
    assert checksums.sha256(file) == checksums.sha256(file)
    assert len(hashed) == 1


# ---- The catalogue


@pytest.mark.parametrize("card", CATALOGUE.values(), ids=lambda card: card.name)
def test_every_card_says_where_its_model_is_from_and_how_it_pools(card: catalogue.ModelCard) -> None:
    assert (card.package is None) != (card.hub is None)
    assert card.pooling in (*poolings.names(), None)
    assert (card.pooling is None) == (card.layers is None)
    assert is_here(card.name) == (card.hub is None)
    assert card.hub is None or card.hub.count("/") == 1


def test_the_models_that_need_no_network_come_first() -> None:
    assert [card.name for card in CATALOGUE.values()][:2] == ["minilm", "use-multilingual"]
