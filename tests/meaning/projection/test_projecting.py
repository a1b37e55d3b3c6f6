"""Maps by recipe: what is clamped, refused and merged, and where new texts are placed."""

import sys
from io import StringIO
from threading import Thread
from types import ModuleType

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.manifold import trustworthiness as oracle
from tqdm import tqdm

from simcse_core.errors import DataError, InputError, OptionError, ShapeError
from simcse_core.meaning.projection import Note, Projection, Recipe, pca, place, project, projections, trustworthiness
from simcse_core.meaning.projection.by_pacmap import pacmap
from simcse_core.meaning.projection.by_umap import umap_class, without_warnings
from simcse_core.option_fields import OptionField
from tests.meaning.test_evaluation import unit_rows

Matrix = NDArray[np.float32]
FEW = 40


def clusters(count: int = FEW, width: int = 8, seed: int = 0) -> Matrix:
    """Unit rows in four groups, one after the other."""
    chance = np.random.default_rng(seed)
    centres = 2 * np.eye(width)[:4]
    rows = centres[np.arange(count) * 4 // count] + 0.3 * chance.normal(size=(count, width))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@pytest.mark.parametrize("entry", projections.entries(), ids=lambda entry: entry.name)
@pytest.mark.parametrize("dimensions", [2, 3])
def test_every_projection_gives_a_finite_point_for_each_text_and_the_same_for_the_same_seed(
    entry: Projection, dimensions: int
) -> None:
    embeddings, recipe = clusters(), Recipe.of(entry.name, dimensions=dimensions, seed=3)
    labels = ["even", "odd"] * (FEW // 2)
    points = project(embeddings, recipe, labels=labels).points
    assert points.shape == (FEW, dimensions)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    assert trustworthiness(embeddings, points) > (0.6 if entry.name != "supervised_umap" else 0.5)
    np.testing.assert_array_equal(points, project(embeddings, recipe, labels=labels).points)


@pytest.mark.parametrize("entry", projections.entries(), ids=lambda entry: entry.name)
def test_every_option_has_a_range_and_an_explanation(entry: Projection) -> None:
    def is_explained(option: OptionField) -> bool:
        return bool(option.explanation and np.isfinite([option.low, option.high]).all())

    assert [option.name for option in entry.fields if not is_explained(option)] == []
    assert entry.summary
    assert entry.places_by


def test_umap_is_as_trustworthy_as_that_of_umap_learn_with_the_same_parameters() -> None:
    embeddings = clusters(300, 16)
    points = project(embeddings, Recipe.of("umap", options={"n_neighbors": 10})).points
    with without_warnings():
        plain = umap_class()(n_neighbors=10, metric="cosine", random_state=0, n_jobs=1).fit_transform(embeddings)
    ours, theirs = (oracle(embeddings, one, n_neighbors=15, metric="cosine") for one in (points, plain))
    assert ours > theirs - 0.01


def test_umap_tells_how_far_it_is_and_ends_when_it_is_told_so() -> None:
    told: list[tuple[int, int]] = []
    project(clusters(), Recipe.of("umap"), on_progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (500, 500)
    assert [done for done, _total in told] == sorted(done for done, _total in told)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        project(clusters(), Recipe.of("umap", seed=1), on_progress=stop)


def test_more_neighbours_than_texts_are_lowered_and_it_is_said_why() -> None:
    made = project(clusters(20), Recipe.of("umap", options={"n_neighbors": 50}))
    assert [str(note) for note in made.notes] == ["n_neighbors is 19 instead of 50: there are 20 different texts."]
    by_tsne = project(clusters(16), Recipe.of("tsne"))
    assert [str(note) for note in by_tsne.notes] == ["perplexity is 5 instead of 30: there are 16 different texts."]
    assert project(clusters(), Recipe.of("umap")).notes == ()


def test_sixty_texts_of_which_forty_are_the_same_share_points_and_the_others_keep_their_neighbours() -> None:
    different = clusters(21)
    embeddings = np.vstack([different, np.repeat(different[:1], 39, axis=0)])
    made = project(embeddings, Recipe.of("umap"))
    assert [str(note) for note in made.notes] == [
        "39 of 60 texts have the same embedding as another one: they share its point."
    ]
    assert (made.points[21:] == made.points[0]).all()
    np.testing.assert_array_equal(made.points[:21], project(different, Recipe.of("umap")).points)


def test_the_same_vector_for_all_texts_is_one_point_by_pca_and_refused_by_what_goes_by_neighbours() -> None:
    same = np.repeat(unit_rows(0, 1, 8), 60, axis=0)
    made = project(same, Recipe.of("pca"))
    assert not made.points.any()
    assert [str(note) for note in made.notes] == ["All texts have the same embedding: the map is one point."]
    for method in ("umap", "tsne"):
        with pytest.raises(InputError, match=r"at least 15 different texts to mean anything; there are 1\. Use PCA"):
            project(same, Recipe.of(method))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_than_four_texts_have_a_map_by_pca_alone(count: int) -> None:
    few = unit_rows(1, count, 8)
    assert np.isfinite(project(few, Recipe.of("pca", dimensions=3)).points).all()
    with pytest.raises(InputError, match=f"there are {count}"):
        project(few, Recipe.of("umap"))


def test_what_is_no_embedding_is_refused_with_its_row() -> None:
    broken, empty = clusters(), clusters()
    broken[3, 1], empty[5] = np.nan, 0
    with pytest.raises(InputError, match="Embedding 4 holds values that are no finite numbers"):
        project(broken, Recipe.of("pca"))
    with pytest.raises(InputError, match="Embedding 6 is all zeros"):
        project(empty, Recipe.of("umap"))
    with pytest.raises(InputError, match="nothing to project"):
        project(np.zeros((0, 8), np.float32), Recipe.of("umap"))


def test_labels_are_asked_for_where_they_are_needed_and_counted() -> None:
    with pytest.raises(InputError, match="needs texts with labels"):
        project(clusters(), Recipe.of("supervised_umap"))
    with pytest.raises(ShapeError, match="2 labels for 40 texts"):
        project(clusters(), Recipe.of("supervised_umap"), labels=["a", "b"])


def test_umap_with_labels_pulls_those_together_that_have_one_label() -> None:
    """In noise, where nothing else does: the mean of one's own label is nearer than in the map without labels."""
    noise, labels = unit_rows(2, 60, 8), ["a", "b", "c"] * 20

    def apartness(points: Matrix) -> float:
        means = np.array([points[start::3].mean(axis=0) for start in range(3)])
        return float(np.ptp(means, axis=0).mean() / points.std())

    plain = project(noise, Recipe.of("umap")).points
    assert apartness(project(noise, Recipe.of("supervised_umap"), labels=labels).points) > 2 * apartness(plain)


def test_pca_of_many_wide_embeddings_is_that_of_few() -> None:
    """By subspace iteration instead of a square matrix; the oracle is the singular value decomposition."""
    rows = np.random.default_rng(0).normal(size=(1_200, 1_100)) / (1 + np.arange(1_100)) ** 0.5
    embeddings = np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)
    left, sizes, _right = np.linalg.svd(embeddings - embeddings.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(pca(embeddings)), np.abs(left[:, :2] * sizes[:2]), atol=1e-4)


def test_pca_places_a_text_where_its_map_would_show_it_even_if_the_map_was_turned() -> None:
    embeddings, recipe = clusters(), Recipe.of("pca")
    points = pca(embeddings)
    np.testing.assert_allclose(place(embeddings, recipe, points, embeddings[:5]), points[:5], atol=1e-5)
    quarter = np.array([[0, 1], [-1, 0]], dtype=np.float32)
    turned = 3 * points @ quarter + 5
    np.testing.assert_allclose(place(embeddings, recipe, turned, embeddings[:5]), turned[:5], atol=1e-4)


@pytest.mark.parametrize("method", ["umap", "tsne"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_new_text_is_placed_into_its_own_group(method: str, dimensions: int) -> None:
    embeddings, new, group = clusters(80), clusters(20, seed=1), np.arange(80) // 20
    recipe = Recipe.of(method, dimensions=dimensions)
    points = project(embeddings, recipe).points
    placed = place(embeddings, recipe, points, new)
    assert placed.shape == (20, dimensions)
    distances = np.linalg.norm(placed[:, None] - points[None], axis=-1)
    assert (group[distances.argmin(axis=1)] == np.arange(20) // 5).mean() >= 0.9


def test_umap_places_as_its_own_transform_does() -> None:
    """On the very map that umap-learn made: both stand by the same neighbours, moved by chance of another course."""
    embeddings, new = clusters(200, 16), clusters(20, 16, seed=1)
    with without_warnings():
        model = umap_class()(metric="cosine", random_state=0, n_jobs=1).fit(embeddings)
        theirs = model.transform(new)
    ours = place(embeddings, Recipe.of("umap"), model.embedding_, new)
    extent = np.ptp(model.embedding_, axis=0).max()
    assert np.median(np.linalg.norm(ours - theirs, axis=1)) < 0.02 * extent


def test_a_place_on_a_map_that_does_not_fit_is_refused() -> None:
    embeddings = clusters()
    with pytest.raises(ShapeError, match="does not fit"):
        place(embeddings, Recipe.of("umap"), np.zeros((3, 2), np.float32), embeddings)
    with pytest.raises(ShapeError, match="does not fit"):
        place(embeddings, Recipe.of("pca"), pca(embeddings), unit_rows(0, 2, 3))


def test_a_recipe_goes_through_json_and_python_and_keeps_what_differs_from_the_defaults() -> None:
    recipe = Recipe.of("umap", dimensions=3, seed=7, options={"n_neighbors": 5, "min_dist": 0.1})
    assert recipe.options == (("n_neighbors", 5),)
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert hash(Recipe.from_json(recipe.to_json())) == hash(recipe)
    assert (
        eval(recipe.to_python(), {"project": lambda _rows, made: made, "embeddings": None, "Recipe": Recipe}) == recipe
    )
    assert recipe.option_values == {"n_neighbors": 5, "min_dist": 0.1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "3",
        '{"method": 1}',
        '{"method": "pca", "dimensions": "2"}',
        '{"method": "pca", "options": []}',
        "[" * 9_999,
    ],
)
def test_what_is_no_recipe_is_said(text: str) -> None:
    with pytest.raises(DataError, match="not the settings of a map"):
        Recipe.from_json(text)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"method": "umapp"}, "Unknown projection 'umapp'"),
        ({"method": "umap", "dimensions": 4}, "2, 3 dimensions; 4"),
        ({"method": "umap", "seed": -1}, "The seed is -1"),
        ({"method": "umap", "options": {"n_neighbors": 1}}, "n_neighbors is 1: at least 2"),
        ({"method": "umap", "options": {"min_dist": float("nan")}}, "min_dist is nan"),
        ({"method": "pca", "options": {"n_neighbors": 5}}, "pca has no option 'n_neighbors'"),
    ],
)
def test_a_recipe_is_checked(values: dict[str, object], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        Recipe.of(**values)  # type: ignore[arg-type]  # that is what is tried


def test_a_note_holds_its_values_beside_its_template() -> None:
    assert str(Note("{count} texts", (("count", 3),))) == "3 texts"


def test_pacmap_is_handed_its_options(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is offered only where its package is installed."""
    assert "pacmap" not in projections.names() or "pacmap" in sys.modules
    given: dict[str, object] = {}

    class PaCMAP:
        def __init__(self, **options: object) -> None:
            given.update(options)

        def fit_transform(self, embeddings: Matrix, init: str) -> Matrix:
            return embeddings[:, :2]

    package = ModuleType("pacmap")
    package.PaCMAP = PaCMAP  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "pacmap", package)
    assert pacmap(clusters(), n_neighbors=7, far_ratio=3.0, seed=2).shape == (FEW, 2)
    assert given == {"n_components": 2, "n_neighbors": 7, "FP_ratio": 3.0, "random_state": 2}


def test_a_progress_that_raises_ends_the_map_and_keeps_no_other_thread_waiting() -> None:
    """What UMAP draws its bar with writes under a lock of the whole process."""

    def cancel(_done: int, total: int) -> None:
        if total > 1:  # UMAP's rounds
            raise InterruptedError

    rows = clusters()
    with pytest.raises(InterruptedError):
        project(rows, Recipe.of("umap"), on_progress=cancel)
    other = Thread(target=lambda: tqdm(range(1), file=StringIO()).close(), daemon=True)
    other.start()
    other.join(30)
    assert not other.is_alive()
