"""The encoder's float model, with batch norm before its linear layers: built, folded, conditioned."""

from __future__ import annotations

from quant_model.training.families.encoder.condition import condition
from quant_model.training.families.encoder.float_model import FloatTransformer
from quant_model.training.families.encoder.fold import fold
from quant_model.training.families.family import FloatFamily

__all__ = ["ENCODER"]

ENCODER = FloatFamily(FloatTransformer, fold, condition)
