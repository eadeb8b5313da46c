"""Which rows of a series are for training, for validation, for test: by time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.series import Series

__all__ = ["SPLITS", "Division", "Rows", "Stretch", "divide"]

SPLITS = ("train", "validation", "test")
Stretch = tuple[int, int]
"""First row, and the row after the last."""
Rows = slice | npt.NDArray[np.int64]
"""An index of rows."""


@dataclass(frozen=True)
class Division:
    """A series' rows by split.

    Attributes:
        stretches: By split, in the order of :data:`SPLITS`; no window reaches from one into another.
        borders: Rows where validation and test begin.
    """

    stretches: tuple[tuple[Stretch, ...], ...]
    borders: tuple[int, int]

    @property
    def train(self) -> Rows:
        """Training rows."""
        return slice(*self.stretches[0][0])


def divide(series: Series, shares: tuple[float, float, float]) -> Division:
    """Divide a series by time: the earliest rows for training, then validation, then test."""
    borders = (round(shares[0] * series.rows), round((shares[0] + shares[1]) * series.rows))
    limits = (0, *borders, series.rows)
    return Division(tuple(((limits[i], limits[i + 1]),) for i in range(len(SPLITS))), borders)
