"""The unit of an estimate: one instance of the generated VHDL with its counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Component", "Counts", "counter_bits"]


@dataclass(frozen=True)
class Counts:
    """Resources; LUT and FF are fractions while they are being summed."""

    lut: float = 0.0
    lutram: float = 0.0
    ff: float = 0.0
    bram18: int = 0
    dsp: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.lut + other.lut,
            self.lutram + other.lutram,
            self.ff + other.ff,
            self.bram18 + other.bram18,
            self.dsp + other.dsp,
        )

    def __sub__(self, other: Counts) -> Counts:
        return Counts(
            self.lut - other.lut,
            self.lutram - other.lutram,
            self.ff - other.ff,
            self.bram18 - other.bram18,
            self.dsp - other.dsp,
        )

    @staticmethod
    def total(parts: Iterable[Counts]) -> Counts:
        """The sum of all parts."""
        result = Counts()
        for part in parts:
            result += part
        return result


@dataclass(frozen=True)
class Component:
    """One instance: which engine it belongs to, its label in the VHDL and its entity."""

    engine: str
    label: str
    entity: str
    counts: Counts


def counter_bits(count: int) -> int:
    """Bits of a counter ``0 .. count - 1``, at least one: the VHDL function of that name."""
    return max((count - 1).bit_length(), 1)
