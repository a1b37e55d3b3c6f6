"""What a map is made by, and what comes out: types that go through addresses, files, and between processes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from simcse_core.errors import DataError, OptionError
from simcse_core.meaning.projection.registry import Points, projections


@dataclass(frozen=True)
class Note:
    """What has to be said of a map, as a template beside its values: a page shows it in another language.

    Example:
        >>> str(Note("{option} is {used}.", (("option", "n_neighbors"), ("used", 11))))
        'n_neighbors is 11.'
    """

    template: str
    values: tuple[tuple[str, str | int | float], ...] = ()

    def __str__(self) -> str:
        return self.template.format(**dict(self.values))


@dataclass(frozen=True)
class Recipe:
    """How a map is made from embeddings: with them it is all that the map depends on. Closeness is always the cosine.

    `Recipe.of` checks its values; every other way to make one is for values that were checked.
    """

    method: str
    """A name in `projections`."""
    dimensions: int = 2
    """2 or 3."""
    options: tuple[tuple[str, float], ...] = ()
    """Those of the method that are not at their default, sorted by name."""
    seed: int = 0

    @classmethod
    def of(
        cls, method: str, *, dimensions: int = 2, seed: int = 0, options: Mapping[str, object] | None = None
    ) -> "Recipe":
        """A recipe with checked values.

        Raises:
            OptionError: there is no such method or option, or a value is out of range.
        """
        entry = projections[method]
        values = entry.with_options(options or {})
        if dimensions not in entry.dimensions:
            raise OptionError(
                "A map by {method} has {choices} dimensions; {given} were asked for.",
                method=entry.title,
                choices=", ".join(map(str, entry.dimensions)),
                given=dimensions,
            )
        if not 0 <= seed < 2**32:
            raise OptionError("The seed is {given}: it has to be a whole number from 0 to 2³² - 1.", given=seed)
        defaults = {option.name: option.default for option in entry.fields}
        unusual = {name: value for name, value in values.items() if value != defaults[name]}
        return cls(method, dimensions, tuple(sorted(unusual.items())), seed)

    @property
    def option_values(self) -> dict[str, float]:
        """All options of the method with their values, defaults among them."""
        return projections[self.method].with_options(dict(self.options))

    def to_json(self) -> str:
        """One line; `from_json` reads it."""
        return json.dumps(
            {
                "method": self.method,
                "dimensions": self.dimensions,
                "seed": self.seed,
                "options": dict(self.options),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """What `to_json` wrote, or somebody changed in an address: everything is checked.

        Raises:
            DataError: it is no recipe.
            OptionError: as for `of`.
        """
        try:
            values = json.loads(text)
            method, options = values["method"], values.get("options", {})
            dimensions, seed = values.get("dimensions", 2), values.get("seed", 0)
            if not (isinstance(method, str) and isinstance(options, dict) and _are_whole(dimensions, seed)):
                raise TypeError
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise DataError("These are not the settings of a map: {given}", given=text[:80]) from None
        return cls.of(method, dimensions=dimensions, seed=seed, options=options)

    def to_python(self) -> str:
        """The call of `project` that makes this map from `embeddings`."""
        keywords = [f"dimensions={self.dimensions}", f"seed={self.seed}"]
        if self.options:
            keywords.append(f"options={dict(self.options)!r}")
        labels = ", labels=labels" if projections[self.method].needs_labels else ""
        return f"project(embeddings, Recipe.of({self.method!r}, {', '.join(keywords)}){labels})"


def _are_whole(*values: object) -> bool:
    return all(isinstance(value, int) and not isinstance(value, bool) for value in values)


@dataclass(frozen=True)
class Projected:
    """A map."""

    points: Points
    """(N, dimensions), finite."""
    notes: tuple[Note, ...] = field(default=())
    """What was done otherwise than asked for, and why."""
