"""Accelerators that take an endless series row by row: every forecast equals the golden model's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hdl.generate import generate
from hdl.simulate import verify
from quant_model.families import Stream
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.designs import uniform_build

SMALL = Stream(window=4, features=2, d_model=8, heads=2, ffn_width=8, layers=1, outputs=2)

SHAPES = {
    "shortest window": replace(SMALL, window=2, features=1, outputs=1),
    "no power of two": replace(SMALL, window=5, features=3, d_model=7, heads=1, ffn_width=11, outputs=3),
    "a head an element": replace(SMALL, window=6, d_model=4, heads=4, ffn_width=4),
    "most layers": replace(SMALL, window=3, d_model=4, ffn_width=4, layers=4),
    "long window": replace(SMALL, window=33, d_model=4, heads=1, ffn_width=4),
}


@pytest.mark.slow
@pytest.mark.parametrize("lanes", [1, 1000], ids=["one lane", "all lanes"])
@pytest.mark.parametrize("name", SHAPES)
def test_every_row_s_forecast_is_the_golden_model_s(tmp_path: Path, name: str, lanes: int) -> None:
    """With rows one at a time and back to back, with stalls, behind a reset in the middle of a series."""
    design = uniform_build(SHAPES[name], 5, lanes=lanes, multiplier="dsp" if lanes == 1 else "lut")
    generate(random_integer_model(build_network(design), 7), tmp_path / "bundle")
    for stall in (False, True):
        found = verify(tmp_path / "bundle", 3, 7, stall)
        assert found.first_mismatch is None, f"stall={stall}: {found}"
        # Of three windows behind each other every row but the first ones has a forecast.
        assert found.vectors == 2 * design.shape.sees + 1
        assert found.cycles_min == found.cycles_max == found.cycles_predicted, f"stall={stall}: {found}"


def test_the_top_says_which_forecasts_mean_something(tmp_path: Path) -> None:
    design = uniform_build(SMALL, 4)
    generate(random_integer_model(build_network(design), 1), tmp_path)
    top = (tmp_path / "vhdl" / "accelerator.vhd").read_text()
    assert "m_axis_tuser" in top
    assert "tuser is low with the first 3 forecasts" in top
