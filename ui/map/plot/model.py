"""What a map shows: texts as points, their colours, groups and marks. It knows no screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Layout:
    """Where the texts are, by one method or at one step."""

    name: str
    """Once among the layouts of a plot."""
    title: str
    points: NDArray[np.float32]
    """(N, 2) or (N, 3), finite."""


@dataclass(frozen=True, eq=False)
class Classes:
    """A class of each text, as colour and shape. Of more than eight the seven largest are drawn, others are "other"."""

    values: NDArray[np.integer[Any]]
    """(N,) positions in `names`; -1 for none."""
    names: Sequence[str]
    title: str = ""
    none: str = ""
    """What the legend calls texts without a class; "none" unless said."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """A number of each text, as colour."""

    values: NDArray[np.floating[Any]]
    """(N,); NaN for none."""
    low: float
    high: float
    """The ends of the scale; what lies outside has the colour of its end."""
    title: str = ""
    kind: Literal["cosine", "sequential"] = "sequential"
    """ "cosine" is the project's PuOr, white in the middle between `low` and `high`."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A text that was put onto a finished map; drawn as a diamond with its words."""

    text: str
    points: Mapping[str, Sequence[float]]
    """By the name of the layout, in its coordinates; where one is missing, the text is not drawn."""


@dataclass(frozen=True, eq=False)
class Plot:
    """All that a map shows. Zoom, hidden classes and the cursor stay while `content` is the same.

    Raises:
        ValueError: something does not have N rows, or a point is not finite.
    """

    content: str
    """Names the texts."""
    texts: Sequence[str]
    layouts: tuple[Layout, ...]
    """In the order of the steps. Points keep their identity from one to the next."""
    shown: str = ""
    """The layout to be at, by name; the last one unless said."""
    color: Classes | Numbers | None = None
    unsure: NDArray[np.floating[Any]] | None = None
    """(N,) share of true neighbours that the layout keeps; NaN where it is not known."""
    groups: NDArray[np.integer[Any]] | None = None
    """(N,) positions in `group_names`; -1 for none."""
    group_names: tuple[str, ...] = ()
    """Stand at their points where they have room. One that is empty is not drawn."""
    chosen: int | None = None
    neighbours: tuple[tuple[int, float], ...] = ()
    """Rows and cosines of the nearest texts of `chosen` in the original space."""
    selection: Bools | None = None
    found: Bools | None = None
    """What a search has found; ringed."""
    left_out: Bools | None = None
    """Not drawn."""
    placed: tuple[Placed, ...] = ()
    trails: tuple[int, ...] = ()
    """Rows whose way from the first layout to the last is drawn."""
    steps: bool = False
    """The layouts are steps in one shared frame: play, step and scrub between them."""
    density: Literal["auto", "on", "off"] = "auto"
    small: bool = False
    """One of several: no tools, no legend."""
    title: str = ""
    """Above a saved picture."""
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """More cells of the N texts by their column, shown with a text that is pointed at, where they are not too much."""

    def __post_init__(self) -> None:
        if not self.layouts:
            raise ValueError("a plot needs a layout")
        if self.shown and self.shown not in {layout.name for layout in self.layouts}:
            raise ValueError(f"there is no layout {self.shown!r}")
        columns = {
            **{f"layout {layout.name}": layout.points for layout in self.layouts},
            "color": None if self.color is None else self.color.values,
            "unsure": self.unsure,
            "groups": self.groups,
            "selection": self.selection,
            "found": self.found,
            "left_out": self.left_out,
            **{f"column {name}": cells for name, cells in self.labels.items()},
        }
        for name, column in columns.items():
            if column is not None and len(column) != self.count:
                raise ValueError(f"{name} has {len(column)} rows for {self.count} texts")
        for layout in self.layouts:
            if layout.points.ndim != 2 or layout.points.shape[1] not in (2, 3) or not np.isfinite(layout.points).all():
                raise ValueError(f"layout {layout.name} needs finite points (N, 2) or (N, 3)")

    @property
    def count(self) -> int:
        return len(self.texts)

    @property
    def place(self) -> int:
        """Which of the layouts is shown."""
        names = [layout.name for layout in self.layouts]
        return names.index(self.shown) if self.shown else len(names) - 1


@dataclass(frozen=True, eq=False)
class Touched:
    """What somebody last did on a map of these texts."""

    chosen: int | None = None
    """A row; None before, and when the choice was taken back."""
    selection: Bools | None = None
    """(N,) what lasso, box or keys have selected; None for nothing."""
    latest: Literal["", "chosen", "selection"] = ""
    """Which of the two changed last."""
    at: float = 0.0
    """When, in milliseconds of the browser's clock: tells a new touch from one that was dealt with."""
