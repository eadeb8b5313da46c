"""More of anything never costs less.

On random designs of all kinds, their neighbours evaluated as arrays. "Costs" is the sum of LUTs, memory LUTs
and registers, with a block RAM or DSP slice counted as its share of the device in LUTs: no resource may grow
at no cost, and one may take over what another loses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from cost_model import Counts, Estimate, device, estimate, estimate_many
from cost_model.kinds.purposes import BUFFERS, STORES
from quant_model.design import DesignPoint
from quant_model.designs import Designs
from quant_model.engine import Engine
from quant_model.network import build_network
from tests.cost_model.designs import resolved_designs

LARGE = device("xc7s50")
MANY = resolved_designs(50)
ROUNDING = 2
"""A count is rounded from a fraction."""
SAVED = 0.015
"""Share that may be saved: another factor is encoded, registers in a row become a shift register."""

Floats = npt.NDArray[np.float64]
Neighbour = tuple[str, DesignPoint, DesignPoint]
"""What grew, the design, the design with more of it."""


def in_luts(design: DesignPoint) -> DesignPoint:
    """With products in LUTs, so that more bits cannot move them into DSP slices."""
    engines = {
        name: dataclasses.replace(engine, multiplier="lut")
        for name, engine in design.engines.items()
        if engine.multiplier
    }
    return design.with_engines(engines)


def costs(found: Estimate) -> Floats:
    """LUTs and registers of designs, and what block RAM and DSP slices take of the device, in LUTs."""
    used, held = found.resources, LARGE.capacity
    hard = used["bram18"] / held["bram18"] + used["dsp"] / held["dsp"]
    return np.asarray(used["lut"] + used["lutram"] + used["ff"] + hard * held["lut"], dtype=np.float64)


def check(neighbours: Iterable[Neighbour], cost: Callable[[Estimate], Floats] = costs) -> int:
    """Assert that none with more costs less; return how many were compared."""
    batches: dict[object, list[Neighbour]] = {}
    for one in neighbours:
        batches.setdefault(one[1].shape.structure, []).append(one)
    for batch in batches.values():
        before = cost(estimate_many(Designs.of([design for _, design, _ in batch]), LARGE))
        after = cost(estimate_many(Designs.of([more for _, _, more in batch]), LARGE))
        cheaper = np.flatnonzero(after < before - ROUNDING - SAVED * np.abs(before))
        worst = [(batch[index][0], before[index], after[index], batch[index][1].digest) for index in cheaper]
        assert not worst, worst[:5]
    return sum(map(len, batches.values()))


def wider(design: DesignPoint) -> Iterator[Neighbour]:
    """One bit more for every tensor."""
    for name, bits in design.weight_bits.items():
        if bits < 8:
            more = {**design.weight_bits, name: bits + 1}
            yield f"weights of {name}", design, dataclasses.replace(design, weight_bits=more)
    tied = design.graph.tied
    for name, bits in design.activation_bits.items():
        if bits + 1 in design.graph.tensors[name].bits:
            names = tied if name in tied else (name,)
            more = {**design.activation_bits, **dict.fromkeys(names, bits + 1)}
            yield name, design, dataclasses.replace(design, activation_bits=more)


def larger(design: DesignPoint) -> Iterator[Neighbour]:
    """Twice as much of every dimension, where that is allowed, with the same lanes."""
    most = {"window": 256, "features": 32, "d_model": 128, "ffn_width": 512, "outputs": 16}
    for name, largest in most.items():
        value = 2 * getattr(design.shape, name)
        if value <= largest:
            shape = dataclasses.replace(design.shape, **{name: value})
            yield name, design, dataclasses.replace(design, shape=shape)


def quicker(design: DesignPoint) -> Iterator[Neighbour]:
    """Twice the lanes of every engine."""
    for node in design.graph.nodes:
        engine = design.engines[node.name]
        if node.lane_limit % (2 * engine.lanes) == 0:
            faster = design.with_engines({node.name: dataclasses.replace(engine, lanes=2 * engine.lanes)})
            # With a lane for every product weights become constants, and a constant multiplier is smaller.
            if not build_network(faster).by_name[node.name].fixed_factor:
                yield node.name, design, faster


def without_rows(design: DesignPoint) -> float:
    """What all parts cost but those that hold rows.

    A quicker engine lets fewer rows wait, and a store of fewer, wider words may need fewer banks.
    """
    parts = estimate(design, LARGE).components
    total = Counts.total(part.counts for part in parts if part.purpose not in (BUFFERS, STORES))
    return float(total["lut"] + total["lutram"] + total["ff"])


def test_more_bits_cost_no_less() -> None:
    assert check(one for design in MANY for one in wider(in_luts(design))) > 1000


def test_more_of_a_dimension_costs_no_less() -> None:
    assert check(one for design in MANY for one in larger(in_luts(design))) > 200


def test_more_lanes_cost_no_less() -> None:
    neighbours = [one for design in MANY for one in quicker(in_luts(design))]
    assert len(neighbours) > 300
    for name, design, faster in neighbours:
        assert without_rows(faster) > without_rows(design), (name, design.digest)


def blocks(design: DesignPoint) -> Iterator[Neighbour]:
    """Each buffer and each memory in distributed RAM (weights: logic), then in block RAM."""
    for node in design.graph.nodes:
        engine = design.engines[node.name]
        pairs: list[tuple[Engine, Engine]] = [
            (dataclasses.replace(engine, buffer="distributed"), dataclasses.replace(engine, buffer="block"))
        ]
        if node.memories:
            in_luts = next(memory for memory in node.memories if memory not in ("auto", "block"))
            pairs.append(
                (dataclasses.replace(engine, memory=in_luts), dataclasses.replace(engine, memory="block"))
            )
        for one, other in pairs:
            yield node.name, design.with_engines({node.name: one}), design.with_engines({node.name: other})


def test_block_ram_never_takes_more_lutram() -> None:
    def spared(found: Estimate) -> Floats:
        return -np.asarray(found.resources["lutram"], dtype=np.float64)

    assert check((one for design in MANY for one in blocks(design)), spared) > 1000


def test_block_ram_takes_no_less_block_ram() -> None:
    def taken(found: Estimate) -> Floats:
        return np.asarray(found.resources["bram18"], dtype=np.float64)

    assert check((one for design in MANY for one in blocks(design)), taken) > 1000
