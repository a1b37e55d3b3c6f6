"""Which small maps stand beside each other: four seeds of a method, and twelve settings of UMAP or t-SNE."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from simcse_core.meaning.projection import Recipe, projections

SEEDS = 4
GRIDS: Mapping[str, tuple[tuple[str, tuple[float, ...]], ...]] = {
    "umap": (("n_neighbors", (5, 15, 50, 100)), ("min_dist", (0.0, 0.1, 0.5))),
    "tsne": (("perplexity", (5, 15, 30, 50)),),
}
"""By method, the options that change and their values; the first goes along the rows."""
USUAL = "umap"
"""Stands for methods without such options."""


@dataclass(frozen=True)
class Grid:
    """Settings of one method."""

    method: str
    options: tuple[tuple[str, tuple[float, ...]], ...]
    """With the values that there are texts enough for."""

    @classmethod
    def of(cls, recipe: Recipe, count: int) -> "Grid":
        """The settings beside which a recipe stands.

        Args:
            recipe: of the large map.
            count: of the texts on each small one: numbers of neighbours are below it.
        """
        method = recipe.method if recipe.method in GRIDS else USUAL
        return cls(method, tuple((name, _below(values, count)) for name, values in GRIDS[method]))

    @property
    def columns(self) -> int:
        return len(self.options[0][1])

    @property
    def heads(self) -> tuple[list[str], list[str]]:
        """Of the columns and of the rows; none where only one option changes."""
        if len(self.options) < 2:
            return [], []
        across, down = ([f"{name} {value:g}" for value in values] for name, values in self.options)
        return across, down

    def recipes(self) -> list[Recipe]:
        """Row by row."""
        names, values = zip(*reversed(self.options), strict=True)
        return [Recipe.of(self.method, options=dict(zip(names, one, strict=True))) for one in product(*values)]


def _below(values: Sequence[float], count: int) -> tuple[float, ...]:
    return tuple(value for value in values if value < count) or tuple(values[:1])


def seeds(recipe: Recipe) -> list[Recipe]:
    """The recipe with its own seed and the three after the first, in the plane."""
    flat = replace(recipe, dimensions=2)
    return [replace(flat, seed=seed) for seed in range(recipe.seed, recipe.seed + SEEDS)]


def has_chance(method: str) -> bool:
    """Whether another seed gives another map: what is there at once finds the same axes from every seed."""
    return "seed" in projections[method].takes and not projections[method].is_instant


def in_words(recipe: Recipe) -> str:
    """The options of a small map, as they are called everywhere."""
    varied = {name for name, _values in GRIDS.get(recipe.method, ())}
    return ", ".join(f"{name} {value:g}" for name, value in recipe.option_values.items() if name in varied)


def stored_recipes() -> list[Recipe]:
    """Those whose maps of the bundled texts come with the app."""
    usual = Recipe.of(USUAL)
    return list(dict.fromkeys([*seeds(usual), *Grid.of(usual, 10**6).recipes()]))
