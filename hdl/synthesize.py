"""Synthesise VHDL for AMD 7-series with GHDL and Yosys, and count what the mapped netlist holds.

The counts are *measured*: they come from a netlist, not from a formula. They depend on the tools' versions
and on the mapper's script, so both are part of the result.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hdl.analysis import GhdlError, analyse, content_hash, first_errors, generic_options
from hdl.bundle import design_sources
from hdl.netlist_counts import cell_shares, count_shares, slices_of
from hdl.ram_styles import RamStyleError, own_styles
from hdl.tools import Tool
from hdl.tools import ghdl as find_ghdl
from hdl.tools import yosys as find_yosys

__all__ = [
    "SCRIPT",
    "SCRIPT_HASH",
    "Synthesis",
    "SynthesisError",
    "count",
    "count_by_cell",
    "map_netlist",
    "run_tool",
    "synthesis_label",
    "synthesize",
    "synthesize_bundle",
    "write_verilog",
]

SCRIPT = """\
read_verilog top.v
hierarchy -top {top}
scratchpad -copy abc9.script.default.fast abc9.script
synth_xilinx -family xc7 -flatten -noiopad -noclkbuf -nowidelut -top {top}
tee -q -o stat.json stat -json
"""
"""The one mapping script; it must never change without a new calibration of the cost model.

``default.fast``: with it the values of weights move a LUT count by at most one, with the default by 15,
so that an estimate which knows no weights can be close. ``-nowidelut``: MUXF7 and MUXF8 would hide LUTs in a
count by cells. ``-noiopad -noclkbuf``: the accelerator is a part of a design, it has no pins.
"""

SCRIPT_HASH = hashlib.sha256(SCRIPT.encode()).hexdigest()[:8]

_WRITE_NETLIST = "write_json netlist.json\n"
_CACHE_FORMAT = "cells and slices"
"""Part of what results are kept by: those without slices are not found."""

# LUTs that one memory cell occupies (AMD UG474, "Distributed RAM"; a RAM64M fills a slice's four LUTs).
_LUTRAM = {
    "RAM32M": 4,
    "RAM64M": 4,
    "RAM32X1D": 2,
    "RAM64X1D": 2,
    "RAM128X1D": 4,
    "RAM32X1S": 1,
    "RAM64X1S": 1,
    "RAM128X1S": 2,
    "RAM256X1S": 4,
    "SRL16E": 1,
    "SRLC32E": 1,
}
_COUNTED: dict[str, dict[str, int]] = {
    "lut": {f"LUT{inputs}": 1 for inputs in range(1, 7)},
    "lutram": _LUTRAM,
    "ff": dict.fromkeys(("FDRE", "FDSE", "FDCE", "FDPE"), 1),
    "bram18": {"RAMB18E1": 1, "RAMB36E1": 2},
    "dsp": {"DSP48E1": 1},
}
# Free on the device, or (INV) absorbed into the cell that it feeds.
_FREE = frozenset({"CARRY4", "INV", "VCC", "GND", "BUFG", "$scopeinfo"})

_LOG = logging.getLogger(__name__)
_SYNTHESIS_SECONDS = 3600.0


class SynthesisError(Exception):
    """The tools rejected the design, or the netlist holds what must not be there."""


@dataclass(frozen=True)
class Synthesis:
    """Measured resources of one design.

    Attributes:
        measured: ``lut``, ``lutram``, ``ff``, ``bram18``, ``dsp``, ``slice`` (the fewest that hold it).
        tool: Tools, versions and the script's hash.
        cells: Cells of the netlist by type.
        script_hash: First eight digits of the SHA-256 of :data:`SCRIPT`.
    """

    measured: Mapping[str, int]
    tool: str
    cells: Mapping[str, int]
    script_hash: str


def count(cells: Mapping[str, int]) -> dict[str, int]:
    """Device resources of a netlist's cells.

    Raises:
        SynthesisError: a latch, or a cell whose cost is not known.
    """
    known = _FREE.union(*_COUNTED.values())
    unknown = sorted(set(cells) - known)
    if unknown:
        latches = [name for name in unknown if name in ("LDCE", "LDPE") or "LATCH" in name.upper()]
        what = f"latches ({', '.join(latches)})" if latches else f"unexpected cells ({', '.join(unknown)})"
        raise SynthesisError(f"the netlist holds {what}")
    return {
        key: sum(cells.get(name, 0) * factor for name, factor in factors.items())
        for key, factors in _COUNTED.items()
    }


def count_by_cell(cells: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """By cell of a netlist, what it takes of a device and of slices; sums are those of :func:`count`."""
    found = cell_shares(cells)
    for name, cell in cells.items():
        for key, factors in _COUNTED.items():
            if (factor := factors.get(cell["type"])) is not None:
                found.setdefault(name, {})[key] = factor
    return found


def synthesize(
    vhdl_files: Sequence[Path],
    top: str,
    workdir: Path,
    generics: Mapping[str, str | int | bool] | None = None,
    *,
    cache_dir: Path | None = None,
    timeout_s: float = _SYNTHESIS_SECONDS,
) -> Synthesis:
    """Synthesise the entity ``top`` of ``vhdl_files`` (in compile order) and count its cells.

    Both tools run as processes of their own, so that calls may run side by side in threads.

    Args:
        vhdl_files: In compile order.
        top: Entity name.
        workdir: Where intermediate files go; each call makes its own folder inside and removes it on success.
        generics: Values for the top's generics.
        cache_dir: Results by content hash; None keeps none.
        timeout_s: Seconds for each of the two tools.

    Raises:
        UserError: a tool is missing.
        SynthesisError: a tool failed, or the netlist holds a latch.
    """
    ghdl, yosys = find_ghdl(), find_yosys()
    options = generic_options(generics or {})
    label = _label(ghdl, yosys)
    key = content_hash([label, _CACHE_FORMAT, top, *options], vhdl_files)
    cached = cache_dir / f"{key[:32]}.json" if cache_dir is not None else None
    if cached is not None and cached.is_file():
        found = json.loads(cached.read_text())
    else:
        workdir.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="synthesis-", dir=workdir))
        write_verilog(ghdl, vhdl_files, top, options, folder, timeout_s)
        cells, netlist = map_netlist(yosys, top, folder, timeout_s)
        found = {"cells": cells, **count_shares(netlist["cells"])}
        shutil.rmtree(folder)
        if cached is not None:
            _store(cached, json.dumps(found, sort_keys=True))
    counts = count(found["cells"])
    measured = {**counts, "slice": slices_of({**found, **counts})}
    return Synthesis(measured, label, found["cells"], SCRIPT_HASH)


def synthesize_bundle(
    bundle: Path, *, cache_dir: Path | None = None, timeout_s: float = _SYNTHESIS_SECONDS
) -> Synthesis:
    """Synthesise an exported accelerator: the last entity of its compile order.

    Raises:
        UserError: ``bundle`` is no exported folder, or a tool is missing.
        SynthesisError: as :func:`synthesize`.
    """
    sources = design_sources(bundle)
    with tempfile.TemporaryDirectory(prefix="bitfront-synth-") as workdir:
        return synthesize(sources, sources[-1].stem, Path(workdir), cache_dir=cache_dir, timeout_s=timeout_s)


def synthesis_label() -> str:
    """The tools, their versions and the script: what measured counts depend on besides the design.

    Raises:
        UserError: a tool is missing.
    """
    return _label(find_ghdl(), find_yosys())


def _label(ghdl: Tool, yosys: Tool) -> str:
    return f"{ghdl.label} + {yosys.label}, synth_xilinx xc7, script {SCRIPT_HASH}"


def write_verilog(
    tool: Tool, sources: Sequence[Path], top: str, options: Sequence[str], folder: Path, timeout_s: float
) -> None:
    """Write the synthesised entity ``top`` as Verilog to ``folder/top.v``.

    Raises:
        SynthesisError: GHDL rejected it or took too long.
    """
    try:
        analysis = analyse(tool, sources, folder)
    except GhdlError as error:
        raise SynthesisError(str(error)) from error
    command = analysis.command("--synth", "--out=verilog", *options, top)
    done = run_tool(command, analysis.folder, timeout_s)
    if done.returncode != 0:
        raise SynthesisError(f"GHDL cannot synthesise {top}: {first_errors(done.stderr)}")
    try:
        verilog = own_styles(done.stdout)
    except RamStyleError as error:
        raise SynthesisError(str(error)) from error
    (folder / "top.v").write_text(verilog)


def map_netlist(
    tool: Tool, top: str, folder: Path, timeout_s: float
) -> tuple[dict[str, int], dict[str, Any]]:
    """Map ``folder/top.v``: cells by type, and the flat module ``top`` as Yosys's ``write_json`` writes it.

    Raises:
        SynthesisError: Yosys rejected it or took too long.
    """
    (folder / "script.ys").write_text(SCRIPT.format(top=top) + _WRITE_NETLIST)
    done = run_tool([*tool.command, "script.ys"], folder, timeout_s)
    result, netlist = folder / "stat.json", folder / "netlist.json"
    if done.returncode != 0 or not result.is_file() or not netlist.is_file():
        (folder / "yosys.log").write_text(done.stdout + done.stderr)
        raise SynthesisError(f"Yosys cannot map {top}: {first_errors(done.stderr + done.stdout)}")
    cells = json.loads(result.read_text())["design"]["num_cells_by_type"]
    return cells, json.loads(netlist.read_text())["modules"][top]


def run_tool(command: Sequence[str], folder: Path, timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run a program to its end in ``folder``.

    Raises:
        SynthesisError: it took longer than ``timeout_s`` seconds.
    """
    _LOG.debug("run", extra={"facts": {"command": " ".join(map(str, command)), "folder": folder}})
    try:
        return subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise SynthesisError(f"{Path(command[0]).name} took longer than {timeout_s:.0f} s") from error


def _store(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)
