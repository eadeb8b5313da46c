"""Forecast errors in the target's own unit, and classification errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from quant_model.data.dataset import Dataset, Split

__all__ = [
    "balanced_error",
    "class_error",
    "clean_rmse",
    "mae",
    "mae_by_output",
    "rmse",
    "rmse_by_output",
    "rmse_of",
]


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


def clean_rmse(dataset: Dataset, split: Split, forecast: npt.NDArray[np.floating]) -> float:
    """Root mean squared error over the windows without a marked anomaly, or all of them without marks."""
    return _clean_rms(split, _deviation(dataset, split, forecast))


def rmse_of(
    dataset: Dataset, split: Split, forecast: npt.NDArray[np.floating], outputs: Sequence[int]
) -> float:
    """:func:`clean_rmse` of some outputs, by their numbers."""
    return _clean_rms(split, _deviation(dataset, split, forecast)[:, outputs])


def _clean_rms(split: Split, deviation: npt.NDArray[np.float64]) -> float:
    kept = deviation if split.clean is None else deviation[split.clean]
    return float(np.sqrt(np.mean(np.square(kept))))


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


def balanced_error(dataset: Dataset, split: Split, outputs: npt.NDArray[np.floating]) -> float:
    """One minus the balanced accuracy: the share of a class's windows that are told wrong, mean over classes.

    A rare class counts as much as a frequent one, so that always the most frequent of C classes comes to
    1 - 1 / C. A class that is absent from the split does not count.

    Args:
        dataset: The dataset that the split belongs to.
        split: The windows that were told.
        outputs: ``(N, classes)``; the largest tells the class, of equal ones the first.

    Returns:
        0 to 1; NaN when an output is not finite.

    Raises:
        ValueError: The outputs do not have the shape of ``split.y``.
    """
    _check_shape(split, outputs)
    if not np.isfinite(outputs).all():
        return float("nan")
    truth = split.y.argmax(axis=1)
    windows = np.bincount(truth, minlength=dataset.outputs)
    wrong = np.bincount(truth[outputs.argmax(axis=1) != truth], minlength=dataset.outputs)
    there = windows > 0
    return float(np.mean(wrong[there] / windows[there]))


def class_error(dataset: Dataset, split: Split, outputs: npt.NDArray[np.floating], number: int) -> float:
    """The share of one class's windows that are told to be of another; see ``balanced_error``.

    Returns:
        0 to 1; NaN where no window is of the class, or an output is not finite.
    """
    own = split.y.argmax(axis=1) == number
    return balanced_error(dataset, split.part(own), outputs[own]) if own.any() else float("nan")


def _deviation(dataset: Dataset, split: Split, forecast: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Forecast minus truth, ``(N, outputs)``, in the target's unit; the mean cancels out."""
    _check_shape(split, forecast)
    return (forecast.astype(np.float64) - split.y.astype(np.float64)) * dataset.target_std


def _check_shape(split: Split, outputs: npt.NDArray[np.floating]) -> None:
    # Without this check a forecast of shape (N,) would be broadcast against (N, 1) to N x N.
    if outputs.shape != split.y.shape:
        raise ValueError(f"forecast of shape {outputs.shape} for windows of shape {split.y.shape}")
