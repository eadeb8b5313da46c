"""Settings of training, free of torch so that a study file can be checked without it."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

_PARENT_FIELDS = (
    "batch_size",
    "parent_epochs",
    "parent_learning_rate",
    "parent_weight_decay",
    "patience",
    "calibration_windows",
    "stretch",
)

_MAY_BE_ZERO = ("epochs", "early_rung")


@dataclass(frozen=True)
class TrainingSettings:
    """How long and how fast to train. The defaults were chosen on the two shipped series.

    Raises:
        ValueError: a value is outside its range; the message names the field.
    """

    epochs: int = 20
    """Passes over the training windows with quantisation."""
    parent_epochs: int = 40
    """Passes over the training windows in floating point."""
    batch_size: int = 128
    """Windows per step."""
    stretch: int = 16
    """Consecutive forecasts of a stream that are learned from together: rows that they share are computed
    once. Windows of other families are learned from one by one."""
    learning_rate: float = 4e-3
    """Peak step of weights and biases in quantised training (AdamW)."""
    threshold_learning_rate: float = 1e-2
    """Peak step of the quantisers' log2 thresholds, in bits (AdamW)."""
    threshold_share: float = 0.75
    """Share of the training, 0..1, in which thresholds learn; for the rest of it the scales stay."""
    averaging: bool = True
    """After each epoch, also try the average of the last steps' parameters, and keep the better one."""
    distillation: float = 0.5
    """Share of the float parent's outputs in what is learned from, 0..1; the rest is the truth."""
    parent_learning_rate: float = 1e-2
    """Peak step in floating point (AdamW)."""
    parent_weight_decay: float = 1e-2
    """AdamW's decoupled decay in floating point."""
    patience: int = 15
    """Epochs without a better validation error after which training stops."""
    early_rung: int = 0
    """Epoch after which a search may stop a training that is clearly behind; 0 for never. What is stopped
    depends on what the search has seen by then, and so on the number of workers."""
    calibration_windows: int = 512
    """Training windows that first scales are chosen on, evenly spaced in time."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.type == "int" and value < (0 if field.name in _MAY_BE_ZERO else 1):
                raise ValueError(f"{field.name} is {value}, but must be positive")
            if field.type == "float" and not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{field.name} is {value}, but must be a finite number of at least 0")
        for name in ("distillation", "threshold_share"):
            if getattr(self, name) > 1:
                raise ValueError(f"{name} is {getattr(self, name)}, but must be at most 1")

    def parent_part(self, stretch: int = 1) -> dict[str, Any]:
        """The settings that a float parent depends on."""
        return {name: own for name, own in self.own_part(stretch).items() if name in _PARENT_FIELDS}

    def own_part(self, stretch: int = 1) -> dict[str, Any]:
        """The settings that a network depends on which learns from so many windows together."""
        own = dataclasses.asdict(self)
        return {name: value for name, value in own.items() if name != "stretch" or stretch > 1}
