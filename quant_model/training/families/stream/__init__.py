"""The stream's float model, with batch norm before its linear layers; conditioned as an encoder."""

from __future__ import annotations

from quant_model.training.families.encoder.condition import condition
from quant_model.training.families.family import FloatFamily
from quant_model.training.families.stream.float_model import FloatStream
from quant_model.training.families.stream.fold import fold

__all__ = ["STREAM"]

STREAM = FloatFamily(FloatStream, fold, condition)
