"""What a mapped 7-series netlist takes of slices, beside what a count by type of cell tells.

Flip-flops of a slice share clock, enable and set/reset (AMD UG474, "Storage Elements"): eight of them fill a
slice only where these are the same. ``ff_gaps`` are the flip-flops that find no company, in slices: what the
slices of all control sets, each rounded up, are more than an eighth of the flip-flops. ``carry4`` are carry
chains, of which a slice holds one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

__all__ = ["cell_shares", "count_shares", "slices_of"]

LUT_PER_SLICE, FF_PER_SLICE = 4, 8
"""AMD UG474, "CLB Overview"."""
_SET_OR_RESET = {"FDRE": "R", "FDSE": "S", "FDCE": "CLR", "FDPE": "PRE"}
"""Flip-flops, with the port of their set or reset."""
_ASYNCHRONOUS = ("FDCE", "FDPE")

Cells = Mapping[str, Mapping[str, Any]]
"""By name, as Yosys's ``write_json`` writes them."""


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
    return round(max(luts, counts["carry4"], counts["ff"] / FF_PER_SLICE + counts["ff_gaps"]))


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
