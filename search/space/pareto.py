"""Points that no other beats, and the volume that they dominate; all coordinates are made small."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Not public in Optuna, and so imported in this place only.
from optuna._hypervolume import compute_hypervolume

__all__ = ["hypervolume", "non_dominated"]

Floats = npt.NDArray[np.float64]


def non_dominated(points: Floats) -> npt.NDArray[np.int64]:
    """Positions of the points that no other dominates, rising; of equal points only the first.

    A point dominates another when it is at most as large in every coordinate and smaller in one.

    Args:
        points: ``(points, objectives)``.
    """
    chosen: list[int] = []
    # Sorted so, the first point is dominated by none of the others.
    left = np.lexsort((np.arange(len(points)), *points.T[::-1]))
    while len(left):
        chosen.append(int(left[0]))
        left = left[np.any(points[left] < points[left[0]], axis=1)]
    return np.array(sorted(chosen), dtype=np.int64)


def hypervolume(points: Floats, reference: Floats) -> float:
    """Volume between points and a reference point; what lies beyond the reference counts for nothing.

    Args:
        points: ``(points, objectives)``.
        reference: ``(objectives,)``.
    """
    inside = points[np.all(points < reference, axis=1)]
    return float(compute_hypervolume(inside, reference)) if len(inside) else 0.0
