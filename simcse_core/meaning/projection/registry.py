"""The registry of projections: what each one is called, needs, and can be told."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import OptionError
from simcse_core.registry import Choices, Entry, options_of, summary_of

Points = NDArray[np.float32]
"""(N, 2) or (N, 3)."""

Project = Callable[..., Points]
"""(N, D) embeddings to points. Of `ARGUMENTS` it takes what it needs, by name; its other keywords are its options."""

Place = Callable[..., Points]
"""(N, D) embeddings, their points, and (M, D) new embeddings to the points of the new ones. Of the arguments and
options of the method it takes what it needs, by name."""

ARGUMENTS = ("dimensions", "seed", "labels", "on_progress")
"""What every projection may ask for by these names; not options of one method."""

BY_NEIGHBOURS = "A new text stands between its nearest neighbours: this method has no way of its own to place one."


@dataclass(frozen=True)
class AtMost:
    """Mark of an option that few texts lower: it may not be more than `share_of(number of texts)`."""

    share_of: Callable[[int], float]


@dataclass(frozen=True)
class Projection(Entry[Project]):
    """One way to make a map."""

    title: str
    """What it is called above its map."""
    fewest: int
    """Different texts that it needs to mean anything."""
    is_instant: bool
    """Whether a page can wait for it; others are computed in another process."""
    while_waiting: str
    """What somebody who waits for it should know; pages translate it."""
    needs_labels: bool
    """Whether it can only be had of texts with labels."""
    merges_same: bool
    """Whether texts with the same embedding are projected once and share a point: in a method that goes by nearest
    neighbours they would only have each other."""
    placing: Place | None
    """How it places new embeddings; None: by their nearest neighbours."""
    places_by: str
    """The same in a sentence; pages translate it."""
    takes: frozenset[str]
    """Which of `ARGUMENTS` its function takes."""

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Of the maps it makes."""
        return (2, 3) if "dimensions" in self.takes else (2,)

    def points(self, embeddings: Embeddings, arguments: Mapping[str, object], options: Mapping[str, object]) -> Points:
        """The map of (N, D) embeddings; of the arguments the function gets what it takes.

        Raises:
            OptionError: it makes no maps of so many dimensions.
        """
        if arguments.get("dimensions", 2) not in self.dimensions:
            raise OptionError(
                "{method} makes maps of 2 dimensions only; {given} were asked for.",
                method=self.title,
                given=arguments["dimensions"],
            )
        taken = {name: value for name, value in arguments.items() if name in self.takes}
        return np.asarray(self.function(embeddings, **taken, **options), dtype=np.float32)

    def placed(
        self, embeddings: Embeddings, points: Points, new: Embeddings, values: Mapping[str, object]
    ) -> Points | None:
        """(M, dimensions) points of (M, D) new embeddings; None when it has no way of its own.

        Args:
            embeddings, points: of the map.
            new: to place.
            values: arguments and options by name; the function that places gets what it takes.
        """
        if self.placing is None:
            return None
        takes = inspect.signature(self.placing).parameters
        taken = {name: value for name, value in values.items() if name in takes}
        return np.array(self.placing(embeddings, points, new, **taken), dtype=np.float32)


class Projections(Choices[Projection]):
    """The projections, in the order in which they registered."""

    def register(
        self,
        name: str,
        *,
        title: str = "",
        fewest: int = 1,
        is_instant: bool = False,
        while_waiting: str = "",
        needs_labels: bool = False,
        merges_same: bool = False,
        placing: Place | None = None,
        places_by: str = BY_NEIGHBOURS,
    ) -> Callable[[Project], Project]:
        """Decorator: make the function choosable under `name`. The arguments are those of `Projection`."""

        def add(function: Project) -> Project:
            self.add(
                Projection(
                    name,
                    function,
                    summary_of(function),
                    options_of(function, name, leaving_out=ARGUMENTS),
                    title=title or name,
                    fewest=fewest,
                    is_instant=is_instant,
                    while_waiting=while_waiting,
                    needs_labels=needs_labels,
                    merges_same=merges_same,
                    placing=placing,
                    places_by=places_by,
                    takes=frozenset(ARGUMENTS) & frozenset(inspect.signature(function).parameters),
                )
            )
            return function

        return add


projections = Projections("projection")
