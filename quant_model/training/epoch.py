"""What a pass over the training windows came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training windows came to."""

    index: int
    """From 1; 0 is the state before the first step."""
    train_loss: float | None
    """The task's loss, quantised like the model; None for epoch 0."""
    validation_error: float
    """The task's error on validation (RMSE in the target's unit for forecasts)."""
