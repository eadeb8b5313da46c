"""Families of devices as synthesis sees them: each one a module, registered in one line."""

from __future__ import annotations

from hdl.fabrics.ecp5 import ECP5
from hdl.fabrics.ice40up import ICE40UP
from hdl.fabrics.mapper import Mapper, NetlistError
from hdl.fabrics.xc7 import XC7

__all__ = ["ECP5", "ICE40UP", "MAPPERS", "XC7", "Mapper", "NetlistError"]

MAPPERS: dict[str, Mapper] = {mapper.name: mapper for mapper in (XC7, ICE40UP, ECP5)}
"""By the name of the fabric."""
