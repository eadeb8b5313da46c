"""Objectives by name: what a trial is judged by. All are made small."""

from __future__ import annotations

from cost_model import device
from search.space.budget import Assessment
from search.study_files.spec import StudySpec

__all__ = ["ERROR", "labels", "objective_values"]

ERROR = "error"
"""The one objective that only training tells; the estimate knows all others."""
_UNITS = {
    "utilization": "share of the device",
    "latency": "us",
    "interval": "us from window to window",
    "energy": "uJ",
}


def objective_values(spec: StudySpec, error: float, assessment: Assessment) -> tuple[float, ...]:
    """The values of a study's objectives, in the order of the study file.

    Args:
        spec: The study.
        error: The golden model's on validation, by the task's metric.
        assessment: The design's estimate.
    """
    budget = assessment.budget
    return tuple(
        error if name == ERROR else float(budget.fact(name, assessment.estimate))
        for name in spec.study.objectives
    )


def labels(spec: StudySpec) -> list[str]:
    """The objectives with their units, for people."""
    units = {**device(spec.device.name).fabric.resources, **_UNITS, ERROR: spec.data.metric}
    if spec.device.period is not None:
        units["energy"] = "uJ from row to row"
    return [f"{name} ({units[name]})" for name in spec.study.objectives]
