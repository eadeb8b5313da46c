"""The Pareto front of a study: its completed trials that no other beats in every objective.

A design whose error is not below that of the answer without a model is worth no device, however small it is:
it is not on offer, unless all are so.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from quant_model.data import TASKS
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from search.results.comparison import stored_baselines
from search.results.fastest import builds_of
from search.space.budget import Assessment
from search.space.objectives import objective_values
from search.space.pareto import non_dominated
from search.store.record import COPY, StoredEstimate, TrialRecord, is_copy
from search.store.slim import Later, user_attribute
from search.store.study import OpenStudy

__all__ = [
    "FrontTrial",
    "as_fastest",
    "finished_trials",
    "flat_design",
    "front",
    "front_csv",
    "front_json",
    "front_of",
    "front_rows",
    "left_out",
    "offered_of",
    "offered_trials",
]


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

    @cached_property
    def point(self) -> DesignPoint:
        """The resolved design point."""
        return DesignPoint.from_json(json.dumps(dict(self.design)), f"trial {self.number}")

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
    """All completed trials with finite values, each design once, by number; designs are read when needed.

    Raises:
        UserError: another program took from a trial what it keeps, or finished one itself.
    """
    return [
        _front_trial(study, trial)
        for trial in study.slim(COPY, "estimate", "error")
        if trial.state == TrialState.COMPLETE
        and not is_copy(trial)
        and all(math.isfinite(value) for value in trial.values)
    ]


def offered_trials(study: OpenStudy) -> list[FrontTrial]:
    """The completed trials that are better than the answer without a model; all of them where none is."""
    return offered_of(study, finished_trials(study))


def offered_of(study: OpenStudy, trials: Sequence[FrontTrial]) -> list[FrontTrial]:
    """What :func:`offered_trials` offers of all :func:`finished_trials`."""
    naive = study.decided.get("naive")
    return [trial for trial in trials if naive is None or trial.error < naive] or list(trials)


def left_out(study: OpenStudy, trials: Sequence[FrontTrial]) -> str:
    """What of all finished trials is not on offer, and why, in one sentence; empty when all is."""
    naive, errors = study.decided.get("naive"), [trial.error for trial in trials]
    if naive is None or not errors:
        return ""
    than = f"better than the answer without a model, {TASKS[study.spec.data.task].naive} ({naive:.4g})"
    if min(errors) >= naive:
        return f"no trained design is {than}"
    worse = sum(error >= naive for error in errors)
    return f"{worse} of {len(errors)} trained designs are left out: no {than}" if worse else ""


def front(study: OpenStudy) -> list[FrontTrial]:
    """The trials on the Pareto front of what a study offers, by the first objective."""
    return front_of(offered_trials(study))


def front_of(trials: Sequence[FrontTrial]) -> list[FrontTrial]:
    """The trials that no other beats in every objective, by the first objective."""
    points = np.array([tuple(trial.values.values()) for trial in trials], dtype=np.float64)
    return sorted((trials[i] for i in non_dominated(points)), key=lambda one: tuple(one.values.values()))


def as_fastest(study: OpenStudy, trials: Sequence[FrontTrial]) -> list[FrontTrial]:
    """The trials in their fastest builds: the same numbers and errors with other estimates."""
    return [_built(study, trial, builds_of(study.spec, trial.point).fastest) for trial in trials]


def front_json(study: OpenStudy) -> dict[str, Any]:
    """The front as one JSON object."""
    trials = finished_trials(study)
    return {
        "study": study.name,
        "objectives": list(study.spec.study.objectives),
        "metric": study.spec.data.metric,
        "baselines": [one.to_json() for one in stored_baselines(study)],
        "left_out": left_out(study, trials),
        "trials": [
            {**trial.to_json(), "fastest": _fastest_json(builds_of(study.spec, trial.point).fastest)}
            for trial in front_of(offered_of(study, trials))
        ],
    }


def front_rows(study: OpenStudy) -> list[dict[str, Any]]:
    """A flat row a design: number, objectives, estimates, shape, bits, lanes, and the fastest build."""
    found = ((trial, builds_of(study.spec, trial.point)) for trial in front(study))
    return [
        {
            "number": trial.number,
            **trial.values,
            "error": trial.error,
            **_told(builds.own),
            **{f"utilization.{name}": value for name, value in trial.utilization.items()},
            **flat_design(trial.design),
            **{f"fastest.{name}": value for name, value in _told(builds.fastest).items()},
            **{f"fastest.utilization.{name}": one for name, one in builds.fastest.utilization.items()},
        }
        for trial, builds in found
    ]


def front_csv(study: OpenStudy) -> str:
    """The front as CSV: :func:`front_rows`."""
    rows = front_rows(study)
    names = list(dict.fromkeys(name for row in rows for name in row)) or [
        "number",
        *study.spec.study.objectives,
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def flat_design(design: Mapping[str, Any]) -> dict[str, Any]:
    """A design point's JSON without its nesting: shape, bits by tensor, lanes by engine."""
    return {
        **design["architecture"],
        **{f"{name}.weight_bits": bits for name, bits in design["weight_bits"].items()},
        **{f"{name}.activation_bits": bits for name, bits in design["activation_bits"].items()},
        **{f"{name}.lanes": engine["lanes"] for name, engine in design["engines"].items()},
    }


def _told(build: Assessment) -> dict[str, float]:
    """How fast a build is, and what energy it takes."""
    return {
        "cycles": build.estimate.cycles,
        "latency_us": build.latency_us,
        "interval_us": build.interval_us,
        "energy_uj": build.energy_uj,
    }


def _front_trial(study: OpenStudy, trial: FrozenTrial) -> FrontTrial:
    record = TrialRecord.of(trial)
    if record.estimate is None or record.error is None:
        raise _gone(study, trial)
    values = dict(zip(study.spec.study.objectives, trial.values, strict=True))
    design = record.design or Later(partial(_design, study, trial))
    return FrontTrial(trial.number, values, design, record.estimate, record.error)


def _design(study: OpenStudy, trial: FrozenTrial) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = user_attribute(study.storage, trial._trial_id, "design")
    if found is None:
        raise _gone(study, trial)
    return found


def _gone(study: OpenStudy, trial: FrozenTrial) -> UserError:
    return UserError(
        f"study {study.name} trial {trial.number}",
        "its design is gone: another program changed the study",
        "go back to a copy of the storage, or begin a new study",
    )


def _built(study: OpenStudy, trial: FrontTrial, build: Assessment) -> FrontTrial:
    """A trial in another build."""
    objectives = study.spec.study.objectives
    values = objective_values(study.spec, trial.values, build)
    return replace(
        trial,
        values=dict(zip(objectives, values, strict=True)),
        design=build.design.as_dict(),
        estimate=StoredEstimate.of(build),
    )


def _fastest_json(build: Assessment) -> dict[str, Any]:
    return {"design": build.design.as_dict(), "utilization": build.utilization, **_told(build)}
