"""One map laid onto another: Procrustes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import ShapeError
from simcse_core.meaning.projection.registry import Points


@dataclass(frozen=True)
class Alignment:
    """A rotation or reflection, one scale and a shift. It changes no neighbourhood."""

    turn: NDArray[np.float64]
    """(d, d), orthogonal."""
    scale: float
    from_centre: NDArray[np.float64]
    """(d,)."""
    to_centre: NDArray[np.float64]
    """(d,)."""

    @classmethod
    def of(cls, points: Points, reference: Points) -> "Alignment":
        """The one that brings points closest to a reference, in the sum of squared distances row by row.

        Args:
            points: (N, d).
            reference: (N, d).

        Raises:
            ShapeError: they differ in shape.

        Source: Gower 1975, generalised Procrustes analysis, for two configurations.
        """
        if points.shape != reference.shape:
            raise ShapeError("Maps of one shape can be aligned: got {a} and {b}.", a=points.shape, b=reference.shape)
        from_centre, to_centre = (one.mean(axis=0, dtype=np.float64) for one in (points, reference))
        moved, target = points - from_centre, reference - to_centre
        left, sizes, right = np.linalg.svd(moved.T @ target)
        spread = float((moved**2).sum())
        # A map that is one point, or a reference that is one, says nothing of a scale.
        scale = float(sizes.sum()) / spread if spread > 0 and sizes.sum() > 0 else 1.0
        return cls(left @ right, scale, from_centre, to_centre)

    def apply(self, points: Points) -> Points:
        """(M, d) points of the first map in the frame of the reference."""
        return np.asarray(self.scale * (points - self.from_centre) @ self.turn + self.to_centre, dtype=np.float32)
