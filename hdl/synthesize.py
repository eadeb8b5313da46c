"""Synthesise VHDL for a fabric with GHDL and Yosys, and count what the mapped netlist holds.

The counts are *measured*: they come from a netlist, not from a formula. They depend on the tools' versions
and on the mapper's script, so both are part of the result.
"""

from __future__ import annotations

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

from hdl import programs
from hdl.analysis import GhdlError, analyse, content_hash, first_errors, generic_options
from hdl.bundle import design_sources
from hdl.fabrics import XC7, Mapper, NetlistError
from hdl.ram_styles import own_styles
from hdl.tools import Tool
from hdl.tools import ghdl as find_ghdl
from hdl.tools import yosys as find_yosys
from quant_model.folders import private_folder

__all__ = [
    "Synthesis",
    "SynthesisError",
    "map_netlist",
    "run_tool",
    "synthesis_label",
    "synthesize",
    "synthesize_bundle",
    "write_verilog",
]

_WRITE_NETLIST = "write_json netlist.json\n"
_CACHE_FORMAT = "cells and slices"
"""Part of what results are kept by: those without slices are not found."""

_LOG = logging.getLogger(__name__)
_SYNTHESIS_SECONDS = 3600.0


class SynthesisError(Exception):
    """The tools rejected the design, or the netlist holds what must not be there."""


@dataclass(frozen=True)
class Synthesis:
    """Measured resources of one design.

    Attributes:
        measured: By resource of the fabric.
        tool: Tools, versions and the script's hash.
        cells: Cells of the netlist by type.
        script_hash: The fabric's :attr:`Mapper.digest`.
    """

    measured: Mapping[str, int]
    tool: str
    cells: Mapping[str, int]
    script_hash: str


def synthesize(
    vhdl_files: Sequence[Path],
    top: str,
    workdir: Path,
    generics: Mapping[str, str | int | bool] | None = None,
    *,
    fabric: Mapper = XC7,
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
        fabric: What for.
        cache_dir: Results by content hash; None keeps none.
        timeout_s: Seconds for each of the two tools.

    Raises:
        UserError: a tool is missing.
        SynthesisError: a tool failed, or the netlist holds a latch.
    """
    ghdl, yosys = find_ghdl(), find_yosys()
    options = generic_options(generics or {})
    label = _label(ghdl, yosys, fabric)
    key = content_hash([label, _CACHE_FORMAT, top, *options], vhdl_files)
    cached = cache_dir / f"{key[:32]}.json" if cache_dir is not None else None
    if cached is not None and cached.is_file():
        found = json.loads(cached.read_text())
    else:
        private_folder(workdir)
        folder = Path(tempfile.mkdtemp(prefix="synthesis-", dir=workdir))
        write_verilog(ghdl, vhdl_files, top, options, folder, timeout_s)
        cells, netlist = map_netlist(yosys, top, folder, timeout_s, fabric)
        found = {"cells": cells, "shares": _summed(fabric.shares(netlist["cells"]))}
        shutil.rmtree(folder)
        if cached is not None:
            _store(cached, json.dumps(found, sort_keys=True))
    try:
        counts = fabric.count(found["cells"])
    except NetlistError as error:
        raise SynthesisError(str(error)) from error
    whole = _summed({"types": counts, "cells": found["shares"]})
    measured = {**counts, **fabric.packed(whole)}
    return Synthesis(measured, label, found["cells"], fabric.digest)


def _summed(shares: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for own in shares.values():
        for name, share in own.items():
            total[name] = total.get(name, 0.0) + share
    return total


def synthesize_bundle(
    bundle: Path,
    *,
    fabric: Mapper = XC7,
    cache_dir: Path | None = None,
    timeout_s: float = _SYNTHESIS_SECONDS,
) -> Synthesis:
    """Synthesise an exported accelerator: the last entity of its compile order.

    Raises:
        UserError: ``bundle`` is no exported folder, or a tool is missing.
        SynthesisError: as :func:`synthesize`.
    """
    sources = design_sources(bundle)
    with tempfile.TemporaryDirectory(prefix="bitfront-synth-") as workdir:
        return synthesize(
            sources, sources[-1].stem, Path(workdir), fabric=fabric, cache_dir=cache_dir, timeout_s=timeout_s
        )


def synthesis_label(fabric: Mapper = XC7) -> str:
    """The tools, their versions and the script: what measured counts depend on besides the design.

    Raises:
        UserError: a tool is missing.
    """
    return _label(find_ghdl(), find_yosys(), fabric)


def _label(ghdl: Tool, yosys: Tool, fabric: Mapper) -> str:
    return f"{ghdl.label} + {yosys.label}, {fabric.flow}, script {fabric.digest}"


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
    (folder / "top.v").write_text(own_styles(done.stdout))


def map_netlist(
    tool: Tool, top: str, folder: Path, timeout_s: float, fabric: Mapper = XC7
) -> tuple[dict[str, int], dict[str, Any]]:
    """Map ``folder/top.v``: cells by type, and the flat module ``top`` as Yosys's ``write_json`` writes it.

    Raises:
        SynthesisError: Yosys rejected it or took too long.
    """
    (folder / "script.ys").write_text(fabric.script.format(top=top) + _WRITE_NETLIST)
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
        return programs.run(command, folder, timeout_s)
    except subprocess.TimeoutExpired as error:
        raise SynthesisError(f"{Path(command[0]).name} took longer than {timeout_s:.0f} s") from error


def _store(path: Path, text: str) -> None:
    private_folder(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w") as file:
        file.write(text)
    Path(name).replace(path)
