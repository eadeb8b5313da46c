"""Back-to-back windows in GHDL: bit-exact, and as often as the schedule's interval says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hdl import bundle, ghdl_simulation
from hdl.generate import generate
from hdl.playback import Playback, random_vectors
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from quant_model.schedule import schedule
from tests.designs import uniform_build

SMALL = Encoder(window=6, features=2, d_model=8, heads=2, ffn_width=16, layers=1, outputs=2)
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
    model = random_integer_model(build_network(uniform_build(arch, 4, lanes=2, windows=windows)), 3)
    generate(model, tmp_path / "bundle")
    stimulus = random_vectors(model.network.input, VECTORS, seed=3)
    playback = Playback(stimulus, model.forward(stimulus), isolated=1, stall=False, seed=3)
    sources = [*bundle.design_sources(tmp_path / "bundle"), *bundle.testbench_sources(tmp_path / "bundle")]
    found, _ = ghdl_simulation.play(sources, playback, tmp_path / "play", 300.0)
    assert (found.outputs == playback.expected).all()
    plan = schedule(model.network)
    assert found.cycles[0] == plan.cycles
    apart = float(np.diff(found.ends[SETTLED:]).mean())
    assert apart <= plan.interval
    if windows == 2 and exact:
        assert apart == plan.interval
    assert plan.interval <= 1.25 * apart


def test_a_second_window_brings_the_next_one_sooner() -> None:
    single, double = (
        schedule(build_network(uniform_build(SMALL, 4, lanes=2, windows=windows))) for windows in (1, 2)
    )
    assert double.cycles == single.cycles
    assert double.interval < 0.75 * single.interval
