"""What ``tests/bench/accelerator`` measures at length, at a size for every run."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Literal

import pytest

from cost_model import device, estimate, resolve
from hdl.generate import generate
from hdl.synthesize import synthesize_bundle
from quant_model.design import uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from quant_model.schedule import schedule
from tests.bench.accelerator.facts import (
    allocated,
    bits_between_layers,
    bits_of_whole_matrices,
    busiest,
    in_turn,
    random_feasible,
    square,
)
from tests.bench.accelerator.wide import check, drawn

XC7S15 = device("xc7s15")


def test_layers_hold_less_than_half_of_whole_matrices() -> None:
    design = resolve(uniform_design(square(64, 4).shape, 4, 4, lanes=8), XC7S15)
    assert bits_between_layers(design) <= 0.5 * bits_of_whole_matrices(design)


@pytest.mark.parametrize("repeats", [1, 2])
def test_a_window_alone_is_near_what_its_dependencies_allow(repeats: int) -> None:
    """For windows long enough that filling the pipelines does not count; passes of a layer do not overlap."""
    for design in random_feasible(5, 3, XC7S15, repeats=repeats):
        chosen, found = allocated(design, XC7S15, "latency")
        assert busiest(chosen)[1] <= in_turn(chosen) <= found.cycles
        if design.shape.window >= 24 and repeats == 1:
            assert found.cycles <= 1.3 * in_turn(chosen)


def test_a_design_of_the_wide_study() -> None:
    """The smallest of the first ones, generated and simulated with and without pauses."""
    design = min(islice(drawn(12, 5), 12), key=lambda one: schedule(build_network(one)).cycles)
    assert check(design, seed=5)["wrong"] == []


@pytest.mark.slow
def test_memory_types_move_measured_counts_as_estimated(tmp_path: Path) -> None:
    arch = Encoder(window=16, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)
    styles: tuple[Literal["distributed", "block"], ...] = ("distributed", "block")
    measured = {}
    for style in styles:
        design = uniform_design(arch, 4, 4, multiplier="lut", buffer=style, memory=style)
        design = resolve(design, XC7S15)
        generate(random_integer_model(build_network(design), 1), tmp_path / style)
        found, expected = synthesize_bundle(tmp_path / style), estimate(design, XC7S15)
        measured[style] = found.measured
        assert found.measured["bram18"] == expected.resources["bram18"], style
        # Registers in a row become memory, too: how many is an expectation.
        rams = found.measured["lutram"] - found.cells["SRL16E"]
        assert rams == sum(part.counts["lutram"] for part in expected.components if part.entity == "ram")
    assert measured["distributed"]["lutram"] > measured["block"]["lutram"]
    assert measured["distributed"]["bram18"] < measured["block"]["bram18"]
