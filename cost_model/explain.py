"""Why an estimate is what it is: what fills the device, and which single change would make a design fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cost_model.calibration import Calibration
from cost_model.component import Component, Counts
from cost_model.devices import RESOURCES, Device
from cost_model.estimates import Estimate, estimate
from cost_model.resolution import resolve
from quant_model.design import (
    BufferType,
    DesignPoint,
    Engine,
    Multiplier,
    activation_range,
    engine_kinds,
    lane_limit,
    memory_choices,
    tied_streams,
)

__all__ = ["Change", "Share", "fitting_changes", "fullest", "shares", "shares_by_kind"]

_KINDS = {
    "lanes": "multiply-accumulate lanes",
    "weights": "weight memories",
    "biases": "bias memories",
    "ram": "row buffers",
    "buffer": "row buffers",
    "maxima": "row buffers",
    "maxima_ram": "row buffers",
    "banks": "key and value stores",
    "store_ram": "key and value stores",
    "store": "key and value stores",
    "store_counter": "key and value stores",
    "output_stage": "biases added, requantised",
    "adder": "residual additions",
    "normaliser": "division of the softmax",
    "softmax_table": "softmax",
    "maximum": "softmax",
    "engine": "pooling",
}
_CONTROL = "control"


@dataclass(frozen=True)
class Share:
    """What one engine, or all parts of one kind, take of the design's fullest resource and of all others."""

    name: str
    counts: Counts
    part: float
    """Share of the design's use of its fullest resource."""


@dataclass(frozen=True)
class Change:
    """A design point that differs in one choice."""

    description: str
    design: DesignPoint
    estimate: Estimate
    rank: tuple[int, float, float]
    """What it costs the user: 0 nothing, 1 clocks, 2 bits and so accuracy; then how much of that (clocks as a
    ratio, bits); then how full the device is."""


def fullest(found: Estimate) -> str:
    """The resource that is used most."""
    return max(RESOURCES, key=lambda name: found.utilization[name])


def shares(found: Estimate) -> list[Share]:
    """Engines by what they take of the fullest resource, the largest first."""
    return _shares(found, lambda part: part.engine)


def shares_by_kind(found: Estimate) -> list[Share]:
    """Kinds of parts, over all engines, by what they take of the fullest resource, the largest first."""
    return _shares(found, lambda part: _KINDS.get(part.label, _CONTROL))


def _shares(found: Estimate, name_of: Callable[[Component], str]) -> list[Share]:
    resource = fullest(found)
    totals: dict[str, Counts] = {}
    for part in found.components:
        name = name_of(part)
        totals[name] = totals.get(name, Counts()) + part.counts
    used = {name: _use(counts, resource) for name, counts in totals.items()}
    everything = sum(used.values()) or 1.0
    ranked = sorted(totals, key=lambda name: -used[name])
    return [Share(name, totals[name], used[name] / everything) for name in ranked]


def fitting_changes(
    design: DesignPoint, device: Device, limit: float = 1.0, calibration: Calibration | None = None
) -> list[Change]:
    """Single changes after which the design stays within ``limit`` of the device, the cheapest first.

    Choices of memory or multiplier cost nothing, fewer lanes cost clocks, fewer bits cost accuracy. Of
    several numbers of lanes or bits that would do, the nearest is kept. Empty when no change is enough.
    """
    base = resolve(design, device, calibration)
    clocks = estimate(base, device, calibration).cycles
    found: dict[str, Change] = {}
    for one in _single_changes(base):
        after = estimate(one.design, device, calibration)
        fullest_then = max(after.utilization.values())
        if fullest_then <= limit:
            price = after.cycles / clocks if one.kind == _CLOCKS else one.bits
            change = Change(one.description, one.design, after, (one.kind, price, fullest_then))
            known = found.get(one.subject)
            if known is None or change.rank < known.rank:
                found[one.subject] = change
    return sorted(found.values(), key=lambda change: change.rank)


def _use(counts: Counts, resource: str) -> float:
    """A LUT that is memory is a LUT of the device too."""
    return float(getattr(counts, resource) + (counts.lutram if resource == "lut" else 0))


@dataclass(frozen=True)
class _Candidate:
    kind: int
    subject: str
    """What changes, whatever its new value."""
    description: str
    design: DesignPoint
    bits: float = 0
    """Given up."""


_FREE, _CLOCKS, _BITS = 0, 1, 2


def _single_changes(design: DesignPoint) -> Iterator[_Candidate]:
    yield from _build_changes(design)
    yield from _narrower(design)


def _build_changes(design: DesignPoint) -> Iterator[_Candidate]:
    for name, kind in engine_kinds(design.architecture).items():
        engine = design.engines[name]

        def candidate(kind: int, what: str, old: object, changed: Engine, name: str = name) -> _Candidate:
            new = getattr(changed, what)
            subject = f"{name}: {what}"
            return _Candidate(
                kind, subject, f"{subject} {old} -> {new}", design.with_engines({name: changed})
            )

        buffer: BufferType = "distributed" if engine.buffer == "block" else "block"
        yield candidate(_FREE, "buffer", engine.buffer, dataclasses.replace(engine, buffer=buffer))
        for memory in memory_choices(kind):
            if memory not in ("auto", engine.memory):
                yield candidate(_FREE, "memory", engine.memory, dataclasses.replace(engine, memory=memory))
        if engine.multiplier is not None:
            multiplier: Multiplier = "lut" if engine.multiplier == "dsp" else "dsp"
            changed = dataclasses.replace(engine, multiplier=multiplier)
            yield candidate(_FREE, "multiplier", engine.multiplier, changed)
        limit = lane_limit(design.architecture, name)
        for lanes in (lanes for lanes in range(1, engine.lanes) if limit % lanes == 0):
            yield candidate(_CLOCKS, "lanes", engine.lanes, dataclasses.replace(engine, lanes=lanes))


def _narrower(design: DesignPoint) -> Iterator[_Candidate]:
    for name, bits in design.weight_bits.items():
        for less in range(2, bits):
            weights = {**design.weight_bits, name: less}
            subject = f"{name}: weight bits"
            changed = dataclasses.replace(design, weight_bits=weights)
            yield _Candidate(_BITS, subject, f"{subject} {bits} -> {less}", changed, bits - less)
    tied = tied_streams(design.architecture)
    for name, bits in design.activation_bits.items():
        names = tied if name in tied else (name,)
        for less in range(activation_range(design.architecture, name)[0], bits):
            tensors = {**design.activation_bits, **dict.fromkeys(names, less)}
            subject = f"{name}: activation bits"
            changed = dataclasses.replace(design, activation_bits=tensors)
            yield _Candidate(_BITS, subject, f"{subject} {bits} -> {less}", changed, bits - less)
