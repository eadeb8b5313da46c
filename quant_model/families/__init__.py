"""The families of networks: each one a module, registered in one line."""

from __future__ import annotations

from quant_model.families.encoder import Encoder
from quant_model.graph import DEFAULT_FAMILY, Shape

__all__ = ["DEFAULT_FAMILY", "FAMILIES", "Encoder", "Shape"]

FAMILIES: dict[str, type[Shape]] = {family.family: family for family in (Encoder,)}
"""Shapes by the name of their family."""
