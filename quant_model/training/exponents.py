"""Exponents of a network: those that are wanted, those found so far, and all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from quant_model.formats import Format

Reach: TypeAlias = tuple[int, int]
"""The lowest and the highest exponent that a reader can work with."""


@dataclass(frozen=True)
class Scales:
    """Exponents of a whole network, all within the hardware's limits."""

    weights: Mapping[str, int]
    """By node with weights."""
    tensors: Mapping[str, int]
    """By tensor, ``input`` included; an accumulator that is passed on has its own exponent here."""


@dataclass(frozen=True)
class Draft:
    """Exponents while they are found, in the order of the data flow."""

    weights: dict[str, int]
    """By node with weights: wanted until the node is reached, allowed from then on."""
    wanted: Mapping[str, int]
    """By tensor with a trained scale of its own."""
    found: dict[str, int]
    """By tensor so far."""


def clamped(exponent: int, limits: Iterable[Reach]) -> int:
    """The exponent moved to the nearest bound, limit by limit."""
    for low, high in limits:
        exponent = min(max(exponent, low), high)
    return exponent


def reachable(accumulator: int, target: Format, max_shift: int) -> Reach:
    """The exponents that an accumulator can be shifted to."""
    return accumulator - target.bits, accumulator + max_shift
