"""The folder of a board: what it lists exists, constraints name every port, Vivado's script is whole."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from hdl.boards.board import Board, board_names, load_board
from hdl.boards.flows import FLOWS
from hdl.boards.writing import SKELETON, board_sources, write_board
from hdl.generate import generate
from hdl.tools import ghdl
from quant_model.errors import UserError
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.designs import uniform_build
from tests.hdl.test_accelerator import SMALL
from tests.hdl.vivado import TCLSH, vivado

BOARDS = [load_board(name) for name in board_names()]
VIVADO = [board for board in BOARDS if board.flow == "vivado"]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "my accelerator"
    generate(random_integer_model(build_network(uniform_build(SMALL, 6, lanes=4)), 3), folder)
    return folder


@pytest.mark.parametrize("board", BOARDS, ids=board_names())
def test_the_top_level_is_right_vhdl(bundle: Path, board: Board, tmp_path: Path) -> None:
    folder = write_board(bundle, board)
    sources = board_sources(folder)
    assert sources[-1].name == "board_top.vhd"
    _analyse(sources, tmp_path)
    assert board.skeleton == (folder / SKELETON).exists()
    if board.skeleton:
        _analyse(board_sources(folder / SKELETON), tmp_path)


def _analyse(sources: Sequence[Path], tmp_path: Path) -> None:
    command = [*ghdl().command, "-a", "--std=08", "-Wall", "-Wno-reserved-word", f"--workdir={tmp_path}"]
    done = subprocess.run([*command, *sources], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "/boards/" not in done.stderr, done.stderr


@pytest.mark.parametrize("board", BOARDS, ids=board_names())
def test_the_constraints_name_every_port_of_the_top_level(bundle: Path, board: Board) -> None:
    folder = write_board(bundle, board)
    top = (folder / "vhdl" / "board_top.vhd").read_text()
    ports = set(re.findall(r"^    (\w+) : (?:in|out) std_logic", top, re.MULTILINE))
    text = (folder / FLOWS[board.flow].constraints).read_text()
    forms = {
        "ice40": r"^set_io (?:-pullup yes )?(\w+) (\w+)$",
        "ecp5": r'^LOCATE COMP "(\w+)" SITE "(\w+)";$',
        "gowin": r'^IO_LOC "(\w+)" (\w+);$',
        "vivado": r"^set_property -dict {PACKAGE_PIN (\w+) IOSTANDARD \w+} \[get_ports (\w+)\]$",
    }
    found = re.findall(forms[board.flow], text, re.MULTILINE)
    named = {(port, site) for site, port in found} if board.flow == "vivado" else set(found)
    assert named == {(name, pin.site) for name, (_, pin) in board.ports.items()}
    assert {port for port, _ in named} == ports


@pytest.mark.parametrize(
    ("name", "hard", "soft", "fit"),
    [
        ("upduino3", "synth_ice40 -dsp -abc9", "synth_ice40 -abc9", False),
        ("ulx3s", "synth_ecp5 -abc9", "synth_ecp5 -nodsp -abc9", True),
        ("tang_nano_9k", "synth_gowin -family", "synth_gowin -nodsp -family", True),
    ],
)
def test_more_multipliers_than_the_device_has_go_into_logic(
    tmp_path: Path, name: str, hard: str, soft: str, fit: bool
) -> None:
    """Ten engines: ten multipliers with a lane each, some eighty with eight."""
    board = load_board(name)
    for lanes, multiplier, is_hard in ((8, "lut", True), (1, "dsp", fit), (8, "dsp", False)):
        wanted = hard if is_hard else soft
        design = uniform_build(SMALL, 6, lanes=lanes, multiplier=multiplier)  # type: ignore[arg-type]
        generate(random_integer_model(build_network(design), 3), tmp_path / "bundle")
        script = (write_board(tmp_path / "bundle", board) / "board.ys").read_text()
        assert f"\n{wanted} " in script


def test_a_rate_that_the_clock_cannot_make_is_refused(bundle: Path) -> None:
    with pytest.raises(
        UserError, match=r"baud rate 5000000: cannot be divided .* 12 MHz; choose a lower one"
    ):
        write_board(bundle, load_board("icebreaker"), 5_000_000)


def test_a_folder_that_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name a folder that export or generate wrote"):
        write_board(tmp_path, load_board("icebreaker"))


@pytest.mark.skipif(TCLSH is None, reason="no Tcl interpreter: apt-get install tcl")
@pytest.mark.parametrize("board", VIVADO, ids=[board.name for board in VIVADO])
def test_the_vivado_script_goes_from_sources_to_bitstream(bundle: Path, board: Board) -> None:
    folder = write_board(bundle, board)
    done = vivado(folder / "build.tcl")
    assert (done.returncode, done.stderr) == (0, "")
    calls = done.stdout.splitlines()
    read = [call for call in calls if call.startswith("read_vhdl")]
    assert read == [f"read_vhdl -vhdl2008 {{{source}}}" for source in board_sources(folder)]
    assert f"synth_design -top board_top -part {board.part}" in calls
    order = [
        call.split()[0] for call in calls if not call.startswith(("read_vhdl", "report", "wor", "wrote"))
    ]
    assert order == [
        "read_xdc", "synth_design", "write_checkpoint", "opt_design", "place_design", "phys_opt_design",
        "route_design", "write_checkpoint", "write_bitstream",
    ]  # fmt: skip
    assert f"report_utilization -file {{{folder / 'vivado' / 'utilization.rpt'}}}" in calls


@pytest.mark.skipif(TCLSH is None, reason="no Tcl interpreter: apt-get install tcl")
@pytest.mark.parametrize(
    ("outcome", "said", "written"),
    [
        ({"setup": "-0.001"}, "the clock is not reached", False),
        ({"hold": "-0.2"}, "the clock is not reached", False),
        ({"setup": ""}, "the clock is not reached", False),
        ({"critical": 2}, "2 critical warnings", True),
    ],
)
def test_the_vivado_script_fails_where_vivado_would_not(
    bundle: Path, outcome: dict[str, str], said: str, written: bool
) -> None:
    done = vivado(write_board(bundle, load_board("cmod_s7")) / "build.tcl", **outcome)  # type: ignore[arg-type]
    assert done.returncode == 1
    assert said in done.stderr
    assert ("write_bitstream" in done.stdout) == written
