"""Back-to-back windows in GHDL: bit-exact, and as often as the schedule's interval says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hdl import bundle, ghdl_simulation
from hdl.generate import generate
from hdl.playback import Playback, random_vectors
from quant_model.design import DesignPoint
from quant_model.families import Encoder, Hybrid, Stream
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from quant_model.schedule import Schedule, schedule
from tests.designs import uniform_build

SMALL = Encoder(window=6, features=2, d_model=8, heads=2, ffn_width=16, layers=1, outputs=2)
PICTURE = Hybrid(
    window=24,
    height=4,
    features=1,
    stem=4,
    stem_stride=1,
    stages=2,
    growth=1,
    steps=2,
    heads=1,
    attention_steps=2,
    outputs=2,
)
SERIES = Stream(window=4, features=2, d_model=8, heads=2, ffn_width=16, layers=1, outputs=2)
VECTORS, SETTLED = 10, 5


@pytest.mark.parametrize("windows", [1, 2])
@pytest.mark.parametrize(
    ("arch", "exact"),
    [
        (SMALL, True),
        (replace(SMALL, layers=3, d_model=4, ffn_width=4, heads=1), False),
        (replace(SMALL, window=4, repeats=3), False),
        (replace(SMALL, readout="last"), True),
        (replace(SMALL, readout="last", layers=3, d_model=4, ffn_width=4, heads=1), False),
    ],
    ids=["one layer", "three layers", "repeated", "last row", "last row of three layers"],
)
def test_windows_follow_one_another_as_predicted(
    tmp_path: Path, arch: Encoder, exact: bool, windows: int
) -> None:
    plan, apart = played(uniform_build(arch, 4, lanes=2, windows=windows), tmp_path)
    assert apart <= plan.interval
    if windows == 2 and exact:
        assert apart == plan.interval
    assert plan.interval <= 1.25 * apart


@pytest.mark.parametrize(
    "shape",
    [
        PICTURE,
        replace(PICTURE, steps=1, attention_steps=0),
        replace(PICTURE, pooling="none"),
        replace(PICTURE, pooling="none", steps=1, attention_steps=0),
    ],
    ids=["steps", "once", "all pixels", "all pixels, once"],
)
def test_pictures_follow_one_another_as_predicted(tmp_path: Path, shape: Hybrid) -> None:
    """The bound is loose where no part is repeated: windows then overlap at every place."""
    plan, apart = played(uniform_build(shape, 4, lanes=2), tmp_path)
    assert apart <= plan.interval <= 1.25 * apart


@pytest.mark.parametrize("lanes", [1, 2, 8])
@pytest.mark.parametrize(
    "shape", [SERIES, replace(SERIES, layers=3, d_model=4, ffn_width=4, heads=1)], ids=["one layer", "three"]
)
def test_rows_of_a_series_follow_one_another_as_predicted(tmp_path: Path, shape: Stream, lanes: int) -> None:
    """The next one enters the rings while the one before is still on its way behind them."""
    plan, apart = played(uniform_build(shape, 4, lanes=lanes), tmp_path)
    assert apart <= plan.interval <= 1.25 * apart
    assert apart < plan.cycles / 2


def played(design: DesignPoint, tmp_path: Path) -> tuple[Schedule, float]:
    """The schedule, and clocks from window to window in GHDL."""
    model = random_integer_model(build_network(design), 3)
    generate(model, tmp_path / "bundle")
    stimulus = random_vectors(model.network.input, VECTORS, seed=3)
    warm_up = int(model.network.warm_up)
    playback = Playback(stimulus, model.answers(stimulus), 1, stall=False, seed=3, warm_up=warm_up)
    sources = [*bundle.design_sources(tmp_path / "bundle"), *bundle.testbench_sources(tmp_path / "bundle")]
    found, _ = ghdl_simulation.play(sources, playback, tmp_path / "play", 300.0)
    assert (found.outputs[warm_up:] == playback.expected[warm_up:]).all()
    plan = schedule(model.network)
    assert found.cycles[0] == plan.cycles
    return plan, float(np.diff(found.ends[SETTLED:]).mean())


def test_a_second_window_brings_the_next_one_sooner() -> None:
    single, double = (
        schedule(build_network(uniform_build(SMALL, 4, lanes=2, windows=windows))) for windows in (1, 2)
    )
    assert double.cycles == single.cycles
    assert double.interval < 0.75 * single.interval
