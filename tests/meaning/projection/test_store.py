"""Maps on the disk."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from simcse_core.meaning.projection import Note, Recipe, measure_quality, pca, store
from simcse_core.meaning.projection.store import MapResult
from tests.meaning.test_evaluation import unit_rows

ROWS = unit_rows(0, 20, 8)
RESULT = MapResult(
    pca(ROWS), (Note("{option} is {used:g}.", (("option", "x"), ("used", 2))),), measure_quality(ROWS, pca(ROWS))
)
RECIPE = Recipe.of("pca")


def files(home: Path) -> list[Path]:
    return sorted((home / "cache" / "maps").glob("*"))


def test_maps_come_back_as_they_were(home: Path) -> None:
    without_quality = MapResult(RESULT.points[:, :1], ())
    store.write("a" * 64, [RESULT, without_quality])
    read = store.read("a" * 64)
    assert read is not None
    first, second = read
    np.testing.assert_array_equal(first.points, RESULT.points)
    assert first.notes == RESULT.notes
    assert str(first.notes[0]) == "x is 2."
    assert first.quality is not None
    assert RESULT.quality is not None
    np.testing.assert_array_equal(first.quality.kept, RESULT.quality.kept)
    assert first.quality.trustworthiness == RESULT.quality.trustworthiness
    assert second.quality is None
    assert store.read("b" * 64) is None


def test_a_damaged_file_is_no_map_and_makes_room_for_a_new_one(home: Path) -> None:
    store.write("a" * 64, [RESULT])
    (file,) = files(home)
    whole = file.read_bytes()
    for damaged in (b"", whole[:100], whole[:-50], b"not a map at all"):
        file.write_bytes(damaged)
        assert store.read("a" * 64) is None
        assert not file.exists()


def test_pickled_objects_are_not_read(home: Path) -> None:
    store.write("a" * 64, [RESULT])
    (file,) = files(home)
    np.savez(file, about=np.array([{}], dtype=object))
    assert store.read("a" * 64) is None


def test_the_maps_that_were_not_used_for_longest_make_room(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_MAP_CACHE_MEGABYTES", "2")
    large = MapResult(np.zeros((90_000, 2), dtype=np.float32), ())  # 0.7 MB
    for age, name in ((20, "a"), (10, "b")):
        store.write(name * 64, [large])
        then = time.time() - age
        os.utime(home / "cache" / "maps" / f"{name * 64}.npz", (then, then))
    assert store.read("a" * 64) is not None  # now it is b that was not used for longest
    store.write("c" * 64, [large])
    assert [file.name[0] for file in files(home)] == ["a", "c"]


def test_a_home_that_cannot_be_written_costs_no_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "file"))
    store.write("a" * 64, [RESULT])
    assert store.read("a" * 64) is None


def test_the_key_is_of_all_that_a_map_depends_on() -> None:
    changed = ROWS.copy()
    changed[7, 3] += 1e-6
    keys = [
        store.key_of([ROWS], RECIPE),
        store.key_of([changed], RECIPE),
        store.key_of([ROWS, ROWS], RECIPE),
        store.key_of([ROWS.reshape(40, 4)], RECIPE),
        store.key_of([ROWS], Recipe.of("pca", dimensions=3)),
        store.key_of([ROWS], Recipe.of("pca", seed=1)),
        store.key_of([ROWS], RECIPE, ["a"] * 20),
        store.key_of([ROWS], RECIPE, ["b"] * 20),
    ]
    assert len(set(keys)) == len(keys)
    assert store.key_of([ROWS.copy()], Recipe.of("pca")) == keys[0]
