"""Devices as data: what a part holds.

7 series: AMD DS180, "7 Series FPGAs Data Sheet: Overview" (Spartan-7 and Artix-7 feature tables). A slice has
four LUTs and eight flip-flops; a block RAM of the table is 36 Kb, two RAMB18; a LUT of a SLICEM holds 64
bits, so that the table's "maximum distributed RAM" gives the LUTs that can be memory (AMD UG474).

iCE40 UltraPlus: Lattice FPGA-DS-02008, "iCE40 UltraPlus Family Data Sheet".
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from quant_model.errors import UserError

__all__ = [
    "DEVICES",
    "RESOURCES",
    "SEVEN_SERIES",
    "Device",
    "DynamicEnergy",
    "check_calibrated",
    "device",
    "utilization",
]

RESOURCES = ("lut", "lutram", "ff", "bram18", "dsp")
"""Names of the counted resources, in the order of every table."""


@dataclass(frozen=True)
class DynamicEnergy:
    """Energy of one resource in one clock, in pJ, at usual activity (an eighth of the nets toggle)."""

    lut: float
    """While its engine works, with the nets that it drives."""
    lutram: float
    """While its engine works."""
    ff: float
    """In every clock, with its share of the clock tree."""
    bram18: float
    """In every clock: ports are always enabled."""
    dsp: float
    """While its engine works."""


SEVEN_SERIES = DynamicEnergy(lut=0.08, lutram=0.25, ff=0.065, bram18=6.5, dsp=5.0)
"""All 7-series parts of the list have the same 28 nm fabric at 1.0 V.

From Vivado's power report of a VexRiscv system with LiteX on an XC7A35T at 100 MHz (4,311 LUT, 6,608 FF,
eleven RAMB18; clocks 43 mW, logic 8 mW, signals 10 mW, block RAM 7 mW): 0.065 pJ a register and clock, 6.4
pJ a RAMB18 and clock, 0.042 pJ a LUT averaged over working and waiting, so about 0.08 pJ while it works.
DSP: AMD states 1.38 mW at 100 MHz for a DSP48E in 65 nm (UG193); at 28 nm and usual activity about a third.
Memory in LUTs: three times logic, of which Vivado's report of a large UltraScale+ design shows more. No board
was measured: take a factor of two either way.
"""


@dataclass(frozen=True)
class Device:
    """Capacities and power of one part."""

    name: str
    """Lower case, without package and speed grade."""
    lut: int
    """LUTs in all, those that can be memory included."""
    lutram: int
    """LUTs that can be distributed RAM or shift register."""
    ff: int
    bram18: int
    dsp: int
    static_mw: float
    """Power of the configured device without a clock, at room temperature, typical."""
    dynamic_pj: DynamicEnergy = SEVEN_SERIES
    uncalibrated: str | None = None
    """Why the cost model cannot estimate for it; None where it can."""


_COOL = 0.5
"""Quiescent power at 25 degrees C over that at 85: of an XC7A35T Vivado reports 62 to 72 mW, and the data
sheet's typical currents make 137 mW."""


def _part(
    name: str,
    slices: int,
    distributed_kb: float,
    bram36: int,
    dsp: int,
    quiescent_ma: tuple[float, float, float],
) -> Device:
    """A 7-series part.

    ``quiescent_ma``: typical at 85 degrees C on VCCINT and VCCBRAM (1.0 V) and VCCAUX (1.8 V), by AMD DS189
    (Spartan-7) and DS181 (Artix-7), table "Typical Quiescent Supply Current". Only the XC7A35T's were checked
    against a second source: look at the current data sheet before you rely on the others.
    """
    core, ram, auxiliary = quiescent_ma
    return Device(
        name=name,
        lut=4 * slices,
        lutram=int(distributed_kb * 1024 / 64),
        ff=8 * slices,
        bram18=2 * bram36,
        dsp=dsp,
        static_mw=round(_COOL * (1.0 * (core + ram) + 1.8 * auxiliary), 1),
    )


# DS180 rounds the XC7S25's 312.5 Kb of distributed RAM to 313.
_ALL = (
    _part("xc7s6", 938, distributed_kb=70, bram36=5, dsp=10, quiescent_ma=(36, 1, 10)),
    _part("xc7s15", 2000, distributed_kb=150, bram36=10, dsp=20, quiescent_ma=(36, 1, 10)),
    _part("xc7s25", 3650, distributed_kb=312.5, bram36=45, dsp=80, quiescent_ma=(48, 1, 13)),
    _part("xc7s50", 8150, distributed_kb=600, bram36=75, dsp=120, quiescent_ma=(95, 2, 22)),
    _part("xc7a12t", 2000, distributed_kb=171, bram36=20, dsp=40, quiescent_ma=(48, 1, 13)),
    _part("xc7a35t", 5200, distributed_kb=400, bram36=50, dsp=90, quiescent_ma=(95, 2, 22)),
)
# A LUT4, an EBR and an SPRAM are none of the resources that are counted for 7-series parts.
_ICE40UP5K = Device(
    name="ice40up5k",
    lut=5280,
    lutram=0,
    ff=5280,
    bram18=0,
    dsp=8,
    static_mw=0.1,
    uncalibrated="it has 5,280 LUT4, 30 block RAMs of 4 kbit, 4 of 256 kbit and no distributed RAM",
)

DEVICES = {part.name: part for part in (*_ALL, _ICE40UP5K)}
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


def check_calibrated(part: Device) -> None:
    """Refuse a device for which estimates would be false numbers.

    Raises:
        UserError: the cost model has no calibration for it.
    """
    if part.uncalibrated is not None:
        raise UserError(
            f"device {part.name}",
            f"no estimate is calibrated for it: {part.uncalibrated}",
            "measure a design instead: bitfront timing FOLDER --target up5k",
        )


def utilization(resources: Mapping[str, float], part: Device) -> dict[str, float]:
    """Used over capacity. A LUT that is memory is a LUT of the device too: ``lut`` holds both kinds."""
    used = dict(resources)
    used["lut"] += used["lutram"]
    return {name: used[name] / getattr(part, name) for name in RESOURCES}
