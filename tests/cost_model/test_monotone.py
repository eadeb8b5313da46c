"""More of anything never costs less."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from cost_model import Estimate, device, estimate
from quant_model.design import (
    DesignPoint,
    Engine,
    activation_range,
    engine_kinds,
    lane_limit,
    memory_choices,
    tied_streams,
)
from tests.cost_model.designs import random_designs

LARGE = device("xc7s50")
DESIGNS = random_designs(6)
ROUNDING = 2
"""A count is rounded from a fraction."""


def in_luts(design: DesignPoint) -> DesignPoint:
    """With products in LUTs, so that more bits cannot move them into DSP slices."""
    engines = {
        name: dataclasses.replace(engine, multiplier="lut")
        for name, engine in design.engines.items()
        if engine.multiplier
    }
    return design.with_engines(engines)


def cost(found: Estimate) -> float:
    """LUTs and registers of the design, and what block RAM and DSP slices take of the device, in LUTs."""
    used = found.resources
    hard = used["bram18"] / LARGE.bram18 + used["dsp"] / LARGE.dsp
    return used["lut"] + used["lutram"] + used["ff"] + hard * LARGE.lut


def without_buffers(found: Estimate) -> float:
    """LUTs, memory LUTs and registers but those of row buffers: a quicker engine needs fewer rows."""
    parts = (part.counts for part in found.components if part.label not in ("buffer", "ram"))
    return sum(float(part.lut + part.lutram + part.ff) for part in parts)


def wider(design: DesignPoint) -> Iterator[tuple[str, DesignPoint]]:
    for name, bits in design.weight_bits.items():
        if bits < 8:
            yield name, dataclasses.replace(design, weight_bits={**design.weight_bits, name: bits + 1})
    tied = tied_streams(design.architecture)
    for name, bits in design.activation_bits.items():
        if bits + 1 in activation_range(design.architecture, name):
            names = tied if name in tied else (name,)
            more = {**design.activation_bits, **dict.fromkeys(names, bits + 1)}
            yield name, dataclasses.replace(design, activation_bits=more)


def quicker(design: DesignPoint) -> Iterator[tuple[str, DesignPoint]]:
    for name, engine in design.engines.items():
        limit = lane_limit(design.architecture, name)
        # With a lane for every product weights become constants, and a constant multiplier is smaller.
        constant = name == "embed" and 2 * engine.lanes == limit and design.architecture.features == 1
        if limit % (2 * engine.lanes) == 0 and not constant:
            faster = dataclasses.replace(engine, lanes=2 * engine.lanes)
            yield name, design.with_engines({name: faster})


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.digest)
def test_more_bits_cost_no_less(design: DesignPoint) -> None:
    base = in_luts(design)
    before = cost(estimate(base, LARGE))
    for name, more in wider(base):
        assert cost(estimate(more, LARGE)) >= before - ROUNDING, name


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.digest)
def test_more_lanes_cost_no_less(design: DesignPoint) -> None:
    base = in_luts(design)
    before = without_buffers(estimate(base, LARGE))
    for name, more in quicker(base):
        assert without_buffers(estimate(more, LARGE)) >= before - ROUNDING, name


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.digest)
def test_a_longer_window_costs_no_less(design: DesignPoint) -> None:
    longer = dataclasses.replace(
        design, architecture=dataclasses.replace(design.architecture, window=2 * design.architecture.window)
    )
    assert cost(estimate(longer, LARGE)) >= cost(estimate(design, LARGE)) - ROUNDING


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.digest)
def test_block_ram_never_takes_more_lutram(design: DesignPoint) -> None:
    for name, kind in engine_kinds(design.architecture).items():
        engine = design.engines[name]
        variants: dict[str, list[Engine]] = {"buffer": [], "memory": []}
        for style in ("distributed", "block"):
            variants["buffer"].append(dataclasses.replace(engine, buffer=style))
            if style in memory_choices(kind):
                variants["memory"].append(dataclasses.replace(engine, memory=style))
        for pair in variants.values():
            if len(pair) == 2:
                small, large = (estimate(design.with_engines({name: one}), LARGE).resources for one in pair)
                assert large["lutram"] <= small["lutram"], name
                assert large["bram18"] >= small["bram18"], name
