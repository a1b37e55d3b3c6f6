"""The map that lies with a run: it comes back as it was, travels in the bundle, and nothing else is taken for one."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from simcse_core.errors import RunError
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.projection import Recipe, measure_quality, project
from simcse_core.meaning.projection.store import MapResult
from simcse_core.runs import bundle_contents, run_map, store
from simcse_core.runs.bundles import read_bundle, write_bundle
from simcse_core.runs.config import RunConfig, describe
from simcse_core.runs.execute import execute
from simcse_core.runs.run_map import RunMap, digest_of

TEXTS = tuple(f"text {number}" for number in range(20))
RECIPE = Recipe.of("umap", seed=3, options={"n_neighbors": 5})


@pytest.fixture(scope="module")
def result() -> MapResult:
    rows = np.random.default_rng(0).normal(size=(20, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    points = project(rows, Recipe.of("pca")).points
    return MapResult(points, (), measure_quality(rows, points))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> store.Run:
    settings = TrainingSettings(tune="head", steps=1, loss="supcon")
    config = describe(RunConfig(data="intents-zh", model="use-multilingual", settings=settings))
    made = store.create(config, tmp_path_factory.mktemp("runs") / "run", owner="me")
    execute(made, lambda _: None)
    return made


def test_a_map_comes_back_and_travels_in_the_bundle(run: store.Run, result: MapResult, tmp_path: Path) -> None:
    assert run_map.read(run) is None
    run_map.write(run, RunMap.of(RECIPE, TEXTS, result), "me")
    write_bundle(run, tmp_path / "bundle.zip")
    for one in (run, read_bundle(tmp_path / "bundle.zip", owner="somebody")):
        kept = run_map.read(one)
        assert kept is not None
        assert kept.made_by == RECIPE
        assert kept.texts_sha256 == digest_of(TEXTS)
        np.testing.assert_allclose(kept.result().points, result.points, atol=1e-5)
        assert kept.result().quality is not None
        assert result.quality is not None
        np.testing.assert_allclose(kept.result().quality.kept, result.quality.kept, atol=1e-4)  # type: ignore[union-attr]


def test_only_an_owner_keeps_a_map(run: store.Run, result: MapResult) -> None:
    with pytest.raises(RunError, match="somebody else's"):
        run_map.write(run, RunMap.of(RECIPE, TEXTS, result), "a stranger")


@pytest.mark.parametrize(
    "change",
    [
        {"points": [[0.0, 1.0, 2.0]] * 20},
        {"points": [[0.0, 1.0]]},
        {"points": [["x", 1.0]] * 20},
        {"recipe": '{"method": "nothing"}'},
        {"recipe": "x" * 3_000},
        {"kept": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_is_no_map_is_none_in_a_run_and_refused_in_a_bundle(
    run: store.Run, result: MapResult, tmp_path: Path, change: dict[str, object]
) -> None:
    changed = json.dumps({**RunMap.of(RECIPE, TEXTS, result).model_dump(), **change})
    (tmp_path / run_map.NAME).write_text(changed)
    with pytest.raises(RunError, match=r"map\.json of the bundle is damaged"):
        run_map.from_bundle(tmp_path)
    (run.folder / run_map.NAME).write_text(changed)
    assert run_map.read(run) is None
    write_bundle(run, tmp_path / "bundle.zip")
    with zipfile.ZipFile(tmp_path / "bundle.zip") as packed:
        assert run_map.NAME not in packed.namelist(), "a damaged map stays where it is"
    assert bundle_contents.FORMAT == 1
