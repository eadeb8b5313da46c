"""The unit of an estimate: one instance of the generated VHDL with its counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from quant_model.arithmetic import Number

__all__ = ["Component", "Counts", "Part", "Sort", "Usage"]

Sort = Literal["lanes", "memories", "arithmetic", "control"]
"""Families of parts that another tool may count otherwise than the calibration's."""


class Counts(dict[str, Number]):
    """Counts by resource of a fabric; none of what is not named. Fractions while they are being summed.

    Beside resources they hold what a fabric makes resources of (carry chains, half-filled slices), and the
    ``variance`` of the LUTs where a rule can only expect them.
    """

    def __missing__(self, resource: str) -> Number:
        return 0

    def __add__(self, other: Mapping[str, Number]) -> Counts:
        total = Counts(self)
        total.add(other)
        return total

    def __sub__(self, other: Mapping[str, Number]) -> Counts:
        total = Counts(self)
        for resource, count in other.items():
            total[resource] = total[resource] - count
        return total

    def add(self, other: Mapping[str, Number]) -> None:
        """Sum up in place."""
        known = self.get
        for resource, count in other.items():
            self[resource] = known(resource, 0) + count

    def times(self, count: Number) -> Counts:
        """``count`` times as many."""
        return Counts({resource: own * count for resource, own in self.items()})

    @staticmethod
    def total(parts: Iterable[Mapping[str, Number]]) -> Counts:
        """The sum of all parts."""
        result = Counts()
        known = result.get
        for part in parts:
            for resource, count in part.items():
                result[resource] = known(resource, 0) + count
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Usage:
    """What rules say about an instance, and what its fitted part depends on."""

    kind: str
    """Which coefficients to take."""
    rules: Counts
    """Counts by rule: registers, adders, memories."""
    features: Mapping[str, Number] = field(default_factory=dict)
    """What synthesis adds or takes away, in proportion to these, with fitted coefficients."""
    sort: Sort = "control"
    calibrated: dict[object, Counts] = field(default_factory=dict, repr=False)
    """What calibrations make of it, once they were asked: usages of equal instances are one object."""

    def times(self, count: Number) -> Usage:
        """``count`` such instances together."""
        features = {name: feature * count for name, feature in self.features.items()}
        return Usage(self.kind, self.rules.times(count), features, self.sort)


class Part(NamedTuple):
    """One instance of an engine."""

    label: str
    usage: Usage
    purpose: str
    """What it is there for, in words for people."""
    group: str
    """Parts whose border is not sharp in a flattened netlist are measured together: a ROM that feeds a DSP
    slice has no register of its own, the mapper puts a RAM's read multiplexer into what it drives."""
    place: str = ""
    """Where the VHDL has it: labels of instances inwards from the engine's; its own label when empty."""


@dataclass(frozen=True, slots=True)
class Component:
    """One instance with its counts, and the engine that it belongs to."""

    engine: str
    label: str
    entity: str
    purpose: str
    counts: Counts
