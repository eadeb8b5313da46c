"""What can go wrong in training that is neither the user's fault nor a defect."""

from __future__ import annotations


class TrainingDiverged(Exception):  # noqa: N818 - an outcome, as TrialPruned is
    """Training met a value that is not finite: the trial has failed, its reason is the message."""
