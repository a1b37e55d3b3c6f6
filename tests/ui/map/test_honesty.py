"""What the honesty views say and choose, without a page."""

import numpy as np
import pytest

from simcse_core.meaning.projection import Recipe, projections
from ui.map.honesty import counting, grids, noise, panels, seeds, settings
from ui.map.honesty.counting import Counted
from ui.map.honesty.maps import SmallMap
from ui.map.honesty.sample import MOST, ShownClasses, numbered, sample_rows
from ui.shared import option_widgets

RNG = np.random.default_rng(0)


def test_a_sample_is_everything_up_to_its_size_and_a_fixed_draw_without_repeats_above() -> None:
    np.testing.assert_array_equal(sample_rows(MOST), np.arange(MOST))
    rows = sample_rows(20_000)
    assert len(rows) == len(set(rows.tolist())) == MOST
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, sample_rows(20_000))
    assert rows.mean() == pytest.approx(10_000, rel=0.1)  # over the whole range


def test_the_largest_classes_have_colours_and_the_rest_is_other() -> None:
    labels = [f"class {number}" for number in range(12) for _again in range(number + 1)] + [""]
    classes = ShownClasses.of(labels)
    assert classes is not None
    assert classes.names == tuple(sorted(f"class {number}" for number in range(5, 12)))
    assert classes.values[-1] == -1
    for label, value in zip(labels, classes.values, strict=True):
        assert value == -1 or classes.names[value] == label
    assert ShownClasses.of(None) is None


def test_labels_are_numbered_in_their_order_and_empty_ones_have_no_number() -> None:
    values, names = numbered(["b", "", "a", "b"])
    assert names == ("a", "b")
    assert values.tolist() == [1, -1, 0, 1]


@pytest.mark.parametrize("entry", projections.entries(), ids=lambda entry: entry.name)
def test_every_method_has_settings_beside_it_that_fit_the_texts(entry: object) -> None:
    grid = grids.Grid.of(Recipe.of(entry.name), 60)  # type: ignore[attr-defined]
    made = grid.recipes()
    assert len(made) == len(set(made)) > 1
    assert len(made) % grid.columns == 0
    for recipe in made:
        assert recipe.option_values.get("n_neighbors", 2) < 60
        assert grids.in_words(recipe)


def test_the_grid_of_umap_goes_row_by_row_with_its_neighbours_along_a_row() -> None:
    made = grids.Grid.of(Recipe.of("umap"), 500).recipes()
    assert [recipe.option_values["n_neighbors"] for recipe in made[:4]] == [5, 15, 50, 100]
    assert len({recipe.option_values["min_dist"] for recipe in made[:4]}) == 1
    assert grids.in_words(made[0]) == "n_neighbors 5, min_dist 0"


def test_the_recipe_of_the_page_is_the_first_of_four_seeds_in_the_plane() -> None:
    made = grids.seeds(Recipe.of("umap", dimensions=3, seed=7, options={"min_dist": 0.5}))
    assert [recipe.seed for recipe in made] == [7, 8, 9, 10]
    assert {(recipe.dimensions, recipe.option_values["min_dist"]) for recipe in made} == {(2, 0.5)}
    assert not grids.has_chance("pca")
    assert grids.has_chance("umap")


def test_points_are_sent_as_whole_numbers_in_proportion() -> None:
    points = np.array([[-1, 0], [3, 0], [1, 1]], dtype=np.float32)
    np.testing.assert_array_equal(panels.quantised(points, 100), [[0, 38], [100, 38], [50, 62]])
    np.testing.assert_array_equal(panels.quantised(points[:1], 100), [[50, 50]])


def test_agreement_of_seeds_in_words() -> None:
    said = seeds.in_words(np.array([0.0, 0.2, 0.4, 1.0] * 25, dtype=np.float32), 4)
    assert "Two of these 4 maps share 40% of a text's 5 nearest on average; by chance it would be 5%." in said
    assert "Hollow: 50 of 100 texts" in said


def test_settings_in_words_name_the_best_and_how_far_the_maps_agree() -> None:
    points = RNG.standard_normal((40, 2)).astype(np.float32)
    first, second = grids.Grid.of(Recipe.of("umap"), 40).recipes()[:2]
    said = settings.in_words([SmallMap(first, points, 0.7), SmallMap(second, points * 2, 0.9)])
    assert said.startswith("Trustworthiness is 0.70 to 0.90, highest at n_neighbors 15, min_dist 0.")
    assert "Two of these 2 maps share 100% of a text's 5 nearest on average." in said
    undefined = settings.in_words([SmallMap(first, points, float("nan")), SmallMap(second, points, float("nan"))])
    assert undefined.startswith("Two of these")


def test_islands_are_counted_where_points_lie_in_heaps_and_nowhere_else() -> None:
    heaps = np.concatenate([RNG.standard_normal((60, 2)) * 0.1 + middle for middle in ((0, 0), (9, 0), (0, 9))])
    assert counting.islands(heaps.astype(np.float32)) == 3
    assert counting.islands(heaps[:3].astype(np.float32)) == 0
    assert counting.islands(np.zeros((200, 2), dtype=np.float32)) == 0


def test_noise_in_words_sets_the_map_beside_the_original_space() -> None:
    said = noise.in_words(Counted(8, 6, 0.5), Counted(11, 0, 0.1))
    assert said == (
        "On the map of noise 11 groups can be circled; in the noise itself 0 are found. Among the texts it is 8 on the "
        "map and 6 in the original space."
    )


def test_whole_options_have_whole_values_and_what_a_link_asks_for_is_among_them() -> None:
    neighbours = next(field for field in projections["umap"].fields if field.name == "n_neighbors")
    assert all(isinstance(value, int) for value in option_widgets.few_values(neighbours).values())
    asked = option_widgets.few_values(neighbours, ["5", "1000", "nan", "hostile"])
    assert set(asked) - set(option_widgets.few_values(neighbours)) == {"5"}
