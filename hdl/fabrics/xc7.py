"""AMD 7 series: the mapping script, its cells, and what they take of slices.

Flip-flops of a slice share clock, enable and set/reset (AMD UG474, "Storage Elements"): eight of them fill a
slice only where these are the same. ``ff_gaps`` are the flip-flops that find no company, in slices: what the
slices of all control sets, each rounded up, are more than an eighth of the flip-flops. ``carry4`` are carry
chains, of which a slice holds one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from hdl.fabrics.mapper import Cells, Mapper

__all__ = ["XC7", "cell_shares", "count_shares", "slices_of"]

_SCRIPT = """\
read_verilog top.v
hierarchy -top {top}
scratchpad -copy abc9.script.default.fast abc9.script
synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -nowidelut -top {top}
tee -q -o stat.json stat -json
"""
"""The one mapping script; it must never change without a new calibration of the cost model.

``default.fast``: with it the values of weights move a LUT count by at most one, with the default by 15,
so that an estimate which knows no weights can be close. ``-nowidelut``: MUXF7 and MUXF8 would hide LUTs in a
count by cells. ``-noiopad -noclkbuf``: the accelerator is a part of a design, it has no pins.
"""

# LUTs that one memory cell occupies (AMD UG474, "Distributed RAM"; a RAM64M fills a slice's four LUTs).
_LUTRAM = {
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM128X1D": 4,
    "RAM32X1S": 1,
    "RAM64X1S": 1,
    "RAM128X1S": 2,
    "RAM256X1S": 4,
    "SRL16E": 1,
    "SRLC32E": 1,
}
_COUNTED: dict[str, dict[str, int]] = {
    "lut": {f"LUT{inputs}": 1 for inputs in range(1, 7)},
    "lutram": _LUTRAM,
    "ff": dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE"), 1),
    "bram18": {"RAMB18E1": 1, "RAMB36E1": 2},
    "dsp": {"DSP48E1": 1},
}
# Free on the device, or (INV) absorbed into the cell that it feeds.
_FREE = frozenset({"CARRY4", "INV", "VCC", "GND", "BUFG", "$scopeinfo"})

LUT_PER_SLICE, FF_PER_SLICE = 4, 8
"""AMD UG474, "CLB Overview"."""
_SET_OR_RESET = {"FDRE": "R", "FDSE": "S", "FDCE": "CLR", "FDPE": "PRE"}
"""Flip-flops, with the port of their set or reset."""
_ASYNCHRONOUS = ("FDCE", "FDPE")


def cell_shares(cells: Cells) -> dict[str, dict[str, float]]:
    """By cell, what it takes; a control set's gap is shared by its flip-flops."""
    found = {name: {"carry4": 1.0} for name, cell in cells.items() if cell["type"] == "CARRY4"}
    for names in _control_sets(cells):
        share = _gap(len(names)) / len(names)
        found.update((name, {"ff_gaps": share}) for name in names)
    return found


def count_shares(cells: Cells) -> dict[str, float]:
    """``carry4`` and ``ff_gaps`` of a whole netlist."""
    return {
        "carry4": sum(cell["type"] == "CARRY4" for cell in cells.values()),
        "ff_gaps": sum(_gap(len(names)) for names in _control_sets(cells)),
    }


def slices_of(counts: Mapping[str, float]) -> int:
    """The fewest slices that hold a netlist's LUTs, its carry chains, its flip-flops by control set."""
    luts = -(-(counts["lut"] + counts["lutram"]) // LUT_PER_SLICE)
    flip_flops = counts["ff"] / FF_PER_SLICE + counts.get("ff_gaps", 0)
    return round(max(luts, counts.get("carry4", 0), flip_flops))


def _gap(count: int) -> float:
    return -(-count // FF_PER_SLICE) - count / FF_PER_SLICE


def _control_sets(cells: Cells) -> list[list[str]]:
    """Names of flip-flops that may share a slice."""
    sets: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for name, cell in cells.items():
        port = _SET_OR_RESET.get(cell["type"])
        if port is not None:
            (clock,), (enable,), (reset,) = (cell["connections"][pin] for pin in ("C", "CE", port))
            sets[clock, enable, reset, cell["type"] in _ASYNCHRONOUS].append(name)
    return list(sets.values())


XC7 = Mapper(
    name="xc7",
    flow="synth_xilinx xc7",
    script=_SCRIPT,
    counted=_COUNTED,
    free=_FREE,
    lasting=("FD", "RAM", "SRL", "DSP"),
    shares=cell_shares,
    packed=lambda counts: {"slice": slices_of(counts)},
)
