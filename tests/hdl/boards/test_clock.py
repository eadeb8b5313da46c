"""Another clock by an MMCM: within its limits, as near as asked for, and a top level that waits for it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdl.boards.board import Board, board_names, load_board
from hdl.boards.clock import mmcm
from hdl.boards.writing import board_sources, write_board
from hdl.generate import generate
from hdl.tools import ghdl
from quant_model.errors import UserError
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.designs import uniform_build
from tests.hdl.test_accelerator import SMALL

VIVADO = [board for name in board_names() if (board := load_board(name)).flow == "vivado"]


@given(board=st.sampled_from(VIVADO), mhz=st.floats(10, 200))
def test_the_settings_are_within_the_limits(board: Board, mhz: float) -> None:
    """AMD UG472 and DS189: oscillator 600 to 1200 MHz, factors 2 to 64, divider 1 to 128 in eighths."""
    found = mmcm(board, mhz)
    assert 600 <= board.clock_mhz * found.multiply <= 1200
    assert 2 <= found.multiply <= 64
    assert 1 <= found.divide <= 128
    assert (8 * found.divide).is_integer()
    assert found.mhz == pytest.approx(mhz, rel=0.01)
    assert found.mhz == pytest.approx(board.clock_mhz * found.multiply / found.divide)


def test_exact_clocks_are_exact() -> None:
    assert mmcm(load_board("arty_a7_35"), 80).mhz == 80
    assert mmcm(load_board("cmod_s7"), 100).mhz == pytest.approx(100, rel=1e-9)


def test_what_cannot_be_made_is_refused() -> None:
    with pytest.raises(UserError, match=r"--clock 48: iCEBreaker .* runs at its own clock"):
        mmcm(load_board("icebreaker"), 48)
    with pytest.raises(
        UserError, match=r"--clock 2: cannot be made .* choose one between 4\.69 and 1200 MHz"
    ):
        mmcm(load_board("arty_a7_35"), 2)


def test_the_top_level_runs_at_the_made_clock(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    generate(random_integer_model(build_network(uniform_build(SMALL, 6, lanes=4)), 3), bundle)
    folder = write_board(bundle, load_board("arty_a7_35"), clock_mhz=57.6)
    top = (folder / "vhdl" / "board_top.vhd").read_text()
    assert re.findall(r"clk +=> (\w+),", top, re.IGNORECASE) == ["clock"] * 5
    assert "button_pressed <= not locked or button;" in top
    # 57.6 MHz are 500 clocks a bit at 115,200 baud.
    assert re.findall(r"CLOCKS_PER_BIT => (\d+)", top) == ["500", "500"]
    command = [*ghdl().command, "-a", "--std=08", f"--workdir={tmp_path}", *map(str, board_sources(folder))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "create_clock -name clk -period 10.000" in (folder / "board.xdc").read_text()
