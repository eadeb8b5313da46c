"""Linear maps of windows, by the moments of their rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from quant_model.windows import WindowArray

__all__ = ["CHUNK", "MOST_COLUMNS", "Moments", "flat", "moments", "newest_rows"]

MOST_COLUMNS = 1024
"""Inputs that a linear map looks at, at most: solving for more takes seconds and gains little."""
CHUNK = 4096
"""Windows whose products are summed at once: keeps float64 copies within some ten megabytes."""


class Moments(NamedTuple):
    """Weighted moments of inputs and outputs."""

    x_mean: npt.NDArray[np.float64]
    """``(columns,)``."""
    y_mean: npt.NDArray[np.float64]
    """``(outputs,)``."""
    covariance: npt.NDArray[np.float64]
    """Of inputs, ``(columns, columns)``."""
    common: npt.NDArray[np.float64]
    """Of inputs with outputs, ``(columns, outputs)``."""


def newest_rows(window: int, features: int) -> int:
    """How many of a window's rows a linear map looks at."""
    return max(1, min(window, MOST_COLUMNS // features))


def flat(windows: npt.NDArray[np.floating], rows: int) -> npt.NDArray[np.float64]:
    """The newest rows of windows ``(N, window, features)`` as columns ``(N, rows * features)``."""
    return windows[:, -rows:].reshape(len(windows), -1).astype(np.float64)


def moments(
    x: WindowArray,
    y: npt.NDArray[np.floating],
    rows: int,
    weight: npt.NDArray[np.float64],
) -> Moments:
    """Moments of windows ``x``, ``(N, window, features)``, and outputs ``y``, ``(N, outputs)``.

    ``weight``, ``(N,)``, tells how much each window counts.
    """
    total = weight.sum()
    columns, outputs = rows * x.shape[2], y.shape[1]
    x_sum, y_sum = np.zeros(columns), np.zeros(outputs)
    square, mixed = np.zeros((columns, columns)), np.zeros((columns, outputs))
    for start in range(0, len(x), CHUNK):
        part = slice(start, start + CHUNK)
        inputs, truth = flat(x[part], rows), y[part].astype(np.float64)
        weighted = inputs * weight[part, None]
        x_sum += weighted.sum(axis=0)
        y_sum += weight[part] @ truth
        square += weighted.T @ inputs
        mixed += weighted.T @ truth
    x_mean, y_mean = x_sum / total, y_sum / total
    return Moments(
        x_mean,
        y_mean,
        square / total - np.outer(x_mean, x_mean),
        mixed / total - np.outer(x_mean, y_mean),
    )
