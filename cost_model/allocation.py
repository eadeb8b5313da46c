"""Lanes for a design point: as few cycles as the budget allows.

Rows stream through chains of engines, so that a chain's slowest engine sets its pace: the unknowns are one
pace per chain, and the cheapest lanes for a pace are the fewest that keep up with it. Starting from one lane
everywhere, the chain that gains most cycles for what it takes of the fullest resource is quickened, step by
step, until nothing fits any more; then single steps are exchanged between chains while that saves cycles. The
result is a local optimum: no quicker chain fits, neither as it is nor for one or two steps back of another.

Costs grow in proportion to 1 / pace and cycles in proportion to pace: a separable convex problem, for which
the greedy choice of marginal gains is near the optimum (Fox, "Discrete optimization via marginal analysis",
Management Science 13, 1966).

Where an inference is a single row, no row waits for the one before: the clocks of engines in series add up,
and each engine is a chain of its own, whose pace is its latency. Only what works side by side on a row, until
the next barrier opens, has one in common.

For the interval of back-to-back windows the slowest chain alone counts: all chains get the same pace, the
quickest at which the design fits, before the same steps are tried. Stores of one and of two windows are tried
both: with two the windows overlap, for their memory.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from cost_model.devices import Device
from cost_model.engines import Known
from cost_model.estimates import Estimate, estimate
from cost_model.resolution import resolve
from quant_model.design import DesignPoint
from quant_model.engine import Engine
from quant_model.graph import Graph
from quant_model.network import build_network
from quant_model.node import Node
from quant_model.schedule import Schedule, schedule, timing
from quant_model.stages import stages

__all__ = ["LaneObjective", "allocate_lanes", "at_full_pace"]

LaneObjective = Literal["latency", "interval"]
"""What is made small: clocks from a window's first input to its last output, or from window to window."""

_POSITIONS_BACK = (1, 2)
"""Steps that a chain gives back in an exchange; one in series takes as many."""


def allocate_lanes(
    design: DesignPoint, device: Device, limit: float | None = None, objective: LaneObjective = "latency"
) -> DesignPoint:
    """The design point with the lanes that need the fewest clocks of all that fit (:meth:`Estimate.fits`).

    The design's own lanes are ignored; choices left to ``auto`` are resolved for the device. For the interval
    the key and value stores hold two windows where that pays; for the latency they stay as they are. When not
    even one lane per engine fits, the design has one lane per engine: its estimate says by how much it does
    not fit.
    """
    if objective == "latency":
        return _best(_Search(design, device, limit, objective)).design
    single, double = (
        _best(_Search(_with_windows(design, windows), device, limit, objective)) for windows in (1, 2)
    )
    return double.design if double.fits and double.clocks < single.clocks else single.design


def at_full_pace(design: DesignPoint, device: Device, objective: LaneObjective = "latency") -> bool:
    """Whether rows are taken as quickly as with any lanes: only a single row's way may be shortened yet."""
    search = _Search(design, device, None, objective)
    rows = {name: {lanes: row for row, lanes in options} for name, options in search.rows.items()}
    return all(
        rows[name].get(design.engines[name].lanes, math.inf) <= search.paces[chain][-1]
        for chain, engines in search.chains.items()
        for name in engines
    )


def _best(search: _Search) -> _Point:
    best = search.at(dict.fromkeys(search.chains, 0))
    if not best.fits:
        return best
    if search.objective == "interval":
        best = search.even(best)
    while True:
        better = search.quicker(best) or search.exchanged(best)
        if better is None:
            return search.polished(best)
        best = better


@dataclass(frozen=True, eq=False)
class _Point:
    """Paces of all chains, and what they come to: computed when asked for, since resolving takes longest."""

    steps: Mapping[str, int]
    lanes: Mapping[str, int]
    search: _Search

    @cached_property
    def design(self) -> DesignPoint:
        """With no choice left to ``auto``."""
        own = self.search
        return resolve(_with_lanes(own.design, self.lanes), own.device, known=own.known)

    @cached_property
    def estimate(self) -> Estimate:
        return estimate(self.design, self.search.device, known=self.search.known)

    @property
    def fits(self) -> bool:
        return self.fill <= 1

    @cached_property
    def fill(self) -> float:
        return float(self.estimate.fill(self.search.limit))

    @property
    def clocks(self) -> int:
        return self.search.clocks(self.estimate)

    @cached_property
    def fewest(self) -> int:
        """Clocks that it takes at least, whatever becomes of choices left to ``auto``."""
        return self.search.clocks(schedule(build_network(_with_lanes(self.search.quickest, self.lanes))))

    def beats(self, other: _Point) -> bool:
        """Whether it fits and is quicker."""
        return self.fewest < other.clocks and self.clocks < other.clocks and self.fits


@dataclass(frozen=True, eq=False)
class _Search:
    design: DesignPoint
    device: Device
    limit: float | None
    objective: LaneObjective

    @cached_property
    def known(self) -> Known:
        """What engines came to: each is asked for many times in few builds."""
        return {}

    @cached_property
    def chains(self) -> dict[str, tuple[str, ...]]:
        """Engines by chain, named after its first."""
        chains = _side_by_side(self.design.graph) if self.single else _chains(self.design.graph)
        return {chain[0]: chain for chain in chains}

    @cached_property
    def quickest(self) -> DesignPoint:
        """The design with the multipliers of fewest clocks wherever another may come to be chosen."""
        network = build_network(self.design)
        return self.design.with_engines(
            {
                node.name: min(
                    _multipliers(node), key=lambda one: int(timing(network, _built(node, one)).latency)
                )
                for node in network.nodes
                if node.work is not None and node.engine.multiplier in ("auto", "dsp")
            }
        )

    def clocks(self, told: Estimate | Schedule) -> int:
        """Those that are made few."""
        return int(told.cycles if self.objective == "latency" else told.interval)

    @cached_property
    def single(self) -> bool:
        """Whether an inference is a single row: its latencies add up, in the stores' rounds as well."""
        return int(self.design.graph.input.rows) == 1

    @cached_property
    def rows(self) -> dict[str, list[tuple[int, int]]]:
        """By engine: (its pace, lanes), from one lane up; only lanes that are quicker than fewer.

        The pace are the clocks per row, or the latency of a single one.
        """
        found = {}
        network = build_network(_with_lanes(self.design, {}))
        for node in network.nodes:
            if node.work is not None:
                options: list[tuple[int, int]] = []
                for lanes in (n for n in range(1, node.lane_limit + 1) if node.lane_limit % n == 0):
                    own = timing(network, _built(node, dataclasses.replace(node.engine, lanes=lanes)))
                    row = int(own.latency if self.single else own.row)
                    if not options or row < options[-1][0]:
                        options.append((row, lanes))
                found[node.name] = options
        return found

    @cached_property
    def paces(self) -> dict[str, list[int]]:
        """By chain: the paces that make a difference, from the slowest to the quickest."""
        found = {}
        for chain, engines in self.chains.items():
            floor = max(self.rows[name][-1][0] for name in engines)
            paces = {row for name in engines for row, _ in self.rows[name]}
            found[chain] = sorted((pace for pace in paces if pace >= floor), reverse=True)
        return found

    def at(self, steps: Mapping[str, int]) -> _Point:
        """The design at these paces, given as positions in :attr:`paces`."""
        lanes = {}
        for chain, position in steps.items():
            pace = self.paces[chain][position]
            for name in self.chains[chain]:
                lanes[name] = next(count for row, count in self.rows[name] if row <= pace)
        return _Point(steps, lanes, self)

    def even(self, point: _Point) -> _Point:
        """All chains at the same pace, the quickest that fits; ``point`` where none does.

        By bisection: a quicker pace takes more lanes, and more of the device.
        """
        paces = sorted({pace for chain in self.paces.values() for pace in chain}, reverse=True)
        low, high = -1, len(paces)
        while high - low > 1:
            middle = (low + high) // 2
            candidate = self.at(self._steps(paces[middle]))
            if candidate.fits:
                low, point = middle, candidate
            else:
                high = middle
        return point

    def _steps(self, pace: int) -> dict[str, int]:
        """By chain: the first position that keeps up with a row every ``pace`` clocks, or the quickest."""
        graph = self.design.graph
        window = int(graph.input.rows) * pace
        rows = {chain: int(graph.by_name[chain].rows) for chain in self.chains}
        return {
            chain: next(
                (place for place, own in enumerate(paces) if own * rows[chain] <= window), len(paces) - 1
            )
            for chain, paces in self.paces.items()
        }

    def quicker(self, point: _Point) -> _Point | None:
        """The best single step that fits: most clocks saved for what it takes of the fullest resource."""
        if self.single:
            found = (self.at(steps) for steps in self._worthwhile(point))
            return next((one for one in found if one.beats(point)), None)
        best, best_gain = None, 0.0
        for candidate in self._neighbours(point, {}):
            if candidate.beats(point):
                gain = (point.clocks - candidate.clocks) / max(candidate.fill - point.fill, 1e-4)
                if gain > best_gain:
                    best, best_gain = candidate, gain
        return best

    def exchanged(self, point: _Point) -> _Point | None:
        """The best exchange that fits and saves clocks: one chain gives steps back, another takes one."""
        if self.single:
            found = (self.at(steps) for steps in self._saving(point.steps))
            return next((one for one in found if one.beats(point)), None)
        best = None
        for chain, position in point.steps.items():
            for back in _POSITIONS_BACK:
                if position < back:
                    continue
                for candidate in self._neighbours(point, {chain: position - back}):
                    if candidate.beats(best or point):
                        best = candidate
        return best

    def _worthwhile(self, point: _Point) -> Iterator[dict[str, int]]:
        """Single steps of engines in series, those first that save most for what they will take."""
        shares = self._shares(point)
        gains: dict[str, float] = {}
        for chain, own in point.steps.items():
            if own + 1 < len(self.paces[chain]):
                taken = self._taken(point, chain)
                fill = max(share + taken[name] for name, share in shares.items()) - max(shares.values())
                gains[chain] = (self.paces[chain][own] - self.paces[chain][own + 1]) / max(fill, 1e-4)
        for chain in sorted(gains, key=lambda chain: -gains[chain]):
            yield {**point.steps, chain: point.steps[chain] + 1}

    def _taken(self, point: _Point, chain: str) -> Mapping[str, float]:
        """By resource, what the next step of a chain takes of its room; as it was when first asked."""
        own = point.steps[chain]
        if (chain, own) not in self._known:
            before, after = self._shares(point), self._shares(self.at({**point.steps, chain: own + 1}))
            self._known[chain, own] = {name: after[name] - share for name, share in before.items()}
        return self._known[chain, own]

    @cached_property
    def _known(self) -> dict[tuple[str, int], Mapping[str, float]]:
        return {}

    def _shares(self, point: _Point) -> dict[str, float]:
        """Used over what may be used, by resource."""
        room = self.device.room(self.limit)
        return {name: float(used) / room[name] for name, used in point.estimate.utilization.items()}

    def _saving(self, steps: Mapping[str, int]) -> Iterator[dict[str, int]]:
        """Exchanges between engines in series that save clocks, which add up: those that save most first."""
        slower = {
            (chain, back): self.paces[chain][own - back] - self.paces[chain][own]
            for chain, own in steps.items()
            for back in _POSITIONS_BACK
            if own >= back
        }
        quicker = {
            (chain, ahead): self.paces[chain][own] - self.paces[chain][own + ahead]
            for chain, own in steps.items()
            for ahead in _POSITIONS_BACK
            if own + ahead < len(self.paces[chain])
        }
        saved = {
            (giver, taker): gain - loss
            for giver, loss in slower.items()
            for taker, gain in quicker.items()
            if gain > loss and giver[0] != taker[0]
        }
        for (giver, back), (taker, ahead) in sorted(saved, key=lambda pair: -saved[pair]):
            yield {**steps, giver: steps[giver] - back, taker: steps[taker] + ahead}

    def polished(self, point: _Point) -> _Point:
        """More lanes for single engines where they still fit and shorten the way of a row."""
        for name in sorted(self.rows):
            for _, lanes in reversed(self.rows[name]):
                if lanes <= point.lanes[name]:
                    break
                candidate = _Point(point.steps, {**point.lanes, name: lanes}, self)
                if candidate.beats(point):
                    point = candidate
                    break
        return point

    def _neighbours(self, point: _Point, changed: Mapping[str, int]) -> Iterator[_Point]:
        for chain, position in point.steps.items():
            if chain not in changed and position + 1 < len(self.paces[chain]):
                yield self.at({**point.steps, **changed, chain: position + 1})


def _chains(graph: Graph) -> list[tuple[str, ...]]:
    """What moves at one pace: engines with as many rows between two barriers, with those that are stored."""
    plan = stages(graph)
    sections = [plan.first.chain, *([*stage.ahead, *stage.chain] for stage in plan.barriers)]
    stored = [*(stage.stored for stage in plan.barriers), plan.last.stored if plan.last else []]
    found = [(*chain, *behind) for chain, behind in zip(sections, stored, strict=True)]
    alike: dict[tuple[int, int], list[str]] = {}
    for place, chain in enumerate((*found, *((name,) for name in plan.tail))):
        for name in chain:
            if (node := graph.by_name[name]).work is not None:
                alike.setdefault((place, int(node.rows)), []).append(name)
    return [tuple(chain) for chain in alike.values()]


def _side_by_side(graph: Graph) -> list[tuple[str, ...]]:
    """What works side by side on a single row: engines before a barrier; those in series each alone."""
    plan = stages(graph)
    found: list[tuple[str, ...]] = [(name,) for name in plan.first.chain]
    for stage in plan.barriers:
        found += [(*stage.ahead, *stage.stored), *((name,) for name in stage.chain)]
    return [*found, *((name,) for name in plan.tail)]


def _built(node: Node, engine: Engine) -> Node:
    """The node in another build."""
    # A kind is a frozen dataclass; the protocol says nothing of dataclasses.
    return dataclasses.replace(node, engine=engine)  # type: ignore[type-var]


def _multipliers(node: Node) -> tuple[Engine, ...]:
    """The node's engine with its products in DSP slices, and in LUTs."""
    engine = node.engine
    return dataclasses.replace(engine, multiplier="dsp"), dataclasses.replace(engine, multiplier="lut")


def _with_windows(design: DesignPoint, windows: int) -> DesignPoint:
    """The design with key and value stores of so many windows."""
    stores = {
        node.name: dataclasses.replace(design.engines[node.name], windows=windows)
        for node in design.graph.nodes
        if "windows" in node.offers
    }
    return design.with_engines(stores)


def _with_lanes(design: DesignPoint, lanes: Mapping[str, int]) -> DesignPoint:
    """The design with these lanes, one for every engine that is not named."""
    engines = {
        name: dataclasses.replace(engine, lanes=lanes.get(name, 1)) for name, engine in design.engines.items()
    }
    return design.with_engines(engines)
