"""Why an estimate is what it is: what fills the device, and which single change would make a design fit."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cost_model.calibration import Calibration
from cost_model.component import Component, Counts
from cost_model.devices import Device
from cost_model.estimates import Estimate, estimate
from cost_model.resolution import resolve
from quant_model.design import DesignPoint
from quant_model.engine import BufferType, Engine, Multiplier
from quant_model.graph import WEIGHT_BITS

__all__ = ["Change", "Share", "fitting_changes", "fullest", "shares", "shares_by_kind"]


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
    """The resource that is used most, by what may be used of each."""
    room = found.device.room()
    return max(found.utilization, key=lambda name: found.utilization[name] / room[name])


def shares(found: Estimate) -> list[Share]:
    """Engines by what they take of the fullest resource, the largest first."""
    return _shares(found, lambda part: part.engine)


def shares_by_kind(found: Estimate) -> list[Share]:
    """Kinds of parts, over all engines, by what they take of the fullest resource, the largest first."""
    return _shares(found, lambda part: part.purpose)


def _shares(found: Estimate, name_of: Callable[[Component], str]) -> list[Share]:
    totals: dict[str, Counts] = {}
    for part in found.components:
        totals.setdefault(name_of(part), Counts()).add(part.counts)
    counts = found.device.fabric.decided_by(fullest(found), Counts.total(totals.values()))
    used = {name: float(sum(own[count] for count in counts)) for name, own in totals.items()}
    everything = sum(used.values()) or 1.0
    ranked = sorted(totals, key=lambda name: -used[name])
    return [Share(name, totals[name], used[name] / everything) for name in ranked]


def fitting_changes(
    design: DesignPoint, device: Device, limit: float | None = None, calibration: Calibration | None = None
) -> list[Change]:
    """Single changes after which the design fits (:meth:`Estimate.fits`), the cheapest first.

    Choices of memory or multiplier cost nothing, fewer lanes cost clocks, fewer bits cost accuracy. Of
    several numbers of lanes or bits that would do, the nearest is kept. Empty when no change is enough.
    """
    base = resolve(design, device, calibration)
    clocks = estimate(base, device, calibration).cycles
    found: dict[str, Change] = {}
    for one in _single_changes(base):
        after = estimate(one.design, device, calibration)
        if after.fits(limit):
            price = after.cycles / clocks if one.kind == _CLOCKS else one.bits
            change = Change(one.description, one.design, after, (one.kind, price, after.fill(limit)))
            known = found.get(one.subject)
            if known is None or change.rank < known.rank:
                found[one.subject] = change
    return sorted(found.values(), key=lambda change: change.rank)


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
    for node in design.graph.nodes:
        name, engine = node.name, design.engines[node.name]

        def candidate(
            kind: int, what: str, changed: Engine, name: str = name, old: Engine = engine
        ) -> _Candidate:
            subject = f"{name}: {what}"
            description = f"{subject} {getattr(old, what)} -> {getattr(changed, what)}"
            return _Candidate(kind, subject, description, design.with_engines({name: changed}))

        buffer: BufferType = "distributed" if engine.buffer == "block" else "block"
        yield candidate(_FREE, "buffer", dataclasses.replace(engine, buffer=buffer))
        for memory in node.memories:
            if memory not in ("auto", engine.memory):
                yield candidate(_FREE, "memory", dataclasses.replace(engine, memory=memory))
        if "multiplier" in node.offers:
            multiplier: Multiplier = "lut" if engine.multiplier == "dsp" else "dsp"
            yield candidate(_FREE, "multiplier", dataclasses.replace(engine, multiplier=multiplier))
        for lanes in (lanes for lanes in range(1, engine.lanes) if node.lane_limit % lanes == 0):
            yield candidate(_CLOCKS, "lanes", dataclasses.replace(engine, lanes=lanes))


def _narrower(design: DesignPoint) -> Iterator[_Candidate]:
    for name, bits in design.weight_bits.items():
        for less in range(WEIGHT_BITS[0], bits):
            weights = {**design.weight_bits, name: less}
            subject = f"{name}: weight bits"
            changed = dataclasses.replace(design, weight_bits=weights)
            yield _Candidate(_BITS, subject, f"{subject} {bits} -> {less}", changed, bits - less)
    tied = design.graph.tied
    for name, bits in design.activation_bits.items():
        names = tied if name in tied else (name,)
        for less in range(design.graph.tensors[name].bits[0], bits):
            tensors = {**design.activation_bits, **dict.fromkeys(names, less)}
            subject = f"{name}: activation bits"
            changed = dataclasses.replace(design, activation_bits=tensors)
            yield _Candidate(_BITS, subject, f"{subject} {bits} -> {less}", changed, bits - less)
