"""The hybrid's float model, with batch norm behind its convolutions; its folding and conditioning."""

from __future__ import annotations

from quant_model.training.families.family import FloatFamily
from quant_model.training.families.hybrid.condition import condition
from quant_model.training.families.hybrid.float_hybrid import FloatHybrid
from quant_model.training.families.hybrid.fold_hybrid import fold

__all__ = ["HYBRID"]

HYBRID = FloatFamily(FloatHybrid, fold, condition)
