"""Make a board's bitstream by the build script of its folder, and read what clock it reaches."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hdl.analysis import first_errors
from hdl.boards.board import Board
from hdl.boards.flows import FLOWS
from hdl.synthesize import SynthesisError
from hdl.tools import ghdl as find_ghdl
from hdl.tools import installed
from hdl.tools import yosys as find_yosys
from quant_model.errors import UserError

__all__ = ["OPENXC7_NOTE", "Bitstream", "make_bitstream", "openxc7_note"]

_SECONDS = 1800.0
"""For the whole script: the WebAssembly builds of nextpnr take minutes for a full device."""
OPENXC7_NOTE = (
    "nextpnr-xilinx (openXC7) is on PATH. By its maintainers XC7S15 is a proxy on the XC7S25 fabric, not "
    "verified on silicon, with known faults of DSP48E1 operands and LUTRAM. It may be tried with the files "
    "in the folder; Bitfront has not tested it"
)


@dataclass(frozen=True)
class Bitstream:
    """A bitstream and the clock that place and route came to.

    Attributes:
        file: The bitstream; it is there when the clock is reached.
        clock_mhz: The board's clock.
        megahertz: What the slowest path allows, by nextpnr.
        used: Used cells by type of the device's resources.
        tool: Tools and versions.
    """

    file: Path
    clock_mhz: float
    megahertz: float
    used: dict[str, int]
    tool: str

    @property
    def passes(self) -> bool:
        """Whether the board's clock is reached."""
        return self.megahertz >= self.clock_mhz

    def to_json(self) -> dict[str, Any]:
        """The JSON object that scripts rely on."""
        return {**asdict(self), "file": str(self.file), "passes": self.passes}


def make_bitstream(board: Board, folder: Path) -> Bitstream:
    """Run ``build.sh`` of a board's folder, which :func:`hdl.boards.writing.write_board` wrote.

    Raises:
        UserError: the board's flow needs Vivado, or a tool is missing.
        SynthesisError: a tool failed; most often the design does not fit the device.
    """
    flow = FLOWS[board.flow]
    if not flow.synthesis:
        raise UserError(
            f"board {board.name}",
            "its bitstream needs Vivado",
            f"run: vivado -mode batch -source {folder / 'build.tcl'}",
        )
    ghdl, yosys = find_ghdl(), find_yosys()
    programs = {one.variable: installed(one.names, one.package) for one in flow.programs}
    tools = {"GHDL": ghdl.command[0], "YOSYS": shlex.join(yosys.command), **programs}
    status, said = _run(["./build.sh"], folder, {**os.environ, **tools})
    report = folder / "build" / "report.json"
    # nextpnr writes its report, then fails where the clock is not reached.
    if not report.is_file() or (status != 0 and "Max frequency" not in said):
        raise SynthesisError(f"{board.name}: {first_errors(said)}")
    found = json.loads(report.read_text())
    names = [Path(program).name for program in programs.values()]
    return Bitstream(
        file=folder / flow.bitstream,
        clock_mhz=board.clock_mhz,
        megahertz=min(clock["achieved"] for clock in found["fmax"].values()),
        used={cell: counts["used"] for cell, counts in found["utilization"].items() if counts["used"]},
        tool=" + ".join([ghdl.label, yosys.label, *names]),
    )


def _run(command: list[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Exit status and output of a script, which ends with all that it started."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=_SECONDS)
    except BaseException as error:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise SynthesisError(f"{command[0]} took longer than {_SECONDS:.0f} s") from error
        raise
    return process.returncode, said


def openxc7_note(board: Board) -> str | None:
    """What to know of open place and route for a board's 7-series device, where it is installed."""
    return OPENXC7_NOTE if board.flow == "vivado" and shutil.which("nextpnr-xilinx") else None
