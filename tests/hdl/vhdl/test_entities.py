"""Single entities over all their small inputs, each in a testbench of its own that computes with integers."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hdl.ghdl_simulation import run_testbench
from hdl.playback import SimulationRun
from quant_model.pipeline import PIPELINE, Pipeline
from quant_model.raster import Raster
from tests.hdl.library import Generics, library

SIZES = ((4, 5), (5, 4), (2, 2), (1, 6), (3, 1), (1, 1))
IMAGES = [Raster(*size, stride) for size in SIZES for stride in (1, 2)]
TESTBENCHES = Path(__file__).parent


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keeps what GHDL has analysed, by content."""
    return tmp_path_factory.mktemp("entities")


def simulated(workdir: Path, name: str, generics: Generics, depths: Pipeline = PIPELINE) -> SimulationRun:
    sources = [*library(workdir, depths), TESTBENCHES / f"{name}_check.vhd"]
    return run_testbench(sources, f"{name}_check", generics, workdir, 120)


def run(workdir: Path, name: str, generics: Generics) -> str:
    """Run the testbench ``name_check``; what it printed."""
    done = simulated(workdir, name, generics)
    assert done.exit_code == 0, done.messages
    return done.messages


@pytest.mark.parametrize(
    ("denominator_bits", "quotient_bits", "spare"), [(1, 2, 0), (4, 2, 0), (5, 3, 2), (4, 5, 0), (2, 8, 1)]
)
def test_the_divider_rounds_every_quotient(
    workdir: Path, denominator_bits: int, quotient_bits: int, spare: int
) -> None:
    generics: Generics = {
        "NUMERATOR_BITS": denominator_bits + quotient_bits + spare,
        "DENOMINATOR_BITS": denominator_bits,
        "QUOTIENT_BITS": quotient_bits,
    }
    said = run(workdir, "divider", generics)
    count = sum(d * (2**quotient_bits - 1) + 1 for d in range(1, 2**denominator_bits))
    assert f"{count} quotients are right" in said


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
@pytest.mark.parametrize(
    ("x_bits", "w_bits"), [(1, 2), (2, 2), (2, 6), (6, 2), (4, 4), (5, 5), (5, 7), (7, 5), (8, 8)]
)
def test_the_row_multiplier_is_right_for_every_pair(
    workdir: Path, x_bits: int, w_bits: int, signed: bool
) -> None:
    generics: Generics = {"X_BITS": x_bits, "X_SIGNED": signed, "W_BITS": w_bits}
    said = run(workdir, "lut_multiplier", generics)
    assert f"{2 ** (x_bits + w_bits)} products are right" in said


@pytest.mark.parametrize("value_bits", [2, 3, 6])
def test_rescaling_rounds_and_saturates_every_value(workdir: Path, value_bits: int) -> None:
    said = run(workdir, "shift_saturate", {"VALUE_BITS": value_bits})
    assert f"{2**value_bits * (value_bits + 6) * (value_bits + 1) * 2} values are right" in said


@pytest.mark.parametrize("image", IMAGES, ids=lambda image: f"{image.height}x{image.width}/{image.stride}")
@pytest.mark.parametrize(("lanes", "words", "groups"), [(1, 1, 1), (1, 3, 1), (1, 3, 3), (2, 2, 2)])
def test_the_line_buffer_shows_what_lies_around_every_centre(
    workdir: Path, image: Raster, lanes: int, words: int, groups: int
) -> None:
    places = min((image.stride + 1) * image.length + image.stride, image.rows)
    generics: Generics = {
        "LANES": lanes,
        "WORDS": words,
        "GROUPS": groups,
        "LENGTH": image.length,
        "LINES": image.lines,
        "STRIDE": image.stride,
        "PLACES": places,
        "DEPTH": image.depth(places, words),
    }
    said = run(workdir, "line_buffer", generics)
    assert f"{3 * image.centres.rows * image.taps * words} words are right" in said


def test_every_entity_is_as_deep_as_the_table_says(workdir: Path) -> None:
    said = run(workdir, "pipeline", {})
    assert len(re.findall(r"takes \d+ clocks", said)) == 17


@pytest.mark.parametrize("depth", [name for name, _, _ in PIPELINE.rows()])
def test_another_depth_in_the_table_is_noticed(workdir: Path, depth: str) -> None:
    other = replace(PIPELINE, **{depth: getattr(PIPELINE, depth) + 1})
    done = simulated(workdir, "pipeline", {}, other)
    assert done.exit_code != 0
    assert re.search(r"the table says|wrong data|wrong distance", done.messages)
