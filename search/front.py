"""The Pareto front of a study: its completed trials that no other beats in every objective.

A design whose error is not below that of the answer without a model is worth no device, however small it is:
it is not on offer, unless all are so.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from quant_model.data import TASKS
from search.baselines import stored_baselines
from search.pareto import non_dominated
from search.study import OpenStudy

__all__ = [
    "FrontTrial",
    "finished_trials",
    "front",
    "front_csv",
    "front_json",
    "front_of",
    "knee",
    "left_out",
    "offered_trials",
    "pick",
]

_NEAR_BEST = 1.10
"""A small design is worth showing while its error is at most 10 % above the best one's."""


@dataclass(frozen=True)
class FrontTrial:
    """A completed trial."""

    number: int
    values: Mapping[str, float]
    """By objective; all are better when smaller."""
    design: Mapping[str, Any]
    """The resolved design point's JSON."""
    utilization: Mapping[str, float]
    """Estimated share of the device, by resource."""
    error: float
    """On validation, by the task's metric."""

    @property
    def used(self) -> float:
        """The fullest resource's share."""
        return max(self.utilization.values())

    def to_json(self) -> dict[str, Any]:
        """The JSON object that scripts rely on."""
        return {
            "number": self.number,
            "values": dict(self.values),
            "design": dict(self.design),
            "utilization": dict(self.utilization),
        }


def finished_trials(study: OpenStudy) -> list[FrontTrial]:
    """All completed trials with finite values, each design once, by number."""
    return [
        _front_trial(trial, study.spec.study.objectives)
        for trial in study.trials(TrialState.COMPLETE)
        if "duplicate_of" not in trial.user_attrs and all(math.isfinite(value) for value in trial.values)
    ]


def offered_trials(study: OpenStudy) -> list[FrontTrial]:
    """The completed trials that are better than the answer without a model; all of them where none is."""
    trials, naive = finished_trials(study), _naive(study)
    return [trial for trial in trials if naive is None or trial.error < naive] or trials


def left_out(study: OpenStudy) -> str:
    """What is not on offer, and why, in one sentence; empty when all is."""
    naive, count = _naive(study), len(finished_trials(study))
    worse = count - len(offered_trials(study))
    if naive is None or not count:
        return ""
    than = f"better than the answer without a model, {TASKS[study.spec.data.task].naive} ({naive:.4g})"
    if worse:
        return f"{worse} of {count} trained designs are left out: no {than}"
    return (
        "" if min(trial.error for trial in finished_trials(study)) < naive else f"no trained design is {than}"
    )


def _naive(study: OpenStudy) -> float | None:
    """The validation error of the answer without a model; None for studies of before that was kept."""
    found: float | None = study.study.user_attrs.get("decided", {}).get("naive")
    return found


def front(study: OpenStudy) -> list[FrontTrial]:
    """The trials on the Pareto front of what a study offers, by the first objective."""
    return front_of(offered_trials(study))


def front_of(trials: Sequence[FrontTrial]) -> list[FrontTrial]:
    """The trials that no other beats in every objective, by the first objective."""
    points = np.array([tuple(trial.values.values()) for trial in trials], dtype=np.float64)
    return sorted((trials[i] for i in non_dominated(points)), key=lambda one: tuple(one.values.values()))


def pick(trials: Sequence[FrontTrial], chosen: Sequence[FrontTrial], count: int) -> list[FrontTrial]:
    """The designs worth building: the lowest error, the smallest near it, the knee, then by error.

    Args:
        trials: All completed trials, to fill up when the front is short.
        chosen: The front.
        count: How many to pick; fewer when there are not so many trials.
    """
    if not trials:
        return []
    rules: list[Callable[[Sequence[FrontTrial]], FrontTrial]] = [_most_accurate, _smallest_near_best, knee]
    order = [rule(chosen) for rule in rules]
    order += sorted(chosen, key=lambda trial: trial.error)
    order += sorted(trials, key=lambda trial: (trial.error, trial.number))
    unique = {trial.number: trial for trial in reversed(order)}
    numbers = dict.fromkeys(trial.number for trial in order)
    return [unique[number] for number in numbers][:count]


def front_json(study: OpenStudy) -> dict[str, Any]:
    """The front as one JSON object."""
    return {
        "study": study.name,
        "objectives": list(study.spec.study.objectives),
        "metric": study.spec.data.metric,
        "baselines": [one.to_json() for one in stored_baselines(study)],
        "left_out": left_out(study),
        "trials": [trial.to_json() for trial in front(study)],
    }


def front_csv(study: OpenStudy) -> str:
    """The front as CSV: number, objectives, utilisation by resource, shape, bits by tensor."""
    rows = [_flat_row(trial) for trial in front(study)]
    names = list(dict.fromkeys(name for row in rows for name in row)) or [
        "number",
        *study.spec.study.objectives,
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _front_trial(trial: FrozenTrial, objectives: Sequence[str]) -> FrontTrial:
    return FrontTrial(
        number=trial.number,
        values=dict(zip(objectives, trial.values, strict=True)),
        design=trial.user_attrs["design"],
        utilization=trial.user_attrs["estimate"]["utilization"],
        error=trial.user_attrs["error"],
    )


def _flat_row(trial: FrontTrial) -> dict[str, Any]:
    design = trial.design
    return {
        "number": trial.number,
        **trial.values,
        **{f"utilization.{name}": value for name, value in trial.utilization.items()},
        **design["architecture"],
        **{f"{name}.weight_bits": bits for name, bits in design["weight_bits"].items()},
        **{f"{name}.activation_bits": bits for name, bits in design["activation_bits"].items()},
        **{f"{name}.lanes": engine["lanes"] for name, engine in design["engines"].items()},
    }


def _most_accurate(trials: Sequence[FrontTrial]) -> FrontTrial:
    return min(trials, key=lambda trial: (trial.error, trial.used))


def _smallest_near_best(trials: Sequence[FrontTrial]) -> FrontTrial:
    bound = _NEAR_BEST * min(trial.error for trial in trials)
    return min(
        (trial for trial in trials if trial.error <= bound), key=lambda trial: (trial.used, trial.error)
    )


def knee(trials: Sequence[FrontTrial]) -> FrontTrial:
    """The trial nearest to the lowest error and lowest utilisation, both scaled to the front's range."""

    def scaled(values: list[float]) -> list[float]:
        low, span = min(values), max(values) - min(values)
        return [(value - low) / span if span > 0 else 0.0 for value in values]

    errors = scaled([trial.error for trial in trials])
    used = scaled([trial.used for trial in trials])
    index = min(range(len(trials)), key=lambda i: (math.hypot(errors[i], used[i]), i))
    return trials[index]
