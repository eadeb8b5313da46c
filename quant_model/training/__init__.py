"""Training on a CPU: float parents, quantised fine-tuning, integer models.

The settings come without torch; the rest is imported, with torch, when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from quant_model.training.errors import StopTraining, TrainingDiverged
from quant_model.training.settings import TrainingSettings

if TYPE_CHECKING:
    from quant_model.training.checkpoint import Resume
    from quant_model.training.epoch import Epoch
    from quant_model.training.parent import FloatParent, parent_key, train_parent
    from quant_model.training.process import prepare_process
    from quant_model.training.sensitivity import Sensitivity, measure_sensitivity
    from quant_model.training.trainer import TrainingResult, train

__all__ = [
    "Epoch",
    "FloatParent",
    "Resume",
    "Sensitivity",
    "StopTraining",
    "TrainingDiverged",
    "TrainingResult",
    "TrainingSettings",
    "measure_sensitivity",
    "parent_key",
    "prepare_process",
    "train",
    "train_parent",
]

_MODULES = {
    "Epoch": "epoch",
    "FloatParent": "parent",
    "Resume": "checkpoint",
    "Sensitivity": "sensitivity",
    "TrainingResult": "trainer",
    "measure_sensitivity": "sensitivity",
    "parent_key": "parent",
    "prepare_process": "process",
    "train": "trainer",
    "train_parent": "parent",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
