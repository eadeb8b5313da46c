"""What a model's outputs are for: the one table of losses, metrics, units and decisions.

Every task has a single error that is made small; the search minimises it, training keeps the epoch where it
is least on validation, and every report names it by :attr:`Task.metric`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt

from quant_model.data.dataset import Dataset, Split
from quant_model.data.decisions import Decision, Predict, largest_output, plain_forecast, threshold
from quant_model.data.metrics import balanced_error, clean_rmse, rmse

__all__ = [
    "TASKS",
    "GroupError",
    "Loss",
    "Task",
    "class_weights",
    "errors_by_group",
    "prediction_error",
    "task_of",
]

Loss = Literal["squared error", "cross entropy"]
_Outputs = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Task:
    """A way to use a model's outputs.

    Attributes:
        name: In study files.
        loss: What training makes small; ``quant_model.training.losses`` holds its formula.
        metric: The error's name, for people.
        measure: The error of normalised outputs ``(N, outputs)`` on a split; NaN or infinite when they are.
        in_unit: Whether the error has the target's unit; else it is a plain number.
        naive: Name of the answer that needs no model, ``Split.last``.
        seasonal: Whether "as a season ago" is an answer, too.
        decide: What a host makes of the outputs.
    """

    name: str
    loss: Loss
    metric: str
    measure: Callable[[Dataset, Split, _Outputs], float]
    in_unit: bool
    naive: str
    seasonal: bool
    decide: Callable[[Dataset, Predict], Decision]

    def metric_in(self, unit: str) -> str:
        """The error's name with its unit, for people: ``RMSE, kW``."""
        return f"{self.metric}, {unit}" if self.in_unit and unit else self.metric


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        task.name: task
        for task in (
            Task("forecast", "squared error", "RMSE", rmse, True, "persistence", True, plain_forecast),
            Task(
                "classify", "cross entropy", "1 - balanced accuracy", balanced_error, False,
                "most frequent class", False, largest_output,
            ),
            Task("anomaly", "squared error", "RMSE", clean_rmse, True, "persistence", True, threshold),
        )
    }
)  # fmt: skip


def task_of(dataset: Dataset) -> Task:
    """The task that a dataset was made for."""
    return TASKS[dataset.task]


def prediction_error(dataset: Dataset, split: Split, outputs: _Outputs) -> float:
    """The error that the dataset's task counts, of normalised outputs ``(N, outputs)``.

    Raises:
        ValueError: The outputs do not have the shape of ``split.y``.
    """
    return task_of(dataset).measure(dataset, split, outputs)


@dataclass(frozen=True)
class GroupError:
    """The error on one group's windows of a split."""

    name: str
    windows: int
    error: float


def errors_by_group(dataset: Dataset, split: Split, outputs: _Outputs) -> tuple[GroupError, ...]:
    """The error of each group that a split holds, the largest first; empty where the data have no groups.

    A group's balanced error is over the classes that it has. A group all of whose windows hold a marked
    anomaly has none, and is left out.
    """
    if split.group is None:
        return ()
    found = []
    for number in np.unique(split.group):
        own = split.group == number
        part = split.part(own)
        if part.clean is None or part.clean.any():
            error = prediction_error(dataset, part, outputs[own])
            found.append(GroupError(dataset.groups[number], len(part), error))
    return tuple(sorted(found, key=lambda one: -one.error))


def class_weights(dataset: Dataset) -> npt.NDArray[np.float64]:
    """A weight for each class, ``(outputs,)``, with which all count alike; 1 on average over training."""
    return np.asarray(1 / (dataset.outputs * dataset.train.y.mean(axis=0, dtype=np.float64)))
