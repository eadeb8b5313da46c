"""Testbenches in GHDL: what is missing, late or different is noticed, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hdl.analysis import GhdlError
from hdl.ghdl_simulation import play
from hdl.playback import Playback, Progress, isolated_vectors, random_vectors
from hdl.simulate import Mismatch, Verification, compare
from quant_model.formats import Format, IntArray
from quant_model.graph import Port

VHDL = Path(__file__).parent / "vhdl"
VECTORS = 5
PORT = Port("input", 3, 1, Format(8))


def golden(stimulus: IntArray) -> IntArray:
    total = stimulus.sum(axis=(1, 2))
    return np.stack([total, -total], axis=1)


def simulate(
    tmp_path: Path,
    fault: str = "none",
    stall: bool = False,
    timeout_s: float = 60,
    progress: Progress | None = None,
) -> Verification:
    source = tmp_path / "testbench.vhd"
    source.write_text((VHDL / "testbench.vhd").read_text().replace('"none"', f'"{fault}"'))
    stimulus = random_vectors(PORT, VECTORS, seed=4)
    playback = Playback(stimulus, golden(stimulus), isolated_vectors(VECTORS, stall), stall, seed=4)
    result, tool = play([source], playback, tmp_path / "work", timeout_s, progress)
    return compare(playback, result, 3, tool)


def test_equal_outputs_are_counted(tmp_path: Path) -> None:
    found = simulate(tmp_path)
    assert (found.vectors, found.outputs, found.mismatches, found.first_mismatch) == (VECTORS, 10, 0, None)
    assert found.cycles_min == found.cycles_max == found.cycles_predicted == 3
    assert found.tool.startswith("GHDL ")


def test_stall_and_seed_reach_the_testbench(tmp_path: Path) -> None:
    assert simulate(tmp_path, stall=True).cycles_max == 15


def test_cycles_are_those_of_the_isolated_vectors(tmp_path: Path) -> None:
    """The vectors behind them take three clocks more in this testbench: see its RESULT file."""
    found = simulate(tmp_path)
    assert (found.cycles_min, found.cycles_max) == (3, 3)
    lines = (tmp_path / "work" / "result.txt").read_text().splitlines()
    spans = [int(last) - int(first) for word, _, first, last in map(str.split, lines) if word == "cycles"]
    assert spans == [3, 3, 3, 3, 6]


def test_the_first_difference_is_named(tmp_path: Path) -> None:
    found = simulate(tmp_path, "wrong")
    expected = int(golden(random_vectors(PORT, VECTORS, seed=4))[2, 0])
    assert found.mismatches == 2
    assert found.first_mismatch == Mismatch(2, 0, expected, expected + 1)


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("dies", "6 of 10 outputs .* lost a word"),
        ("stops", "6 of 10 outputs and 3 of 5 cycle counts are missing"),
        ("twice", "line 2 of the simulation's result is 'vector 0 0"),
        ("protocol", "all outputs are equal, but the testbench failed: .*valid fell before ready"),
    ],
)
def test_a_faulty_simulation_is_an_error(tmp_path: Path, fault: str, message: str) -> None:
    with pytest.raises(GhdlError, match=message):
        simulate(tmp_path, fault)


def test_a_hung_simulation_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(GhdlError, match="limit 1 s"):
        simulate(tmp_path, "hangs", timeout_s=1.0)


def test_an_old_result_file_is_not_taken_for_the_new_one(tmp_path: Path) -> None:
    simulate(tmp_path)
    with pytest.raises(GhdlError, match=r"wrote no result|ended early"):
        simulate(tmp_path, "dies")


def test_progress_rises_to_the_number_of_vectors(tmp_path: Path) -> None:
    seen: list[int] = []
    simulate(tmp_path, progress=seen.append)
    assert seen
    assert seen == sorted(set(seen))
    assert seen[-1] == VECTORS
