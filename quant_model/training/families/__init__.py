"""The families of float models: each one a package or module of its family's name, registered in one line."""

from __future__ import annotations

from typing import Any

from quant_model.training.families.encoder import ENCODER
from quant_model.training.families.family import FloatFamily
from quant_model.training.families.hybrid import HYBRID
from quant_model.training.families.stream import STREAM

__all__ = ["FLOAT_FAMILIES", "FloatFamily"]

FLOAT_FAMILIES: dict[str, FloatFamily[Any, Any]] = {"encoder": ENCODER, "stream": STREAM, "hybrid": HYBRID}
"""By the family of the shape."""
