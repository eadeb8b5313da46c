"""A fabric that exists only here: registered, designs are estimated and resolved for its device."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import pytest

from cost_model import (
    DEVICES,
    Calibration,
    Counts,
    Device,
    device,
    estimate,
    resolve,
)
from cost_model.allocation import allocate_lanes
from cost_model.explain import fitting_changes, fullest, shares
from cost_model.fabrics import FABRICS, DynamicEnergy, Fabric
from cost_model.fabrics.entities import Entities
from cost_model.fabrics.fabric import BuildChoice
from quant_model.arithmetic import Number, at_least, ceil_div, largest, pick
from quant_model.design import uniform_design
from quant_model.families import Encoder
from quant_model.node import Node
from tests.cost_model.agreement import check_estimates, check_resolutions
from tests.cost_model.designs import random_designs

SHAPE = Encoder(window=24, features=2, d_model=16, heads=2, ffn_width=32, layers=1, outputs=1)
WORDS, BITS, LUT_WORDS = 512, 8, 16
"""Words and bits of a block RAM, words of a ROM of which a LUT holds a bit."""


class CellEntities(Entities):
    """What is in memories and carry chains elsewhere."""

    def distributed_ram(self, depth: Number, bits: Number) -> tuple[Counts, Number]:
        """Registers, as synthesis has it where no LUT is memory."""
        return Counts(lut=depth * bits, ff=depth * bits), 1

    def block_ram(self, where: Number, depth: Number, bits: Number, read_only: bool) -> tuple[Counts, Number]:
        banks = ceil_div(depth, WORDS)
        return Counts(ebr=pick(where, banks * ceil_div(bits, BITS), 0)), pick(where, banks, 1)

    def rom_in_luts(self, depth: Number, columns: Number) -> tuple[Number, Number]:
        return columns * ceil_div(depth, LUT_WORDS), columns

    def softmax_rom(self, score_bits: Number, probability_bits: Number) -> tuple[Number, Number]:
        return probability_bits * ceil_div(2**score_bits, LUT_WORDS), probability_bits

    def varying_share(self, depth: Number) -> Number:
        return pick(depth > 1, 1.0, 0.0)

    def selecting_luts(self, count: Number) -> Number:
        return at_least(count - 1, 0)

    def chain(self, bits: Number) -> Number:
        return 0 * bits

    def comparison(self, bits: Number) -> Number:
        return 0 * bits


class Cells(Fabric):
    """Cells of one LUT and one register, block RAM, multipliers; buffers have no choice but block RAM."""

    name: ClassVar[str] = "cells"
    resources: ClassVar[Mapping[str, str]] = {
        "lut": "LUTs",
        "ff": "registers",
        "cell": "logic cells",
        "ebr": "block RAM",
        "dsp": "multipliers",
    }
    additive: ClassVar[tuple[str, ...]] = ("lut", "ff", "ebr", "dsp")
    fitted: ClassVar[tuple[str, ...]] = ("lut",)
    entities: ClassVar[Entities] = CellEntities()
    calibration: ClassVar[str] = "yosys-xc7"
    energy: ClassVar[DynamicEnergy] = DynamicEnergy(
        clocked={"ff": 0.1, "ebr": 4.0}, busy={"lut": 0.2, "dsp": 3.0}
    )
    realistic: ClassVar[Mapping[str, float]] = {"cell": 0.8}
    auto: ClassVar[Mapping[BuildChoice, str]] = {"multiplier": "dsp", "memory": "block"}
    in_luts: ClassVar[Mapping[BuildChoice, tuple[str, ...]]] = {
        "multiplier": ("lut",),
        "buffer": ("block",),
        "memory": ("logic", "distributed"),
    }

    def can_multiply(self, node: Node) -> Number:
        return node.work is not None

    def resources_of(self, counts: Counts) -> dict[str, Number]:
        whole = {name: np.rint(counts[name]).astype(np.int64) for name in self.additive}
        lut = whole["lut"] + np.rint(counts["lutram"]).astype(np.int64)
        return {
            name: {**whole, "lut": lut, "cell": largest([lut, whole["ff"]])}[name] for name in self.resources
        }

    def decided_by(self, resource: str, counts: Counts) -> tuple[str, ...]:
        luts = ("lut", "lutram")
        if resource == "cell":
            return luts if counts["lut"] + counts["lutram"] > counts["ff"] else ("ff",)
        return luts if resource == "lut" else (resource,)

    def occupied(self, resources: Mapping[str, Number]) -> dict[str, Number]:
        return dict(resources)


CELLS = Cells()
CAPACITY = {"lut": 9000, "ff": 9000, "cell": 9000, "ebr": 120, "dsp": 16}
PART = Device("cells9k", CELLS, MappingProxyType(CAPACITY), static_mw=5.0)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each."""
    monkeypatch.setitem(FABRICS, CELLS.name, CELLS)
    monkeypatch.setitem(DEVICES, PART.name, PART)


def test_its_device_is_known_by_name() -> None:
    assert device("Cells9k") is PART
    assert PART.room() == {"lut": 1.0, "ff": 1.0, "cell": 0.8, "ebr": 1.0, "dsp": 1.0}


def test_an_estimate_counts_its_resources() -> None:
    design = resolve(uniform_design(SHAPE, 6, 6, lanes=2), PART)
    found = estimate(design, PART)
    assert list(found.resources) == list(found.utilization) == list(CAPACITY)
    total = Counts.total(part.counts for part in found.components)
    assert "bram18" not in total
    assert found.resources["lut"] == round(total["lut"]) + round(total["lutram"])
    assert found.resources["cell"] == max(found.resources["lut"], found.resources["ff"])
    assert found.utilization["cell"] == found.resources["cell"] / 9000
    assert found.resources["ebr"] > 0
    assert found.cycles == estimate(design, device("xc7s15")).cycles
    full = dataclasses.replace(PART, capacity=MappingProxyType({**CAPACITY, "cell": found.resources["cell"]}))
    assert estimate(design, full).fits(1.0)
    assert not estimate(design, full).fits()


def test_what_leaves_no_choice_is_taken() -> None:
    """Also where nothing else is open."""
    design = resolve(uniform_design(SHAPE, 6, 6), PART)
    assert {engine.buffer for engine in design.engines.values()} == {"block"}
    opened = design.with_engines(
        {name: dataclasses.replace(engine, buffer="auto") for name, engine in design.engines.items()}
    )
    assert resolve(opened, PART) == design
    assert estimate(opened, PART) == estimate(design, PART)


def test_its_multipliers_take_the_shortest_products() -> None:
    design = uniform_design(SHAPE, 2, 2, multiplier="dsp")
    assert resolve(design, PART).engines["embed"].multiplier == "dsp"
    assert resolve(design, device("xc7s15")).engines["embed"].multiplier == "lut"


def test_many_equal_one_by_one() -> None:
    designs = random_designs(40, seed=7)
    check_resolutions(designs, PART)
    check_estimates(designs, PART)


def test_a_calibration_of_its_own_may_be_given() -> None:
    none = Calibration("none", "no tool", 0, {})
    given = dataclasses.replace(none, name="a LUT a buffer", fitted={"lut": {"row_buffer": {"one": 1.0}}})
    design = resolve(uniform_design(SHAPE, 6, 6), PART, none)
    bare, more = estimate(design, PART, none), estimate(design, PART, given)
    buffers = sum(part.entity == "row_buffer" for part in bare.components)
    assert buffers > 5
    assert more.resources["lut"] == bare.resources["lut"] + buffers
    assert more.calibration == "a LUT a buffer"


def test_lanes_are_allocated_and_changes_proposed_within_its_bounds() -> None:
    design = uniform_design(SHAPE, 6, 6)
    quick = allocate_lanes(design, PART)
    found = estimate(quick, PART)
    assert found.fits()
    assert found.cycles < estimate(design, PART).cycles / 2
    few = dataclasses.replace(
        PART, capacity=MappingProxyType({**CAPACITY, "dsp": found.resources["dsp"] - 1})
    )
    over = estimate(quick, few)
    assert fullest(over) == "dsp"
    assert sum(share.part for share in shares(over)) == pytest.approx(1)
    assert all(change.estimate.fits() for change in fitting_changes(quick, few))
