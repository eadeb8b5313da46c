"""What nextpnr makes of a netlist when it packs it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from hdl.bundle import design_sources
from hdl.fabrics import MAPPERS
from hdl.generate import TOP, generate
from hdl.place_route import TARGETS, router
from hdl.synthesize import map_netlist, write_verilog
from hdl.tools import ghdl, yosys
from quant_model.design import DesignPoint
from quant_model.network import build_network
from quant_model.random_model import random_integer_model

_SECONDS = 600.0
_USED = re.compile(r"(\w+):\s+(\d+)/\s*\d+\s+\d+%")


def cells_of(design: DesignPoint, fabric: str, folder: Path) -> dict[str, Any]:
    """The cells of a design with random weights, mapped in ``folder``."""
    generate(random_integer_model(build_network(design), 3), folder / "bundle")
    write_verilog(ghdl(), design_sources(folder / "bundle"), TOP, [], folder, _SECONDS)
    _, netlist = map_netlist(yosys(), TOP, folder, _SECONDS, MAPPERS[fabric])
    cells: dict[str, Any] = netlist["cells"]
    return cells


def packed(target: str, folder: Path) -> dict[str, int]:
    """What nextpnr counts of the netlist in ``folder``, by type of the device's cells."""
    arguments = [router(target), *TARGETS[target].arguments, "--pack-only", "--json", "netlist.json"]
    done = subprocess.run(arguments, cwd=folder, capture_output=True, text=True, check=False)
    print(done.stderr, file=sys.stderr)
    assert json.loads((folder / "netlist.json").read_text())
    return {name: int(count) for name, count in _USED.findall(done.stdout + done.stderr)}
