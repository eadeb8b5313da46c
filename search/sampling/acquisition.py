"""How much a design is expected to add to the front: expected hypervolume improvement, in closed form.

The estimate tells most objectives beforehand; where training tells one alone (the error), the gain has a
closed form. The box between a design and the reference point falls into cells of the known objectives; within
a cell the design gains as far as its error is below the least error ``t`` of those already there, and the
expectation of that gain is the price of a put option at strike ``t`` on a log-normal error (Black and
Scholes, 1973). Summed over all cells that is the expected hypervolume improvement (Emmerich et al., "Single-
and multiobjective evolutionary optimization assisted by Gaussian random field metamodels", IEEE TEVC 2006),
exact for up to three objectives.

Where training tells several, the others' values are drawn, the same quantiles for all designs, and count as
known; the gain is the mean over the draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from search.sampling.error_model import Forecast

__all__ = ["Front"]

Floats = npt.NDArray[np.float64]

_MOST_CELLS = 4096
"""More cells than this are made coarser: only with four and more objectives, or very long fronts."""
_CHUNK = 1 << 22
"""Numbers in a table of designs by cells."""
_DRAWS = 16
"""Of what training tells besides the first objective; a power of two."""


@dataclass(frozen=True)
class Front:
    """What has been reached: cells of all objectives but the first that is trained, its least error in each.

    Attributes:
        edges: By objective of the cells, the rising borders of the cells; the last one is the reference.
        least: Least error of those that are nowhere worse than the cell, one number per cell, the last
            objective running fastest; the reference error where there is none.
    """

    edges: tuple[Floats, ...]
    least: Floats

    @classmethod
    def of(cls, errors: Floats, known: Floats, reference_error: float, reference: Floats) -> Front:
        """The cells of points.

        Args:
            errors: ``(points,)``, of the first objective that is trained.
            known: ``(points, others)``, the known objectives, then the others that are trained; all are made
                small.
            reference_error: Errors above it count for nothing.
            reference: The same for the others.
        """
        inside = (errors < reference_error) & np.all(known < reference, axis=1)
        errors, known = errors[inside], known[inside]
        count = max(int(_MOST_CELLS ** (1 / max(len(reference), 1))), 2)
        edges = tuple(_edges(known[:, d], float(reference[d]), count) for d in range(len(reference)))
        # The first cell of an objective lies below all points.
        middles = [np.append(border[0] - 1.0, (border[:-1] + border[1:]) / 2) for border in edges]
        axes = np.meshgrid(*middles, indexing="ij")
        grid = np.stack([axis.ravel() for axis in axes], axis=1) if edges else np.zeros((1, 0))
        least = np.full(len(grid), reference_error)
        order = np.argsort(errors)[::-1]
        for error, point in zip(errors[order], known[order], strict=True):
            least[np.all(point <= grid, axis=1)] = error
        return cls(edges, least)

    def expected_gain(self, forecasts: Sequence[Forecast], known: Floats) -> Floats:
        """Expected hypervolume that each design adds.

        Args:
            forecasts: Of what training will tell of the designs, by objective.
            known: ``(designs, known objectives)``.
        """
        first, *others = forecasts
        if not others:
            return self._gain(first, known)
        gains = []
        for row in _normals(len(others)):
            drawn = [np.exp(one.mean + one.deviation * z) for one, z in zip(others, row, strict=True)]
            gains.append(self._gain(first, np.column_stack([known, *drawn])))
        found: Floats = np.mean(gains, axis=0)
        return found

    def _gain(self, forecast: Forecast, known: Floats) -> Floats:
        """The same where all but one objective are known."""
        gain = np.zeros(len(known))
        rows = max(_CHUNK // len(self.least), 1)
        strikes, which = np.unique(self.least, return_inverse=True)
        for first in range(0, len(known), rows):
            part = slice(first, first + rows)
            volume = np.ones((len(gain[part]), 1))
            for d, border in enumerate(self.edges):
                volume = (volume[:, :, None] * _overlaps(known[part, d], border)[:, None, :]).reshape(
                    len(volume), -1
                )
            by_strike = np.zeros((len(volume), len(strikes)))
            np.add.at(by_strike.T, which, volume.T)
            put = _put(forecast.mean[part, None], forecast.deviation[part, None], strikes)
            gain[part] = np.sum(by_strike * put, axis=1)
        return gain


@cache
def _normals(count: int) -> Floats:
    """Evenly spread draws of so many independent standard normals, ``(draws, count)``."""
    spread = qmc.Sobol(count, scramble=True, seed=0).random(_DRAWS)
    found: Floats = ndtri(spread)
    return found


def _edges(values: Floats, reference: float, count: int) -> Floats:
    """Borders of the cells, thinned out when there are too many: the lowest value, ..., the reference."""
    borders = np.unique(np.append(values, reference))
    if len(borders) > count:
        borders = borders[np.unique(np.linspace(0, len(borders) - 1, count).round().astype(np.int64))]
    return borders


def _overlaps(values: Floats, borders: Floats) -> Floats:
    """Lengths of the cells above each value, ``(values, cells)``; the first cell has no lower border."""
    upper = np.maximum(borders[None, :] - values[:, None], 0.0)
    lower = np.concatenate([np.zeros((len(values), 1)), upper[:, :-1]], axis=1)
    lengths: Floats = upper - lower
    return lengths


def _put(mean: Floats, deviation: Floats, strike: Floats) -> Floats:
    """E[max(0, strike - error)] for errors whose logarithms are normal."""
    away = (np.log(strike) - mean) / deviation
    below = np.exp(mean + deviation**2 / 2) * ndtr(away - deviation)
    found: Floats = np.maximum(strike * ndtr(away) - below, 0.0)
    return found
