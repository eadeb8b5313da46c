"""Lattice iCE40 UltraPlus: the mapping script, and how many logic cells a netlist is packed into.

A logic cell has a four-input LUT, a bit of a carry chain whose operands are two of the LUT's inputs, and a
flip-flop behind it. What shares one is decided by nextpnr when it packs (its ``ice40/pack.cc`` and
``ice40/chains.cc``); :func:`cell_shares` repeats that on the netlist, so that ``lc`` means cells of the
device and not cells of the netlist. ``bitfront timing --target up5k`` shows nextpnr's own count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hdl.fabrics.mapper import Cells, Mapper
from hdl.fabrics.styles import reading

__all__ = ["ICE40UP", "cell_shares"]

_SCRIPT = (
    reading("block")
    + """\
proc
flatten
opt_clean
splitcells
opt_clean
synth_ice40 -dsp -abc9 -device u -top {top}
tee -q -o stat.json stat -json
"""
)
"""Without ``splitcells`` Yosys 0.70's ``synth_ice40 -dsp`` merges the registers of several lanes into one
SB_MAC16. The family has no RAM in LUTs, and small ones in flip-flops, a word a clock enable, leave no tile
for carry chains (nextpnr 0.11 then searches without end): so all RAMs are block RAMs."""

_FLIP_FLOPS = frozenset({"SB_DFF", "SB_DFFE", "SB_DFFSR", "SB_DFFESR", "SB_DFFSS", "SB_DFFESS"})
_LUT, _CARRY = "SB_LUT4", "SB_CARRY"
_OPEN = ("0", "x", "z")
"""What leaves a pin without a net; a constant 1 is one."""


def cell_shares(cells: Cells) -> dict[str, dict[str, float]]:
    """By cell, the logic cells that it takes: none where it shares the one of another cell.

    nextpnr 0.11 counts one more, for constants.
    """
    netlist = _Netlist(cells)
    lone, merged = netlist.lone_carries, netlist.merged_luts
    found: dict[str, int] = {}
    for name, cell in cells.items():
        if cell["type"] == _LUT:
            found[name] = name not in merged
        elif cell["type"] in _FLIP_FLOPS:
            found[name] = not netlist.behind_lut(name)
        elif cell["type"] == _CARRY:
            found[name] = (name in lone) + netlist.passes(name)
    return {name: {"lc": float(count)} for name, count in found.items() if count}


@dataclass(frozen=True)
class _Netlist:
    """Who drives and who reads the bits of a netlist, and what shares a logic cell because of it."""

    cells: Cells

    @cached_property
    def drivers(self) -> dict[Any, str]:
        """By bit: the cell."""
        return {bit: name for name, _, bit in self._pins("output")}

    @cached_property
    def readers(self) -> Mapping[Any, list[tuple[str, str]]]:
        """By bit: cells and ports."""
        found: dict[Any, list[tuple[str, str]]] = defaultdict(list)
        for name, port, bit in self._pins("input"):
            found[bit].append((name, port))
        return found

    def _pins(self, direction: str) -> Iterator[tuple[str, str, Any]]:
        for name, cell in self.cells.items():
            for port, bits in cell["connections"].items():
                if cell["port_directions"][port] == direction:
                    yield from ((name, port, bit) for bit in bits if bit not in _OPEN)

    def pin(self, name: str, port: str) -> Any:
        """The bit at a port of one bit; None where it is open."""
        bits = self.cells[name]["connections"].get(port, [])
        return None if not bits or bits[0] in _OPEN else bits[0]

    def _driven_by(self, bit: Any, kind: str) -> str | None:
        """The cell of that type that drives a bit."""
        driver = self.drivers.get(bit)
        return driver if driver is not None and self.cells[driver]["type"] == kind else None

    def _read_by(self, bit: Any, port: str, kind: str) -> list[str]:
        """The cells of that type that read a bit at a port."""
        found = self.readers.get(bit, ())
        return [name for name, own in found if own == port and self.cells[name]["type"] == kind]

    def behind_lut(self, register: str) -> bool:
        """Whether a flip-flop is in the cell of a LUT, which drives nothing else."""
        bit = self.pin(register, "D")
        return self._driven_by(bit, _LUT) is not None and len(self.readers[bit]) == 1

    @cached_property
    def _hosts(self) -> dict[str, str]:
        """By bit of a carry chain: the LUT that shares its cell, because it reads the same operands."""
        found: dict[str, str] = {}
        taken: set[str] = set()
        for name, cell in self.cells.items():
            if cell["type"] == _CARRY:
                host = self._host(name, taken)
                if host is not None:
                    found[name] = host
                    taken.add(host)
        return found

    def _host(self, carry: str, taken: set[str]) -> str | None:
        first, second, incoming = (self.pin(carry, port) for port in ("I0", "I1", "CI"))
        if incoming is None or incoming == "1":
            candidates = self._read_by(*((first, "I1") if first is not None else (second, "I2")), _LUT)
        else:
            # Of several LUTs that read the carry only the first is looked at.
            candidates = self._read_by(incoming, "I3", _LUT)[:1]
        same = [
            lut
            for lut in candidates
            if lut not in taken and self.pin(lut, "I1") == first and self.pin(lut, "I2") == second
        ]
        return same[0] if len(same) == 1 else None

    @cached_property
    def lone_carries(self) -> frozenset[str]:
        """Bits of carry chains that no LUT shares its cell with."""
        chains = {name for name, cell in self.cells.items() if cell["type"] == _CARRY}
        return frozenset(chains - self._hosts.keys())

    @cached_property
    def merged_luts(self) -> frozenset[str]:
        """LUTs of two inputs at most in the cell of a lone bit of a carry chain that they drive."""
        found: set[str] = set()
        hosts = frozenset(self._hosts.values())
        for carry in self.lone_carries:
            for port in ("I0", "I1"):
                lut = self._driven_by(self.pin(carry, port), _LUT)
                if lut is not None and lut not in found | hosts and self._is_small(lut):
                    found.add(lut)
                    break
        return frozenset(found)

    def _is_small(self, lut: str) -> bool:
        """Whether it has two inputs at most and no flip-flop behind it."""
        if self.pin(lut, "I0") is not None or self.pin(lut, "I1") is not None:
            return False
        readers = self.readers[self.pin(lut, "O")]
        return not (len(readers) == 1 and self.cells[readers[0][0]]["type"] in _FLIP_FLOPS)

    def passes(self, carry: str) -> int:
        """Cells that bring a carry into a chain from elsewhere, or out of it to other cells than the next."""
        incoming, outgoing = self.pin(carry, "CI"), self.pin(carry, "CO")
        enters = incoming not in (None, "1") and self._driven_by(incoming, _CARRY) is None
        return int(enters) + int(outgoing is not None and self._leaves(outgoing))

    def _leaves(self, bit: Any) -> bool:
        """Whether a carry goes to more than the next bit's LUT and chain."""
        luts, chains = self._read_by(bit, "I3", _LUT), self._read_by(bit, "CI", _CARRY)
        if len(self.readers.get(bit, ())) > len(chains) + len(luts) or len(chains) > 1 or len(luts) > 1:
            return True
        return bool(chains and luts) and self._hosts.get(chains[0]) != luts[0]


ICE40UP = Mapper(
    name="ice40up",
    flow="synth_ice40 -device u",
    script=_SCRIPT,
    counted={"ebr": {"SB_RAM40_4K": 1}, "dsp": {"SB_MAC16": 1}},
    free=frozenset({_LUT, _CARRY, *_FLIP_FLOPS, "VCC", "GND", "$scopeinfo"}),
    lasting=("SB_DFF", "SB_RAM", "SB_MAC"),
    shares=cell_shares,
    packed=lambda counts: {"lc": round(counts.get("lc", 0))},
)
