"""Lattice ECP5: the mapping script, its cells, and what they take of LUTs.

A cell of a carry chain (CCU2C) is two LUTs, and so is what nextpnr puts before and behind each chain (its
``ecp5/pack.cc``). A RAM of 16 words of 4 bits takes four LUTs as memory and two more, whose slice holds the
write port (TRELLIS_RAMW): Lattice FPGA-TN-02204, "ECP5 and ECP5-5G Memory Usage Guide".
"""

from __future__ import annotations

from hdl.fabrics.mapper import Cells, Mapper
from hdl.fabrics.styles import reading

__all__ = ["ECP5", "cell_shares"]

_SCRIPT = (
    reading("distributed")
    + """\
synth_ecp5 -abc9 -top {top}
tee -q -o stat.json stat -json
"""
)


_CHAIN, _LUTS = "CCU2C", 2
"""LUTs of a cell of a carry chain."""


def cell_shares(cells: Cells) -> dict[str, dict[str, float]]:
    """By cell of a carry chain, the LUTs that nextpnr adds where the chain begins and ends.

    It counts two more, for the constants 0 and 1.
    """
    chains = {name: cell["connections"] for name, cell in cells.items() if cell["type"] == _CHAIN}
    outgoing = {bit for ports in chains.values() for bit in ports.get("COUT", ())}
    incoming = {bit for ports in chains.values() for bit in ports.get("CIN", ())}
    found: dict[str, dict[str, float]] = {}
    for name, ports in chains.items():
        begins = not outgoing.issuperset(ports.get("CIN", ()))
        ends = not incoming.issuperset(ports.get("COUT", ()))
        if begins or ends:
            found[name] = {"lut4": float(_LUTS * (begins + ends))}
    return found


ECP5 = Mapper(
    name="ecp5",
    flow="synth_ecp5",
    script=_SCRIPT,
    counted={
        "lut4": {"LUT4": 1, _CHAIN: _LUTS},
        "lutram": {"TRELLIS_DPR16X4": 6},
        "ff": {"TRELLIS_FF": 1},
        "ebr": {"DP16KD": 1},
        "dsp": {"MULT18X18D": 1},
    },
    # Multiplexers between a slice's LUTs.
    free=frozenset({"PFUMX", "L6MUX21", "VCC", "GND", "$scopeinfo"}),
    lasting=("TRELLIS_", "DP16KD", "MULT"),
    shares=cell_shares,
    packed=lambda counts: {"lut4": round(counts["lut4"])},
)
