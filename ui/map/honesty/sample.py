"""The texts that stand for all where a dozen maps are computed: at most 500, drawn by chance."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ui.shared import colors

MOST = 500
SHOWN_CLASSES = len(colors.OKABE_ITO) - 1
"""With a colour of their own; grey is for the others."""

Rows = NDArray[np.int64]


def sample_rows(n: int, most: int = MOST, seed: int = 0) -> Rows:
    """Rows drawn without replacement, in their order; all where there are not more.

    Args:
        n: how many there are.
        most: how many are drawn.
        seed: of the draw.
    """
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, most, replace=False))


@dataclass(frozen=True)
class ShownClasses:
    """The largest classes of some texts, each with a colour; the rest is "other"."""

    values: NDArray[np.int32]
    """(N,) positions in `names`; -1 is other or none."""
    names: tuple[str, ...]

    @classmethod
    def of(cls, labels: Sequence[str] | None) -> "ShownClasses | None":
        """The largest classes, in alphabetical order; None without labels.

        Args:
            labels: N of them, "" for none.
        """
        if labels is None:
            return None
        counts = Counter(label for label in labels if label)
        names = tuple(sorted(name for name, _count in counts.most_common(SHOWN_CLASSES)))
        place = {name: position for position, name in enumerate(names)}
        return cls(np.array([place.get(label, -1) for label in labels], dtype=np.int32), names)


def numbered(labels: Sequence[str]) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Every label by its number in alphabetical order, -1 for an empty one; and their names."""
    names = tuple(sorted(set(labels) - {""}))
    place = {name: position for position, name in enumerate(names)}
    return np.array([place.get(label, -1) for label in labels], dtype=np.int32), names
