"""What simple methods come to on the same windows, as a measure for a model.

Each gives normalised outputs for the windows of a split, like a model, and looks at nothing that lies after
the window. Those that need torch are in ``quant_model.training.baselines``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_model.data.dataset import Dataset, Split
from quant_model.data.decisions import Predict
from quant_model.data.least_squares import CHUNK, flat, moments, newest_rows
from quant_model.data.series import Series
from quant_model.data.tasks import class_weights, prediction_error, task_of
from quant_model.errors import UserError
from quant_model.windows import WindowArray

__all__ = [
    "Baseline",
    "Ridge",
    "baseline",
    "persistence",
    "ridge",
    "seasonal_persistence",
    "simple_baselines",
]

_PENALTIES = tuple(10.0**power for power in range(-6, 3))
"""Penalties tried, relative to the inputs' variance, which is about 1."""


@dataclass(frozen=True)
class Baseline:
    """A method's errors, by the metric of the dataset's task.

    Attributes:
        name: Of the method.
        validation: Error on validation.
        test: Error on test.
        detail: What was chosen on validation, or how the method was set up; for people.
    """

    name: str
    validation: float
    test: float
    detail: str = ""

    def to_json(self) -> dict[str, Any]:
        """A JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Baseline:
        """Read :meth:`to_json`'s object."""
        return cls(str(data["name"]), float(data["validation"]), float(data["test"]), str(data["detail"]))


def simple_baselines(series: Series, dataset: Dataset, season: int | None) -> tuple[Baseline, ...]:
    """The answer without a model, the one of a season before where it applies, and ridge regression.

    Args:
        series: The series that the dataset was made from.
        dataset: The dataset.
        season: Steps in a season, if it is known.
    """
    task = task_of(dataset)
    found = [baseline(dataset, task.naive, persistence)]
    if task.seasonal and season is not None:
        seasonal = partial(seasonal_persistence, series, dataset, season=season)
        found.append(baseline(dataset, "seasonal persistence", seasonal, f"{season} steps back"))
    fitted = ridge(dataset)
    found.append(baseline(dataset, "ridge regression", lambda split: fitted.predict(split.x), fitted.detail))
    return tuple(found)


def baseline(dataset: Dataset, name: str, predict: Predict, detail: str = "") -> Baseline:
    """The errors of a method on validation and test."""
    return Baseline(
        name,
        prediction_error(dataset, dataset.validation, predict(dataset.validation)),
        prediction_error(dataset, dataset.test, predict(dataset.test)),
        detail,
    )


def persistence(split: Split) -> npt.NDArray[np.float32]:
    """Forecast that nothing changes: each output ``(N, outputs)`` is its target's newest known value.

    With classes, of which none is known, it is the one that is most frequent in training.
    """
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
        change = series.targets[row[known]] - split.base[known, columns]
        scaled = (change - dataset.target_mean[columns]) / dataset.target_std[columns]
        forecast[known, columns] = scaled.astype(np.float32)
    return forecast


@dataclass(frozen=True, eq=False)
class Ridge:
    """A linear map of a window's newest rows.

    Attributes:
        rows: How many of them.
        weights: ``(rows * features, outputs)``.
        bias: ``(outputs,)``.
        penalty: The one of least validation error, relative to the inputs' variance.
    """

    rows: int
    weights: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    penalty: float

    @property
    def detail(self) -> str:
        """What was chosen."""
        return f"newest {self.rows} rows, penalty {self.penalty:g}"

    def predict(self, windows: WindowArray) -> npt.NDArray[np.float64]:
        """Normalised windows ``(N, window, features)`` to normalised outputs ``(N, outputs)``."""
        parts = [
            flat(windows[start : start + CHUNK], self.rows) @ self.weights + self.bias
            for start in range(0, len(windows), CHUNK)
        ]
        return np.concatenate(parts)


def ridge(dataset: Dataset) -> Ridge:
    """Least squares with a penalty on the weights, chosen on validation among powers of ten.

    Closed form (Hoerl and Kennard, "Ridge Regression", Technometrics 12(1), 1970), by the eigenvectors of the
    inputs' covariance, which serve all penalties. With classes it tells a class by the largest of their
    outputs, and windows are weighted so that all classes count alike.
    """
    rows = newest_rows(dataset.window, dataset.features)
    train = dataset.train
    x_mean, y_mean, covariance, common = moments(train.x, train.y, rows, _window_weights(dataset))
    values, vectors = np.linalg.eigh(covariance)
    turned = vectors.T @ common

    def solved(penalty: float) -> Ridge:
        weights = vectors @ (turned / (np.maximum(values, 0.0) + penalty)[:, None])
        return Ridge(rows, weights, y_mean - x_mean @ weights, penalty)

    def error(candidate: Ridge) -> float:
        return prediction_error(dataset, dataset.validation, candidate.predict(dataset.validation.x))

    return min((solved(penalty) for penalty in _PENALTIES), key=error)


def _window_weights(dataset: Dataset) -> npt.NDArray[np.float64]:
    """A weight for each training window, 1 on average."""
    if task_of(dataset).loss == "cross entropy":
        return dataset.train.y @ class_weights(dataset)
    return np.ones(len(dataset.train))
