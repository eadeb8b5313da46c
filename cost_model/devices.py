"""Devices as data: what a part holds.

7 series: AMD DS180, "7 Series FPGAs Data Sheet: Overview" (Spartan-7 and Artix-7 feature tables). A slice has
four LUTs and eight flip-flops; a block RAM of the table is 36 Kb, two RAMB18; a LUT of a SLICEM holds 64
bits, so that the table's "maximum distributed RAM" gives the LUTs that can be memory (AMD UG474).

iCE40 UltraPlus: Lattice FPGA-DS-02008, "iCE40 UltraPlus Family Data Sheet"; ECP5: Lattice FPGA-DS-02012,
"ECP5 and ECP5-5G Family Data Sheet".
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cost_model.fabrics import Fabric
from cost_model.fabrics.ecp5 import ECP5
from cost_model.fabrics.ice40up import ICE40UP
from cost_model.fabrics.xc7 import XC7
from cost_model.regimes import Configuring
from quant_model.arithmetic import Number
from quant_model.errors import UserError

__all__ = ["DEVICES", "Device", "device"]


@dataclass(frozen=True)
class Device:
    """Capacities and power of one part."""

    name: str
    """Lower case, without package and speed grade."""
    fabric: Fabric
    capacity: Mapping[str, int]
    """By resource of the fabric; LUTs in all, those that can be memory included."""
    static_mw: float
    """Power of the configured device without a clock, at room temperature, typical."""
    configuring: Configuring | None = None
    """What it takes to configure it; None where that is not known."""

    def room(self, limit: float | None = None) -> dict[str, float]:
        """Share of each resource that a design may take: ``limit``, or what is realistic for the fabric."""
        realistic = self.fabric.realistic
        return {name: realistic.get(name, 1.0) if limit is None else limit for name in self.fabric.resources}

    def utilization(self, resources: Mapping[str, Number]) -> dict[str, Number]:
        """Used over capacity, by resource."""
        used = self.fabric.occupied(resources)
        return {name: used[name] / self.capacity[name] for name in self.fabric.resources}


_COOL = 0.5
"""Quiescent power at 25 degrees C over that at 85: of an XC7A35T Vivado reports 62 to 72 mW, and the data
sheet's typical currents make 137 mW."""


_SETUP_S, _BITS_PER_S, _CONFIGURING_MW, _PACKED = 0.027, 4 * 66e6, 328.0, 0.56
"""Configuring from flash, tuned as arXiv 2407.12027 tunes an XC7S15 (four data lines at 66 MHz, compressed
bitstream): it measured 11.85 mJ, 40 times less than with one line at 3 MHz, uncompressed. That is 36.1 ms, of
which 27 ms pass before the first bit, whatever the bitstream (AMD DS189: power-on reset takes 10 to 50 ms),
at 328 mW. The 11.85 mJ were confirmed by a secondary source; how they divide into time and power was not. The
design there leaves 0.56 of the bitstream when compressed; fuller ones leave more."""


def _configuring(bitstream_bits: int) -> Configuring:
    seconds = _SETUP_S + _PACKED * bitstream_bits / _BITS_PER_S
    return Configuring(seconds, _CONFIGURING_MW * seconds)


def _part(
    name: str,
    slices: int,
    distributed_kb: float,
    bram36: int,
    dsp: int,
    quiescent_ma: tuple[float, float, float],
    bitstream_bits: int,
) -> Device:
    """A 7-series part.

    ``bitstream_bits``: uncompressed, by AMD UG470, table "Bitstream Length"; those of the XC7S6 and XC7S15
    were not checked against it.
    ``quiescent_ma``: typical at 85 degrees C on VCCINT and VCCBRAM (1.0 V) and VCCAUX (1.8 V), by AMD DS189
    (Spartan-7) and DS181 (Artix-7), table "Typical Quiescent Supply Current". Only the XC7A35T's were checked
    against a second source: look at the current data sheet before you rely on the others.
    """
    core, ram, auxiliary = quiescent_ma
    capacity = {
        "lut": 4 * slices,
        "lutram": int(distributed_kb * 1024 / 64),
        "ff": 8 * slices,
        "bram18": 2 * bram36,
        "dsp": dsp,
        "slice": slices,
    }
    static_mw = round(_COOL * (1.0 * (core + ram) + 1.8 * auxiliary), 1)
    return Device(name, XC7, MappingProxyType(capacity), static_mw, _configuring(bitstream_bits))


# Slices, Kb of distributed RAM (DS180 rounds the XC7S25's 312.5 to 313), block RAM, DSP; currents; bitstream.
_ALL = (
    _part("xc7s6", 938, 70, 5, 10, (36, 1, 10), 4_310_752),
    _part("xc7s15", 2000, 150, 10, 20, (36, 1, 10), 4_310_752),
    _part("xc7s25", 3650, 312.5, 45, 80, (48, 1, 13), 9_934_432),
    _part("xc7s50", 8150, 600, 75, 120, (95, 2, 22), 17_536_096),
    _part("xc7a12t", 2000, 171, 20, 40, (48, 1, 13), 9_934_432),
    _part("xc7a35t", 5200, 400, 50, 90, (95, 2, 22), 17_536_096),
)


def _ice40up5k() -> Device:
    """The larger iCE40 UltraPlus: table "iCE40 UltraPlus Family Selection Guide".

    Its static power is 75 uA at 1.2 V: table "Supply Current" (not checked against a second source).
    """
    capacity = {"lc": 5280, "ebr": 30, "dsp": 8}
    return Device("ice40up5k", ICE40UP, MappingProxyType(capacity), static_mw=0.09)


def _ecp5(name: str, luts: int, ebr: int, dsp: int, standby_ma: tuple[float, float]) -> Device:
    """An ECP5 of the smaller core voltage.

    ``luts``: as many as nextpnr's database of the die has, which the data sheet rounds to thousands; of eight
    six can be memory. ``standby_ma``: typical on VCC (1.1 V) and VCCAUX (2.5 V), by table "ECP5 and ECP5-5G
    Supply Current (Standby)" (not checked against a second source).
    """
    core, auxiliary = standby_ma
    capacity = {"lut4": luts, "lutram": luts * 6 // 8, "ff": luts, "ebr": ebr, "dsp": dsp}
    return Device(name, ECP5, MappingProxyType(capacity), round(1.1 * core + 2.5 * auxiliary, 1))


_LATTICE = (
    _ice40up5k(),
    # LUTs, block RAM, multipliers: FPGA-DS-02012, table "ECP5 and ECP5-5G Family Selection Guide".
    _ecp5("ecp5-25f", 24_288, 56, 28, (77, 16)),
    _ecp5("ecp5-45f", 43_848, 108, 72, (116, 17)),
    _ecp5("ecp5-85f", 83_640, 208, 156, (212, 26)),
)

DEVICES = {part.name: part for part in (*_ALL, *_LATTICE)}
"""All devices that can be estimated for, by name; adding one is one line above."""


def device(name: str) -> Device:
    """The device called ``name`` (case does not matter).

    Raises:
        UserError: there is none; the message names the nearest.
    """
    found = DEVICES.get(name.lower())
    if found is not None:
        return found
    place = f"device {name}"
    nearest = difflib.get_close_matches(name.lower(), DEVICES, n=1, cutoff=0.0)[0]
    raise UserError(place, f"is not known (known: {', '.join(DEVICES)})", f"did you mean {nearest}?")
