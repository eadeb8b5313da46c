"""Choices left to auto: for one design and for many, with the same result."""

from __future__ import annotations

import dataclasses
from random import Random

import pytest

from cost_model import Device, device, estimate, resolution, resolve, resolve_many
from quant_model.design import DesignPoint, uniform_design
from quant_model.designs import Designs
from quant_model.families import Encoder
from tests.cost_model.agreement import check_resolutions, engine_of
from tests.cost_model.designs import opened, random_designs, resolved_designs

SHAPE = Encoder(window=24, features=1, d_model=16, heads=1, ffn_width=32, layers=1, outputs=1)
XC7S6, XC7S15 = device("xc7s6"), device("xc7s15")


def fullest(design: DesignPoint, part: Device = XC7S15) -> float:
    return float(max(estimate(design, part).utilization.values()))


@pytest.mark.slow
def test_many_are_resolved_as_each_is() -> None:
    """Some choices left to auto, and all that the shipped studies leave: not one may be taken otherwise."""
    designs = random_designs(600)
    assert len(designs) == 600
    assert not any(design.is_resolved for design in designs)
    check_resolutions(designs, XC7S15)


def test_many_are_resolved_as_each_is_for_a_device_that_is_too_small() -> None:
    check_resolutions(random_designs(24, seed=2), XC7S6)


def test_many_are_resolved_in_parts_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolution, "_CHUNK", 4)
    check_resolutions(random_designs(24, seed=3), XC7S15)


def test_a_batch_may_hold_designs_that_leave_nothing_open() -> None:
    designs = resolved_designs(30, seed=4, largest=16)
    mixed = [opened(design, Random(1)) if number % 2 else design for number, design in enumerate(designs)]
    check_resolutions(mixed, XC7S15)


def test_no_choice_is_left_and_none_changes_again() -> None:
    for design in random_designs(40, seed=5):
        chosen = resolve(design, XC7S15)
        assert chosen.is_resolved
        assert resolve(chosen, XC7S15) is chosen


def test_choices_that_were_made_are_kept() -> None:
    for design in random_designs(40, seed=6):
        for name, chosen in resolve(design, XC7S15).engines.items():
            own = design.engines[name]
            assert (chosen.lanes, chosen.windows) == (own.lanes, own.windows)
            assert own.buffer in ("auto", chosen.buffer)
            assert own.memory in ("auto", chosen.memory)
            # Products that no DSP slice takes are the one exception.
            assert own.multiplier in ("auto", chosen.multiplier) or (own.multiplier, chosen.multiplier) == (
                "dsp",
                "lut",
            )


@pytest.mark.parametrize("bits", [3, 4, 8])
def test_auto_is_no_worse_than_everything_in_luts(bits: int) -> None:
    auto = uniform_design(SHAPE, bits, bits, lanes=4)
    in_luts = uniform_design(
        SHAPE, bits, bits, lanes=4, multiplier="lut", buffer="distributed", memory="logic"
    )
    assert fullest(auto) <= fullest(in_luts) + 0.01


def test_a_larger_device_is_no_fuller() -> None:
    design = uniform_design(SHAPE, lanes=4)
    assert fullest(design, device("xc7s50")) <= fullest(design)


def test_products_too_short_for_a_dsp_slice_go_to_luts() -> None:
    design = uniform_design(SHAPE, 4, 4, multiplier="dsp")
    many = resolve_many(Designs.of([design, design]), XC7S15)
    for engines in (
        resolve(design, XC7S15).engines,
        {name: engine_of(many, name, 1) for name in many.engines},
    ):
        assert engines["embed"].multiplier == engines["layer0.query"].multiplier == "lut"
        # An unsigned factor of 4 bits needs 5 in the slice.
        assert engines["layer0.contract"].multiplier == "dsp"
        assert engines["layer0.context"].multiplier == "dsp"


def test_products_with_constant_factors_go_to_luts() -> None:
    """A lane for every product of a layer leaves a ROM of a single word."""
    design = uniform_design(SHAPE, multiplier="auto", lanes=16)
    wide = design.with_engines({"embed": dataclasses.replace(design.engines["embed"], multiplier="dsp")})
    assert design.engines["embed"].lanes == SHAPE.features * SHAPE.d_model
    assert resolve(wide, device("xc7s50")).engines["embed"].multiplier == "lut"
    fewer = wide.with_engines({"embed": dataclasses.replace(wide.engines["embed"], lanes=8)})
    assert resolve(fewer, device("xc7s50")).engines["embed"].multiplier == "dsp"
