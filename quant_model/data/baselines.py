"""Forecasts that need no model, as a measure for those that do.

Each gives normalised outputs for the windows of a split, like a model, and looks at nothing that lies after
the window.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quant_model.data.dataset import Dataset, Split
from quant_model.data.series import Series
from quant_model.errors import UserError

__all__ = ["persistence", "seasonal_persistence"]


def persistence(split: Split) -> npt.NDArray[np.float32]:
    """Forecast that nothing changes: each output ``(N, outputs)`` is its target's newest known value."""
    return split.last.copy()


def seasonal_persistence(
    series: Series, dataset: Dataset, split: Split, season: int
) -> npt.NDArray[np.float32]:
    """Forecast what was there a season before, for example a day or a week.

    The value may be older than the window. Where its row is missing (before the series begins, or in a gap)
    the newest known value stands in.

    Args:
        series: The series that the dataset was made from.
        dataset: The dataset.
        split: The windows to forecast.
        season: Steps in a season. For a step further ahead than that, the newest season that is known counts.

    Returns:
        ``(N, outputs)`` normalised.

    Raises:
        UserError: The season is shorter than one step.
    """
    if season < 1:
        raise UserError(series.name, f"a season of {season} steps", "give a season of at least 1 step")
    targets = len(series.target_names)
    forecast = split.last.copy()
    now = series.position[split.last_row]
    for index, step in enumerate(dataset.horizon):
        back = season * -(-step // season)
        wanted = now + step - back
        row = np.searchsorted(series.position, wanted)
        known = series.position[row] == wanted
        columns = slice(index * targets, (index + 1) * targets)
        values = series.targets[row[known]]
        scaled = (values - dataset.target_mean[columns]) / dataset.target_std[columns]
        forecast[known, columns] = scaled.astype(np.float32)
    return forecast
