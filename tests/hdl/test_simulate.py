"""Running testbenches: what is missing, malformed or different is noticed, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hdl.analysis import GhdlError, analyse
from hdl.ghdl_simulation import play, run_testbench
from hdl.playback import Playback, Progress, isolated_vectors, parse_result, random_vectors
from hdl.simulate import Mismatch, Verification, compare
from hdl.tools import ghdl
from quant_model.formats import Format, IntArray
from quant_model.graph import Port

VHDL = Path(__file__).parent / "vhdl"
VECTORS = 5


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
    stimulus = random_vectors(Port("input", 3, 1, Format(8)), VECTORS, seed=4)
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


@pytest.mark.parametrize(
    ("vectors", "stall", "isolated"),
    [(1, False, 1), (3, False, 3), (5, False, 4), (16, False, 12), (5, True, 1)],
)
def test_the_last_quarter_is_sent_back_to_back(vectors: int, stall: bool, isolated: int) -> None:
    assert isolated_vectors(vectors, stall) == isolated


def test_cycles_are_those_of_the_isolated_vectors(tmp_path: Path) -> None:
    """The vectors behind them take three clocks more in this testbench: see its RESULT file."""
    found = simulate(tmp_path)
    assert (found.cycles_min, found.cycles_max) == (3, 3)
    lines = (tmp_path / "work" / "result.txt").read_text().splitlines()
    spans = [int(last) - int(first) for word, _, first, last in map(str.split, lines) if word == "cycles"]
    assert spans == [3, 3, 3, 3, 6]


def test_the_first_difference_is_named(tmp_path: Path) -> None:
    found = simulate(tmp_path, "wrong")
    expected = int(golden(random_vectors(Port("input", 3, 1, Format(8)), VECTORS, seed=4))[2, 0])
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
    with pytest.raises(GhdlError, match="limit 3 s"):
        simulate(tmp_path, "hangs", timeout_s=3.0)


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


def test_invalid_vhdl_is_reported_with_ghdls_words(tmp_path: Path) -> None:
    source = tmp_path / "broken.vhd"
    source.write_text("entity broken is port (a : in word); end entity;\n")
    with pytest.raises(GhdlError, match=r"broken\.vhd:1:\d+:error: no declaration for \"word\""):
        analyse(ghdl(), [source], tmp_path / "work")
    assert list((tmp_path / "work").iterdir()) == []


def test_analysis_is_kept_by_content(tmp_path: Path) -> None:
    source = tmp_path / "thing.vhd"
    source.write_text("entity thing is end entity;\n")
    first = analyse(ghdl(), [source], tmp_path / "work")
    source.unlink()
    source.write_text("entity thing is end entity;\n")
    assert analyse(ghdl(), [source], tmp_path / "work").folder == first.folder
    source.write_text("entity thing is end entity thing;\n")
    assert analyse(ghdl(), [source], tmp_path / "work").folder != first.folder


@pytest.mark.parametrize("rows", ["signed", "unsigned", "operator"])
@pytest.mark.parametrize(("a_bits", "w_bits"), [(2, 2), (4, 3), (3, 5)])
def test_row_products_equal_integer_arithmetic(tmp_path: Path, rows: str, a_bits: int, w_bits: int) -> None:
    sources = [VHDL / "multiplier.vhd", VHDL / "multiplier_check.vhd"]
    generics: dict[str, str | int | bool] = {"A_BITS": a_bits, "W_BITS": w_bits, "ROWS": rows}
    run = run_testbench(sources, "multiplier_check", generics, tmp_path, 60)
    assert run.exit_code == 0, run.messages
    assert f"{2 ** (a_bits + w_bits)} products are right" in run.messages


@pytest.mark.parametrize("form", ["minus", "plus"])
@pytest.mark.parametrize(("a_bits", "w_bits"), [(4, 4), (5, 3), (8, 2)])
def test_a_lane_of_subtractions_equals_integer_arithmetic(
    tmp_path: Path, form: str, a_bits: int, w_bits: int
) -> None:
    sources = [VHDL / "minus_lane.vhd", VHDL / "minus_lane_check.vhd"]
    generics: dict[str, str | int | bool] = {"A_BITS": a_bits, "W_BITS": w_bits, "FORM": form}
    run = run_testbench(sources, "minus_lane_check", generics, tmp_path, 60)
    assert run.exit_code == 0, run.messages
    assert f"{2 ** (a_bits + w_bits)} sums are right" in run.messages


def test_random_vectors_reach_both_ends_and_depend_on_the_seed() -> None:
    found = random_vectors(Port("input", 4, 2, Format(5)), 50, seed=1)
    assert found.shape == (50, 4, 2)
    assert (found[0] == -16).all()
    assert (found[1] == 15).all()
    assert set(np.unique(found[2:])) == set(range(-16, 16))
    assert (random_vectors(Port("input", 4, 2, Format(5)), 50, seed=1) == found).all()
    assert (random_vectors(Port("input", 4, 2, Format(5)), 50, seed=2) != found).any()
    with pytest.raises(ValueError, match="at least one"):
        random_vectors(Port("input", 4, 2, Format(5)), 0, seed=1)


@pytest.mark.parametrize(
    "line",
    [
        "vector 0 0",
        "vector 0 0 x",
        "vector 1 0 3",
        "vector 0 1 3",
        "vector -1 0 3",
        "cycles 0 9 3",
        "result 0 0 1",
        "",
    ],
)
def test_a_malformed_result_is_an_error(line: str) -> None:
    with pytest.raises(GhdlError, match="line 2"):
        parse_result(f"cycles 0 1 4\n{line}\n", vectors=1, outputs=1)


def test_a_result_without_cycles_is_an_error() -> None:
    with pytest.raises(GhdlError, match="0 of 1 outputs and 1 of 1 cycle counts"):
        parse_result("vector 0 0 3\n", vectors=1, outputs=1)
