"""How a family of devices is synthesised, and what its netlists count.

A fabric's other half, what it is estimated to cost, is its module of the same name under
``cost_model/fabrics``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["Cells", "Mapper", "NetlistError"]

Cells: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The cells of a flat netlist by name, as Yosys's ``write_json`` writes them."""


class NetlistError(Exception):
    """The netlist holds what must not be there."""


@dataclass(frozen=True)
class Mapper:
    """A fabric, as far as synthesis is concerned."""

    name: str
    """As in ``cost_model.fabrics``."""
    flow: str
    """What is called, for people."""
    script: str
    """For Yosys, from ``top.v`` to ``stat.json``; it must never change without a new calibration. Place and
    route, boards and the simulation of netlists begin with it."""
    counted: Mapping[str, Mapping[str, int]]
    """By resource, what each type of cell takes of it."""
    free: frozenset[str]
    """Types of cells that take nothing by themselves."""
    lasting: tuple[str, ...]
    """Beginnings of types of cells that mapping leaves where they were: registers, memories, multipliers."""
    shares: Callable[[Cells], dict[str, dict[str, float]]]
    """By cell, what it takes that its type alone does not tell."""
    packed: Callable[[Mapping[str, float]], dict[str, int]]
    """Resources that follow from all other counts."""

    @property
    def digest(self) -> str:
        """First eight digits of the SHA-256 of the script."""
        return hashlib.sha256(self.script.encode()).hexdigest()[:8]

    def count(self, cells: Mapping[str, int]) -> dict[str, int]:
        """Device resources of a netlist's cells, given how many there are of each type.

        Raises:
            NetlistError: a latch, or a cell whose cost is not known.
        """
        unknown = sorted(set(cells) - self.free.union(*self.counted.values()))
        if unknown:
            latches = [name for name in unknown if name in ("LDCE", "LDPE") or "LATCH" in name.upper()]
            what = (
                f"latches ({', '.join(latches)})" if latches else f"unexpected cells ({', '.join(unknown)})"
            )
            raise NetlistError(f"the netlist holds {what}")
        return {
            key: sum(cells.get(name, 0) * factor for name, factor in factors.items())
            for key, factors in self.counted.items()
        }

    def count_by_cell(self, cells: Cells) -> dict[str, dict[str, float]]:
        """By cell of a netlist, what it takes of a device."""
        found = self.shares(cells)
        for name, cell in cells.items():
            for key, factors in self.counted.items():
                if (factor := factors.get(cell["type"])) is not None:
                    own = found.setdefault(name, {})
                    own[key] = own.get(key, 0) + factor
        return found
