"""The groups by which sizes and distances are read off a map: the labels of the texts, else what is found in them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import UserError
from simcse_core.plain import shortened
from ui.map import grouping, marks
from ui.map.honesty.sample import numbered
from ui.map.source import MapSource
from ui.shared.names import label_name

FEWEST, MOST = 3, 40
"""Labels; with fewer there is nothing to compare, and more nobody reads off a map."""
LONGEST = 30


@dataclass(frozen=True, eq=False)
class ShownGroups:
    """Groups of N texts."""

    of: NDArray[np.int32]
    """(N,) from 0; -1 for none."""
    names: tuple[str, ...]
    are_labels: bool

    @property
    def count(self) -> int:
        return len(self.names)

    @classmethod
    def none(cls, n: int) -> "ShownGroups":
        """N texts of which nothing is known."""
        return cls(np.full(n, -1, dtype=np.int32), (), are_labels=False)


def of(source: MapSource) -> ShownGroups | None:
    """The classes of the labels where there are some, but not too many; else the groups that are found.

    None while they are being found, which the page says where this is called.
    """
    labels = source.texts.labels
    if labels is not None:
        values, names = numbered(labels)
        if FEWEST <= len(names) <= MOST:
            read = (label_name(name, is_bundled=source.texts.is_bundled) for name in names)
            return ShownGroups(values, tuple(shortened(name, LONGEST) for name in read), are_labels=True)
    try:
        named = grouping.named(source, marks.of(source.texts.key, len(source)))
    except UserError:  # there can be none
        return ShownGroups.none(len(source))
    if named is None:
        return None
    return ShownGroups(named.grouping.groups.of, tuple(shortened(name, LONGEST) for name in named.names), False)
