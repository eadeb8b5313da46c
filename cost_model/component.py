"""The unit of an estimate: one instance of the generated VHDL with its counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cost_model.arithmetic import Number

__all__ = ["Component", "Counts", "Usage"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Resources; LUT and FF are fractions while they are being summed."""

    lut: Number = 0.0
    lutram: Number = 0.0
    ff: Number = 0.0
    bram18: Number = 0
    dsp: Number = 0

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


@dataclass(frozen=True, slots=True, eq=False)
class Usage:
    """What rules say about an instance, and what its fitted part depends on."""

    kind: str
    """Which coefficients to take."""
    rules: Counts
    """Counts by rule: registers, adders, memories."""
    features: tuple[Number, ...] = ()
    """What synthesis adds or takes away.

    LUTs (and a few FFs) in proportion to these, with fitted coefficients.
    """

    def times(self, count: Number) -> Usage:
        """``count`` such instances together."""
        rules = self.rules
        total = Counts(
            rules.lut * count,
            rules.lutram * count,
            rules.ff * count,
            rules.bram18 * count,
            rules.dsp * count,
        )
        return Usage(self.kind, total, tuple(feature * count for feature in self.features))


@dataclass(frozen=True, slots=True)
class Component:
    """One instance: which engine it belongs to, its label and what kind it is."""

    engine: str
    label: str
    entity: str
    counts: Counts
