"""What a family of devices has in common, as far as estimates are concerned.

A fabric's other half, how it is synthesised, is its module of the same name under ``hdl/fabrics``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from cost_model.component import Counts
from cost_model.fabrics.entities import Entities
from quant_model.arithmetic import Number
from quant_model.node import Node

__all__ = ["BuildChoice", "DynamicEnergy", "Fabric", "whole"]

BuildChoice = Literal["multiplier", "buffer", "memory"]


@dataclass(frozen=True)
class DynamicEnergy:
    """Energy of a resource in one clock, in pJ, at usual activity (an eighth of the nets toggle)."""

    clocked: Mapping[str, float]
    """By resource that takes it in every clock, with its share of the clock tree."""
    busy: Mapping[str, float]
    """By resource that takes it while its engine works, with the nets that it drives."""


class Fabric(ABC):
    """A family of devices with the same primitives."""

    name: ClassVar[str]
    resources: ClassVar[Mapping[str, str]]
    """What a device holds, in the order of every table, with the unit in words for people."""
    additive: ClassVar[tuple[str, ...]]
    """Those of them that are sums over a design's parts."""
    fitted: ClassVar[tuple[str, ...]]
    """Counts that no rule tells whole: what they lack is fitted to measured designs."""
    indirect: ClassVar[tuple[str, ...]] = ()
    """Counts of the rules that are no resource here. What a kind of part has of them is a feature as any
    other: what it is worth in fitted counts is fitted, too."""
    widest: ClassVar[int]
    """Largest width of a network that calibrations draw: what the family's larger devices hold with ease."""
    entities: ClassVar[Entities]
    calibration: ClassVar[str]
    """Name of the calibration that comes with Bitfront."""
    energy: ClassVar[DynamicEnergy]
    realistic: ClassVar[Mapping[str, float]]
    """Share of a resource beyond which no router closes a design; 1 where none is named."""
    clock_mhz: ClassVar[float]
    """What a new study file says. What designs reach: RESULT.md of tests/bench/accelerator and of
    tests/bench/boards."""
    auto: ClassVar[Mapping[BuildChoice, str]]
    """What ``auto`` may become besides LUTs: by choice the name of the other way, in the order of trying."""
    in_luts: ClassVar[Mapping[BuildChoice, tuple[str, ...]]]
    """What ``auto`` is to begin with: by choice the first of these that an engine offers."""

    @abstractmethod
    def can_multiply(self, node: Node) -> Number:
        """Whether synthesis puts an engine's products into the fabric's multipliers."""

    @abstractmethod
    def resources_of(self, counts: Counts) -> dict[str, Number]:
        """By resource, what sums of counts come to in whole pieces."""

    @abstractmethod
    def decided_by(self, resource: str, counts: Counts) -> tuple[str, ...]:
        """The counts whose sum decides how much of a resource a design takes, given all its counts."""

    @abstractmethod
    def occupied(self, resources: Mapping[str, Number]) -> dict[str, Number]:
        """By resource, what is taken of a device's capacity: a LUT that is memory is a LUT of the device."""


def whole(count: Number) -> Number:
    """A sum of fractions in whole pieces."""
    if isinstance(count, np.ndarray):
        return np.rint(count).astype(np.int64)
    return round(count)
