"""Objectives by name: what a trial is judged by. All are made small."""

from __future__ import annotations

from search.budget import Assessment
from search.spec import StudySpec

__all__ = ["labels", "objective_values"]

_UNITS = {"utilization": "share of the device", "latency": "us"}


def objective_values(spec: StudySpec, error: float, assessment: Assessment) -> tuple[float, ...]:
    """The values of a study's objectives, in the order of the study file.

    Args:
        spec: The study.
        error: The golden model's on validation, by the task's metric.
        assessment: The design's estimate.
    """
    found = {
        "error": error,
        "utilization": max(assessment.utilization.values()),
        "latency": assessment.estimate.cycles / spec.device.clock_mhz,
    }
    return tuple(found[name] for name in spec.study.objectives)


def labels(spec: StudySpec) -> list[str]:
    """The objectives with their units, for people."""
    units = {**_UNITS, "error": spec.data.metric}
    return [f"{name} ({units[name]})" for name in spec.study.objectives]
