"""Forecast errors in the target's own unit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from quant_model.data.dataset import Dataset, Split

__all__ = ["mae", "mae_by_output", "rmse", "rmse_by_output"]


def rmse(dataset: Dataset, split: Split, forecast: npt.NDArray[np.floating]) -> float:
    """Root mean squared error over all windows and outputs of a split.

    With targets in different units the figure is dominated by the largest: then read ``rmse_by_output``.

    Args:
        dataset: The dataset that the split belongs to.
        split: The windows that were forecast.
        forecast: ``(N, outputs)``, normalised as a model gives it.

    Returns:
        The error in the target's unit; NaN or infinite when the forecast is.

    Raises:
        ValueError: The forecast does not have the shape of ``split.y``.
    """
    return float(np.sqrt(np.mean(np.square(_deviation(dataset, split, forecast)))))


def rmse_by_output(
    dataset: Dataset, split: Split, forecast: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Root mean squared error of each output, ``(outputs,)``; see ``rmse``."""
    return np.asarray(np.sqrt(np.mean(np.square(_deviation(dataset, split, forecast)), axis=0)))


def mae(dataset: Dataset, split: Split, forecast: npt.NDArray[np.floating]) -> float:
    """Mean absolute error over all windows and outputs of a split; see ``rmse``."""
    return float(np.mean(np.abs(_deviation(dataset, split, forecast))))


def mae_by_output(
    dataset: Dataset, split: Split, forecast: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Mean absolute error of each output, ``(outputs,)``; see ``rmse``."""
    return np.asarray(np.mean(np.abs(_deviation(dataset, split, forecast)), axis=0))


def _deviation(dataset: Dataset, split: Split, forecast: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Forecast minus truth, ``(N, outputs)``, in the target's unit; the mean cancels out."""
    # Without this check a forecast of shape (N,) would be broadcast against (N, 1) to N x N.
    if forecast.shape != split.y.shape:
        raise ValueError(f"forecast of shape {forecast.shape} for windows of shape {split.y.shape}")
    return (forecast.astype(np.float64) - split.y.astype(np.float64)) * dataset.target_std
