"""What a trial keeps besides its values: user attributes and files, all written before it is finished.

User attributes: ``digest``, ``arithmetic``, ``design``, ``estimate``, ``filled`` (known before training),
``origin`` (of what it was made, to make it again), and after training ``error``, ``model``, ``curve``,
``seconds``; ``failure`` says why a trial failed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import optuna

from search.space.budget import Assessment
from search.space.identity import arithmetic_digest

if TYPE_CHECKING:
    from quant_model.training import TrainingResult

__all__ = ["curve_csv", "design_attributes", "record_design"]


def record_design(trial: optuna.Trial, assessment: Assessment, origin: Mapping[str, Any]) -> None:
    """Store what is known before training; a trial that was given back has its constraints already.

    Args:
        trial: A running trial.
        assessment: Its design.
        origin: Hashes of study file and data, version, seed and worker.
    """
    for name, value in design_attributes(assessment, origin).items():
        trial.set_user_attr(name, value)
    if not trial.constraints:
        for name, value in assessment.constraints.items():
            trial.set_constraint(name, value)


def design_attributes(assessment: Assessment, origin: Mapping[str, Any]) -> dict[str, Any]:
    """The user attributes that :func:`record_design` stores."""
    estimate = assessment.estimate
    return {
        "digest": assessment.design.digest,
        "arithmetic": arithmetic_digest(assessment.design),
        "design": assessment.design.as_dict(),
        "estimate": {
            "resources": assessment.resources,
            "utilization": dict(assessment.utilization),
            "cycles": estimate.cycles,
            "device": estimate.device,
            "calibration": estimate.calibration,
        },
        "filled": assessment.summary,
        "origin": dict(origin),
    }


def curve_csv(result: TrainingResult) -> bytes:
    """The learning curve: a row per epoch; the first is the parent, not yet trained."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", "train_loss", "validation_error"])
    for epoch in result.history:
        loss = "" if epoch.train_loss is None else epoch.train_loss
        writer.writerow([epoch.index, loss, epoch.validation_error])
    return text.getvalue().encode()
