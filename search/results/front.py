"""The Pareto front of a study: its completed trials that no other beats in every objective."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from quant_model.errors import UserError
from search.results.comparison import stored_baselines
from search.space.pareto import non_dominated
from search.store.record import StoredEstimate, TrialRecord
from search.store.study import OpenStudy

__all__ = ["FrontTrial", "finished_trials", "front", "front_csv", "front_json", "front_of"]


@dataclass(frozen=True)
class FrontTrial:
    """A completed trial."""

    number: int
    values: Mapping[str, float]
    """By objective; all are better when smaller."""
    design: Mapping[str, Any]
    """The resolved design point's JSON."""
    estimate: StoredEstimate
    error: float
    """On validation, by the task's metric."""

    @property
    def utilization(self) -> Mapping[str, float]:
        """Estimated share of the device, by resource."""
        return self.estimate.utilization

    @property
    def used(self) -> float:
        """The fullest resource's share."""
        return self.estimate.used

    def to_json(self) -> dict[str, Any]:
        """The JSON object that scripts rely on."""
        return {
            "number": self.number,
            "values": dict(self.values),
            "design": dict(self.design),
            "utilization": dict(self.utilization),
        }


def finished_trials(study: OpenStudy) -> list[FrontTrial]:
    """All completed trials with finite values, each design once, by number.

    Raises:
        UserError: another program took from a trial what it keeps, or finished one itself.
    """
    records = ((trial, TrialRecord.of(trial)) for trial in study.trials(TrialState.COMPLETE))
    return [
        _front_trial(study, trial, record)
        for trial, record in records
        if record.duplicate_of is None and all(math.isfinite(value) for value in trial.values)
    ]


def front(study: OpenStudy) -> list[FrontTrial]:
    """The trials on the Pareto front of a study, by the first objective."""
    return front_of(finished_trials(study))


def front_of(trials: Sequence[FrontTrial]) -> list[FrontTrial]:
    """The trials that no other beats in every objective, by the first objective."""
    points = np.array([tuple(trial.values.values()) for trial in trials], dtype=np.float64)
    return sorted((trials[i] for i in non_dominated(points)), key=lambda one: tuple(one.values.values()))


def front_json(study: OpenStudy) -> dict[str, Any]:
    """The front as one JSON object."""
    return {
        "study": study.name,
        "objectives": list(study.spec.study.objectives),
        "metric": study.spec.data.metric,
        "baselines": [one.to_json() for one in stored_baselines(study)],
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


def _front_trial(study: OpenStudy, trial: FrozenTrial, record: TrialRecord) -> FrontTrial:
    if record.design is None or record.estimate is None or record.error is None:
        raise UserError(
            f"study {study.name} trial {trial.number}",
            "its design is gone: another program changed the study",
            "go back to a copy of the storage, or begin a new study",
        )
    values = dict(zip(study.spec.study.objectives, trial.values, strict=True))
    return FrontTrial(trial.number, values, record.design, record.estimate, record.error)


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
