"""Families of devices with the same primitives: each one a module, registered in one line."""

from __future__ import annotations

from cost_model.fabrics.ecp5 import ECP5
from cost_model.fabrics.fabric import DynamicEnergy, Fabric
from cost_model.fabrics.ice40up import ICE40UP
from cost_model.fabrics.xc7 import XC7

__all__ = ["FABRICS", "DynamicEnergy", "Fabric"]

FABRICS: dict[str, Fabric] = {fabric.name: fabric for fabric in (XC7, ICE40UP, ECP5)}
"""By name."""
