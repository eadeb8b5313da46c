"""Objectives by name: what a trial is judged by. All are made small.

Training tells some of them (:mod:`quant_model.data.outcomes`), the estimate all others.
"""

from __future__ import annotations

from collections.abc import Mapping

from cost_model import device
from quant_model.data.outcomes import ERROR, MISSES, is_outcome
from search.space.budget import Assessment
from search.study_files.spec import StudySpec

__all__ = ["labels", "objective_values"]

_UNITS = {
    "utilization": "share of the device",
    "latency": "us",
    "interval": "us from window to window",
    "energy": "uJ",
    MISSES: "share of the marked anomalies",
}


def objective_values(
    spec: StudySpec, trained: Mapping[str, float], assessment: Assessment
) -> tuple[float, ...]:
    """The values of a study's objectives, in the order of the study file.

    Args:
        spec: The study.
        trained: What training came to, by the names of :attr:`StudySection.trained` at least.
        assessment: The design's estimate.
    """
    budget = assessment.budget
    return tuple(
        trained[name] if is_outcome(name) else float(budget.fact(name, assessment.estimate))
        for name in spec.study.objectives
    )


def labels(spec: StudySpec) -> list[str]:
    """The objectives with their units, for people."""
    units = {**device(spec.device.name).fabric.resources, **_UNITS, ERROR: spec.data.metric}
    if spec.device.period is not None:
        units["energy"] = "uJ from row to row"
    of_part = "share told wrong" if spec.data.classes else spec.data.metric
    return [f"{name} ({units.get(name, of_part)})" for name in spec.study.objectives]
