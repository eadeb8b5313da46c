"""Choices left to auto, and the estimate of what they become."""

from __future__ import annotations

import dataclasses

import pytest

from cost_model import DEVICES, Device, device, estimate, resolve
from quant_model.design import DesignPoint, uniform_design
from quant_model.errors import UserError
from quant_model.families import Encoder

ARCHITECTURE = Encoder(window=24, features=1, d_model=16, heads=1, ffn_width=32, layers=1, outputs=1)
XC7S15 = device("xc7s15")


def fullest(design: DesignPoint, part: Device = XC7S15) -> float:
    return max(estimate(design, part).utilization.values())


def test_no_choice_is_left() -> None:
    chosen = resolve(uniform_design(ARCHITECTURE, lanes=4), XC7S15)
    assert chosen.is_resolved
    assert resolve(chosen, XC7S15) == chosen


@pytest.mark.parametrize("bits", [3, 4, 8])
def test_auto_is_no_worse_than_everything_in_luts(bits: int) -> None:
    auto = uniform_design(ARCHITECTURE, bits, bits, lanes=4)
    in_luts = uniform_design(
        ARCHITECTURE, bits, bits, lanes=4, multiplier="lut", buffer="distributed", memory="logic"
    )
    assert fullest(auto) <= fullest(in_luts) + 0.01


def test_chosen_choices_are_kept() -> None:
    design = uniform_design(ARCHITECTURE, lanes=2, multiplier="dsp", buffer="block")
    chosen = resolve(design, XC7S15)
    assert all(engine.buffer == "block" for engine in chosen.engines.values())
    assert all(engine.multiplier in ("dsp", None) for engine in chosen.engines.values())


def test_products_too_short_for_a_dsp_slice_go_to_luts() -> None:
    chosen = resolve(uniform_design(ARCHITECTURE, 4, 4, multiplier="dsp"), XC7S15)
    assert chosen.engines["embed"].multiplier == "lut"
    # An unsigned factor of 4 bits needs 5 in the slice.
    assert chosen.engines["layer0.contract"].multiplier == "dsp"
    assert chosen.engines["layer0.context"].multiplier == "dsp"


def test_a_larger_device_is_no_fuller() -> None:
    design = uniform_design(ARCHITECTURE, lanes=4)
    assert fullest(design, device("xc7s50")) <= fullest(design)


def test_estimate_counts_memory_luts_as_luts_of_the_device() -> None:
    found = estimate(uniform_design(ARCHITECTURE), XC7S15)
    used = found.resources["lut"] + found.resources["lutram"]
    assert found.utilization["lut"] == pytest.approx(used / 8000)
    assert set(found.resources) == set(found.utilization) == {"lut", "lutram", "ff", "bram18", "dsp"}


def test_a_design_fits_when_every_resource_does() -> None:
    design = uniform_design(ARCHITECTURE, lanes=4)
    found = estimate(design, XC7S15)
    tight = dataclasses.replace(XC7S15, ff=found.resources["ff"])
    assert estimate(resolve(design, XC7S15), tight).fits
    smaller = dataclasses.replace(tight, ff=tight.ff - 1)
    assert not estimate(resolve(design, XC7S15), smaller).fits


def test_xc7s15_is_as_the_data_sheet_says() -> None:
    assert (XC7S15.lut, XC7S15.lutram, XC7S15.ff, XC7S15.bram18, XC7S15.dsp) == (8000, 2400, 16000, 20, 20)
    assert DEVICES["xc7s6"].lutram == 1120


def test_unknown_device_names_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean xc7a35t"):
        device("XC7A35")
