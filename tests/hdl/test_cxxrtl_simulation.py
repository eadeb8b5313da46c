"""Compiled simulation: the same result file as GHDL's, and the choice between the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path

import pytest

from hdl import bundle, cxxrtl_simulation, ghdl_simulation, simulate
from hdl.analysis import GhdlError, content_hash
from hdl.cxxrtl_simulation import CompiledSimulation, CxxrtlError, build, compile_model
from hdl.generate import generate
from hdl.playback import Playback, isolated_vectors, random_vectors
from hdl.simulate import verify
from quant_model.families import Encoder, Stream
from quant_model.integer_model import IntegerModel
from quant_model.network import Network, build_network
from quant_model.random_model import random_integer_model
from tests.designs import quick_network, uniform_build
from tests.hdl.test_accelerator import flip_a_weight

pytestmark = pytest.mark.slow

TINY = Encoder(window=2, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=2)
VECTORS = 6

Builder = Callable[[Sequence[Path], Network, Path], CompiledSimulation]


@pytest.fixture
def accelerator(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    generate(random_integer_model(build_network(uniform_build(TINY, 4, multiplier="dsp")), 9), folder)
    return folder


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Compiles the same sources once."""
    known: dict[str, CompiledSimulation] = {}

    def built(sources: Sequence[Path], network: Network, folder: Path) -> CompiledSimulation:
        key = content_hash([], sources)
        if key not in known:
            known[key] = build(sources, network, tmp_path_factory.mktemp("program"))
        folder.mkdir(exist_ok=True)
        return known[key]

    return built


@pytest.fixture
def built_once(monkeypatch: pytest.MonkeyPatch, programs: Builder) -> None:
    monkeypatch.setattr(cxxrtl_simulation, "build", programs)


@pytest.fixture
def all_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile also what GHDL would have done sooner."""
    monkeypatch.setattr(simulate, "BUILD", 0.0)


def playback_of(model: IntegerModel, stall: bool, seed: int) -> Playback:
    stimulus = random_vectors(model.network.input, VECTORS, seed)
    return Playback(stimulus, model.forward(stimulus), isolated_vectors(VECTORS, stall), stall, seed)


def test_both_simulators_record_the_same(tmp_path: Path) -> None:
    """Clock by clock: the same reset in the middle, the same pauses, the same edges."""
    model = random_integer_model(quick_network(101, cycles=800), 101)
    generate(model, tmp_path / "bundle")
    sources = bundle.design_sources(tmp_path / "bundle")
    with_testbench = [*sources, *bundle.testbench_sources(tmp_path / "bundle")]
    program = build(sources, model.network, tmp_path / "build")
    assert program.tool.startswith("cxxrtl (Yosys ")
    assert "if (rests()) return true;" in (tmp_path / "build" / "accelerator.cpp").read_text()
    for stall, seed in product((False, True), (101, 2_147_000_000_123)):
        playback = playback_of(model, stall, seed)
        ghdl, cxxrtl = (tmp_path / f"{name}-{stall}-{seed}" for name in ("ghdl", "cxxrtl"))
        ghdl_simulation.play(with_testbench, playback, ghdl, 300)
        assert (program.play(playback, cxxrtl, 300).outputs == playback.expected).all()
        assert (cxxrtl / "result.txt").read_text() == (ghdl / "result.txt").read_text()


def test_short_playbacks_run_in_ghdl(accelerator: Path) -> None:
    assert verify(accelerator, 4, seed=1).tool.startswith("GHDL")


@pytest.mark.usefixtures("built_once")
@pytest.mark.parametrize("stall", [False, True])
def test_long_playbacks_run_in_both(accelerator: Path, stall: bool) -> None:
    seen: list[int] = []
    found = verify(accelerator, 1000, seed=1, stall=stall, progress=seen.append)
    assert (found.vectors, found.mismatches) == (1000, 0)
    assert found.cycles_min == found.cycles_max == found.cycles_predicted
    assert found.tool.startswith("cxxrtl (Yosys ")
    assert "; the first 2 also in GHDL " in found.tool
    assert seen[-1] == 1000


@pytest.mark.usefixtures("all_is_long")
def test_ghdl_repeats_rows_of_a_series_whose_answers_mean_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = Stream(window=4, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)
    generate(random_integer_model(build_network(uniform_build(shape, 4)), 1), tmp_path)
    compared: list[int] = []
    monkeypatch.setattr(simulate, "_agree", lambda ghdl, *_: compared.append(len(ghdl.outputs)))
    assert "; the first 5 also in GHDL " in verify(tmp_path, 2, seed=1, simulator="auto").tool
    assert compared == [3 + 2]
    monkeypatch.setattr(simulate, "_CHECKED", 0.0)
    found = verify(tmp_path, 2, seed=1)
    assert found.tool.endswith(f"; not in GHDL: {found.cycles_predicted} cycles a row")


@pytest.mark.usefixtures("built_once")
def test_ghdl_is_spared_very_long_windows(accelerator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cycles = verify(accelerator, 1, seed=1).cycles_predicted
    monkeypatch.setattr(simulate, "_CHECKED", 0.0)
    monkeypatch.setattr(simulate, "BUILD", 0.0)
    assert verify(accelerator, 4, seed=1).tool.endswith(f"; not in GHDL: {cycles} cycles a window")


@pytest.mark.usefixtures("built_once")
def test_either_can_be_asked_for(accelerator: Path) -> None:
    assert verify(accelerator, 4, seed=1, simulator="cxxrtl").tool.startswith("cxxrtl (Yosys ")
    assert verify(accelerator, 1, seed=1, simulator="ghdl").tool.startswith("GHDL ")


@pytest.mark.usefixtures("all_is_long")
def test_without_a_compiler_all_runs_in_ghdl(
    accelerator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = verify(accelerator, 4, seed=1)
    assert found.mismatches == 0
    assert found.tool.startswith("GHDL ")
    assert found.tool.endswith("; no compiled simulation: g++ is missing (apt-get install g++)")
    with pytest.raises(CxxrtlError, match="is missing"):
        verify(accelerator, 4, seed=1, simulator="cxxrtl")


@pytest.mark.usefixtures("all_is_long")
def test_a_compiler_that_fails_is_named(
    accelerator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "g++"
    compiler.write_text("#!/bin/sh\necho 'fatal error: no such header' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert verify(accelerator, 4, seed=1).tool.endswith(": g++ failed: fatal error: no such header")


@pytest.mark.usefixtures("all_is_long", "built_once")
def test_a_flipped_weight_is_found_by_both(accelerator: Path) -> None:
    flip_a_weight(accelerator)
    found = verify(accelerator, 5, seed=3)
    assert found.first_mismatch is not None
    assert found.first_mismatch == verify(accelerator, 5, seed=3, simulator="ghdl").first_mismatch


@pytest.mark.usefixtures("all_is_long", "built_once")
def test_simulators_that_disagree_are_an_error(accelerator: Path) -> None:
    testbench = accelerator / "testbench" / "testbench.vhd"
    right = "got := to_integer(signed(m_axis_tdata));"
    assert right in testbench.read_text()
    testbench.write_text(testbench.read_text().replace(right, f"{right[:-1]} + 1;"))
    with pytest.raises(GhdlError, match="GHDL and cxxrtl disagree at output 0 0: "):
        verify(accelerator, 5, seed=3)


@pytest.mark.parametrize(
    "body",
    [
        "wire [1:0] word = {word[0], x}; assign y = word[1];",
        "reg q; always @(posedge clk) q <= x; wire [1:0] word = {x, q}; assign y = ^word;",
    ],
    ids=["a word of itself", "a word of which a register drives a part"],
)
def test_what_one_evaluation_does_not_settle_is_refused(tmp_path: Path, body: str) -> None:
    (tmp_path / "top.v").write_text(f"module accelerator(input clk, input x, output y); {body} endmodule\n")
    script = "read_verilog top.v\nhierarchy -top accelerator\nproc\nwrite_cxxrtl -g0 -O1 accelerator.cpp\n"
    with pytest.raises(CxxrtlError, match="travel twice"):
        compile_model(script, "int main() {}", tmp_path, rewritten=lambda model: model)
