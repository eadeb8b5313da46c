"""More of anything never costs less.

On random designs of all kinds, their neighbours evaluated as arrays. "Costs" is the sum of LUTs, memory LUTs
and registers, with a block RAM or DSP slice counted as its share of the device in LUTs: no resource may grow
at no cost, and one may take over what another loses.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

from cost_model import DesignArrays, Estimates, device, estimate_many
from quant_model.design import DesignPoint
from quant_model.engine import Engine
from quant_model.families import Encoder
from tests.cost_model.designs import random_designs

LARGE = device("xc7s50")
MANY = random_designs(20)
ROUNDING = 2
"""A count is rounded from a fraction."""

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


def costs(found: Estimates) -> Floats:
    """LUTs and registers of designs, and what block RAM and DSP slices take of the device, in LUTs."""
    used = found.resources
    hard = used["bram18"] / LARGE.bram18 + used["dsp"] / LARGE.dsp
    return np.asarray(used["lut"] + used["lutram"] + used["ff"] + hard * LARGE.lut, dtype=np.float64)


def check(neighbours: Iterable[Neighbour], cost: Callable[[Estimates], Floats] = costs) -> int:
    """Assert that none with more costs less; return how many were compared."""
    batches: dict[tuple[int, bool], list[Neighbour]] = defaultdict(list)
    for one in neighbours:
        architecture = one[1].architecture
        batches[architecture.layers, architecture.repeats > 1].append(one)
    for batch in batches.values():
        before = cost(estimate_many(DesignArrays.of([design for _, design, _ in batch]), LARGE))
        after = cost(estimate_many(DesignArrays.of([more for _, _, more in batch]), LARGE))
        cheaper = np.flatnonzero(after < before - ROUNDING)
        worst = [(batch[index][0], before[index], after[index], batch[index][1].digest) for index in cheaper]
        assert not worst, worst[:5]
    return sum(map(len, batches.values()))


def wider(design: DesignPoint) -> Iterator[Neighbour]:
    """One bit more for every tensor."""
    for name, bits in design.weight_bits.items():
        if bits < 8:
            more = {**design.weight_bits, name: bits + 1}
            yield f"weights of {name}", design, dataclasses.replace(design, weight_bits=more)
    tied = tied_streams(design.shape)
    for name, bits in design.activation_bits.items():
        if bits + 1 in activation_range(design.shape, name):
            names = tied if name in tied else (name,)
            more = {**design.activation_bits, **dict.fromkeys(names, bits + 1)}
            yield name, design, dataclasses.replace(design, activation_bits=more)


def larger(design: DesignPoint) -> Iterator[Neighbour]:
    """Twice as much of every dimension, where that is allowed, with the same lanes."""
    architecture = design.shape
    changes: list[dict[str, int]] = [
        {"window": 2 * architecture.window},
        {"features": 2 * architecture.features},
        {"d_model": 2 * architecture.d_model},
        {"ffn_width": 2 * architecture.ffn_width},
        {"outputs": 2 * architecture.outputs},
    ]
    limits = Encoder(window=256, features=32, d_model=128, heads=1, ffn_width=512, layers=1, outputs=16)
    for change in changes:
        (name, value) = next(iter(change.items()))
        if value <= getattr(limits, name):
            more = dataclasses.replace(
                design,
                architecture=dataclasses.replace(architecture, **change),
            )
            yield name, design, more


def quicker(design: DesignPoint) -> Iterator[Neighbour]:
    """Twice the lanes of every engine.

    With row buffers in distributed RAM: a quicker engine needs fewer rows, and a block RAM that is left with
    a single word is a register.
    """
    engines = {
        name: dataclasses.replace(engine, buffer="distributed") for name, engine in design.engines.items()
    }
    base = design.with_engines(engines)
    for name, engine in engines.items():
        limit = lane_limit(design.shape, name)
        # With a lane for every product weights become constants, and a constant multiplier is smaller.
        constant = name == "embed" and 2 * engine.lanes == limit and design.shape.features == 1
        if limit % (2 * engine.lanes) == 0 and not constant:
            faster = dataclasses.replace(engine, lanes=2 * engine.lanes)
            yield name, base, base.with_engines({name: faster})


def test_more_bits_cost_no_less() -> None:
    assert check(one for design in MANY for one in wider(in_luts(design))) > 1000


def test_more_of_a_dimension_costs_no_less() -> None:
    assert check(one for design in MANY for one in larger(in_luts(design))) > 200


def test_more_lanes_cost_no_less() -> None:
    assert check(one for design in MANY for one in quicker(in_luts(design))) > 400


def blocks(design: DesignPoint) -> Iterator[Neighbour]:
    """Each buffer and each memory in distributed RAM (weights: logic), then in block RAM."""
    for name, kind in engine_kinds(design.shape).items():
        engine = design.engines[name]
        pairs: list[tuple[Engine, Engine]] = [
            (dataclasses.replace(engine, buffer="distributed"), dataclasses.replace(engine, buffer="block"))
        ]
        if memory_choices(kind):
            pairs.append(
                (
                    dataclasses.replace(engine, memory="logic" if kind == "linear" else "distributed"),
                    dataclasses.replace(engine, memory="block"),
                )
            )
        for one, other in pairs:
            yield name, design.with_engines({name: one}), design.with_engines({name: other})


def test_block_ram_never_takes_more_lutram() -> None:
    def spared(found: Estimates) -> Floats:
        return -np.asarray(found.resources["lutram"], dtype=np.float64)

    assert check((one for design in MANY for one in blocks(design)), spared) > 1000


def test_block_ram_takes_no_less_block_ram() -> None:
    def taken(found: Estimates) -> Floats:
        return np.asarray(found.resources["bram18"], dtype=np.float64)

    assert check((one for design in MANY for one in blocks(design)), taken) > 1000
