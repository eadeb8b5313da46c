"""Devices as data: what an AMD 7-series part holds.

Source: AMD DS180, "7 Series FPGAs Data Sheet: Overview" (Spartan-7 and Artix-7 feature tables). A slice has
four LUTs and eight flip-flops; a block RAM of the table is 36 Kb, two RAMB18; a LUT of a SLICEM holds 64
bits, so that the table's "maximum distributed RAM" gives the LUTs that can be memory (AMD UG474).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from quant_model.errors import UserError

__all__ = ["DEVICES", "RESOURCES", "Device", "device", "utilization"]

RESOURCES = ("lut", "lutram", "ff", "bram18", "dsp")
"""Names of the counted resources, in the order of every table."""


@dataclass(frozen=True)
class Device:
    """Capacities of one part."""

    name: str
    """Lower case, without package and speed grade."""
    lut: int
    """LUTs in all, those that can be memory included."""
    lutram: int
    """LUTs that can be distributed RAM or shift register."""
    ff: int
    bram18: int
    dsp: int


def _part(name: str, slices: int, distributed_kb: float, bram36: int, dsp: int) -> Device:
    return Device(
        name=name,
        lut=4 * slices,
        lutram=int(distributed_kb * 1024 / 64),
        ff=8 * slices,
        bram18=2 * bram36,
        dsp=dsp,
    )


# DS180 rounds the XC7S25's 312.5 Kb of distributed RAM to 313.
_ALL = (
    _part("xc7s6", slices=938, distributed_kb=70, bram36=5, dsp=10),
    _part("xc7s15", slices=2000, distributed_kb=150, bram36=10, dsp=20),
    _part("xc7s25", slices=3650, distributed_kb=312.5, bram36=45, dsp=80),
    _part("xc7s50", slices=8150, distributed_kb=600, bram36=75, dsp=120),
    _part("xc7a35t", slices=5200, distributed_kb=400, bram36=50, dsp=90),
)

DEVICES = {part.name: part for part in _ALL}
"""All known devices by name; adding one is one line above."""


def device(name: str) -> Device:
    """The device called ``name`` (case does not matter).

    Raises:
        UserError: there is none; the message names the nearest.
    """
    found = DEVICES.get(name.lower())
    if found is None:
        nearest = difflib.get_close_matches(name.lower(), DEVICES, n=1, cutoff=0.0)[0]
        raise UserError(
            f"device {name}", f"is not known (known: {', '.join(DEVICES)})", f"did you mean {nearest}?"
        )
    return found


def utilization(resources: Mapping[str, float], part: Device) -> dict[str, float]:
    """Used over capacity. A LUT that is memory is a LUT of the device too: ``lut`` holds both kinds."""
    used = dict(resources)
    used["lut"] += used["lutram"]
    return {name: used[name] / getattr(part, name) for name in RESOURCES}
