"""What a trained model comes to, by name: its error, a part of it, or what its alarms miss.

``error`` is the task's error. ``error:PART`` is the same of one part of the outputs: of a target at all steps
(``error:power``), of a step for all targets (``error:+6``), of one output (``error:power+6``); with classes
it is the share of a class's windows that are told to be of another (``error:walking``). ``misses``, of task
anomaly, is the share of the marked anomalies that raise no alarm where the threshold lets
``1 - anomaly_quantile`` of the other windows raise one. All are made small, and all are of the validation
windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from quant_model.data.dataset import Dataset, Split
from quant_model.data.decisions import alarm_limit, anomaly_scores
from quant_model.data.metrics import class_error, rmse_of
from quant_model.data.tasks import prediction_error
from quant_model.errors import UserError

__all__ = ["ERROR", "MISSES", "check_outcomes", "is_outcome", "outcome_names", "outcomes", "part_of"]

ERROR = "error"
MISSES = "misses"
_PART = f"{ERROR}:"


def is_outcome(name: str) -> bool:
    """Whether a name is one of what only training tells."""
    return name in (ERROR, MISSES) or part_of(name) is not None


def part_of(name: str) -> str | None:
    """``PART`` of ``error:PART``; None for other names."""
    return name.removeprefix(_PART) if name.startswith(_PART) and name != _PART else None


def outcome_names(
    targets: Sequence[str], steps: Sequence[int], classes: Sequence[str], *, marks: bool
) -> tuple[str, ...]:
    """All names that mean something for a study's data.

    Args:
        targets: What is forecast.
        steps: So many steps ahead.
        classes: Labels; empty where values are forecast.
        marks: Whether anomalies are marked.
    """
    parts = [_PART + part for part in _columns(targets, steps, classes)]
    return (ERROR, *parts, *([MISSES] if marks else []))


def outcomes(
    dataset: Dataset, names: Iterable[str], predict: Callable[[Split], npt.NDArray[np.floating]]
) -> dict[str, float]:
    """What a model comes to on the validation windows.

    Args:
        dataset: What it was trained on.
        names: Of :func:`outcome_names`.
        predict: Normalised outputs ``(N, outputs)`` for the windows of a split.
    """
    wanted, split = tuple(names), dataset.validation
    told = predict(split) if wanted else np.empty(0)
    return {name: _outcome(dataset, split, name, told) for name in wanted}


def check_outcomes(dataset: Dataset, names: Iterable[str], place: str) -> None:
    """Refuse names of which the validation windows say nothing.

    Raises:
        UserError: A class is absent there, or no anomaly is marked; ``place`` begins the message.
    """
    found = outcomes(dataset, names, lambda split: split.y)
    for name, value in found.items():
        if np.isnan(value):
            what = "no marked anomaly" if name == MISSES else f"no window of class {part_of(name)}"
            raise UserError(place, f"{name}: validation has {what}", "leave it out, or divide the data anew")


def _outcome(dataset: Dataset, split: Split, name: str, told: npt.NDArray[np.floating]) -> float:
    if name == ERROR:
        return prediction_error(dataset, split, told)
    if name == MISSES:
        assert split.anomalous is not None
        scores = anomaly_scores(dataset, split, told)
        missed = scores[split.anomalous] <= alarm_limit(dataset, scores)
        return float(missed.mean()) if len(missed) else float("nan")
    part = part_of(name)
    assert part is not None
    classes = dataset.output_names if dataset.task == "classify" else ()
    columns = _columns(dataset.target_names, dataset.horizon, classes)[part]
    if classes:
        return class_error(dataset, split, told, columns[0])
    return rmse_of(dataset, split, told, columns)


def _columns(
    targets: Sequence[str], steps: Sequence[int], classes: Sequence[str]
) -> Mapping[str, tuple[int, ...]]:
    """By part the numbers of its outputs, which are ordered by step, then by target."""
    if classes:
        return {name: (index,) for index, name in enumerate(classes)}
    found: dict[str, tuple[int, ...]] = dict.fromkeys((*targets, *(f"+{step}" for step in steps)), ())
    for index, (step, target) in enumerate((step, target) for step in steps for target in targets):
        for name in (target, f"+{step}", f"{target}+{step}"):
            found[name] = (*found.get(name, ()), index)
    return found
