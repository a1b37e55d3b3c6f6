"""Maps as pages ask for them."""

import numpy as np
import pytest

from simcse_core.errors import InputError
from simcse_core.meaning import projection
from simcse_core.meaning.projection import Recipe, pca, project_together
from simcse_core.meaning.projection.jobs import MapJobs
from tests.meaning.projection.test_jobs import StandIn
from tests.meaning.test_evaluation import unit_rows
from ui.shared import projecting

ROWS = unit_rows(0, 30, 8)
PCA, UMAP = Recipe.of("pca"), Recipe.of("umap")


@pytest.fixture(autouse=True)
def process(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """A server of its own, whose process does what a test says."""
    jobs = MapJobs(StandIn, workers=2)
    monkeypatch.setattr(projecting, "jobs", lambda: jobs)
    projecting.warm()
    assert isinstance(jobs.process, StandIn)
    jobs.process.say("ready")
    return jobs.process


def test_pca_is_there_at_once_and_is_measured_afterwards(process: StandIn) -> None:
    job = projecting.request("rows", ROWS, PCA)
    assert job.result is not None
    np.testing.assert_array_equal(job.result.points, pca(ROWS))
    assert job.result.quality is None
    assert not job.is_over
    process.finish(process.wait_for(1)[0])
    assert job.is_over


def test_several_models_share_a_frame_and_the_first_has_the_map_it_has_alone() -> None:
    other = unit_rows(1, 30, 12)
    job = projecting.request("both", ROWS, PCA, together=[other])
    first, second = project_together([ROWS, other], PCA)
    np.testing.assert_array_equal(job.results[0].points, first.points)
    np.testing.assert_array_equal(job.results[1].points, second.points)
    assert job.result is job.results[0]


def test_a_map_that_was_made_before_needs_no_process_not_even_after_a_restart(
    process: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    projecting.request("rows", ROWS, UMAP)
    process.finish(process.wait_for(1)[0])
    restarted = MapJobs(StandIn, workers=1)
    monkeypatch.setattr(projecting, "jobs", lambda: restarted)
    job = projecting.request("the same under another name", ROWS, UMAP)
    assert job.state == "finished"
    assert job.result is not None
    assert restarted.process is None


def test_what_cannot_be_mapped_fails_at_once_with_the_reason() -> None:
    few = projecting.request("few", ROWS[:3], UMAP)
    assert few.state == "failed"
    assert isinstance(few.error, InputError)
    assert "at least 15 different texts" in str(few.error)
    broken = projecting.request("broken", ROWS * np.nan, PCA)
    assert "no finite numbers" in str(broken.error)
    unlabelled = projecting.request("unlabelled", ROWS, Recipe.of("supervised_umap"))
    assert "needs texts with labels" in str(unlabelled.error)


def test_labels_count_where_the_method_heeds_them_and_nowhere_else(process: StandIn) -> None:
    labels = ["a", "b"] * 15
    projecting.request("rows", ROWS, UMAP, labels=labels)
    projecting.request("rows", ROWS, UMAP)
    supervised = Recipe.of("supervised_umap")
    projecting.request("rows", ROWS, supervised, labels=labels)
    process.finish(process.wait_for(2)[0])
    projecting.request("rows", ROWS, supervised, labels=labels[::-1])
    assert process.wait_for(3) == ["1", "2", "3"]


def test_new_texts_are_placed_at_once_but_by_umap(process: StandIn) -> None:
    points = pca(ROWS)
    job = projecting.place("rows", ROWS, PCA, points, ROWS[:2])
    assert job.result is not None
    np.testing.assert_allclose(job.result.points, points[:2], atol=1e-5)
    near = projecting.place("rows", ROWS, Recipe.of("tsne"), points, ROWS[:2])
    assert near.result is not None
    np.testing.assert_allclose(near.result.points, points[:2], atol=1e-3)  # a text that is there lands on its point
    assert process.made == []
    assert projecting.place("rows", ROWS, UMAP, points, ROWS[:2]).state == "queued"
    assert projecting.place("rows", ROWS, UMAP, points, ROWS[:2]).state == "queued"
    assert process.wait_for(1) == ["1"]
    projecting.place("rows", ROWS, UMAP, points + 1, ROWS[:2])
    assert process.wait_for(2) == ["1", "2"]
    wrong = projecting.place("rows", ROWS, PCA, points[:3], ROWS[:2])
    assert "does not fit" in str(wrong.error)


def test_the_page_knows_of_every_way_to_place_a_text_what_it_is() -> None:
    assert all(entry.places_by.endswith(".") for entry in projection.projections.entries())
