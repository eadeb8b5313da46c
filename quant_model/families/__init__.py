"""The families of networks: each one a module, registered in one line."""

from __future__ import annotations

from typing import TypeAlias

from quant_model.families.encoder import Encoder
from quant_model.families.hybrid import Hybrid
from quant_model.families.stream import Stream
from quant_model.graph import DEFAULT_FAMILY, Shape

__all__ = ["DEFAULT_FAMILY", "FAMILIES", "AnyShape", "Encoder", "Hybrid", "Shape", "Stream"]

AnyShape: TypeAlias = Encoder | Stream | Hybrid
"""The union of all families' shapes, told apart by their ``family``."""

FAMILIES: dict[str, type[AnyShape]] = {family.family: family for family in (Encoder, Stream, Hybrid)}
"""Shapes by the name of their family."""
