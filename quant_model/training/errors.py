"""What can go wrong in training that is neither the user's fault nor a defect."""

from __future__ import annotations


class TrainingDiverged(Exception):  # noqa: N818 - an outcome, as TrialPruned is
    """Training met a value that is not finite: the trial has failed, its reason is the message."""


class StopTraining(Exception):  # noqa: N818 - a wish, not an error
    """Raised by a callback: enough epochs, the best one so far counts. The message is the reason."""
