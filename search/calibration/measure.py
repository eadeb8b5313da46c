"""Measure a design: generate its accelerator with random weights, synthesise it, count by part."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cost_model.calibration.fit import Measured
from cost_model.component import Counts
from cost_model.fabrics import Fabric
from cost_model.kinds import all_parts
from hdl.bundle import design_sources
from hdl.fabrics import MAPPERS
from hdl.generate import TOP, generate
from hdl.synthesize import (
    SynthesisError,
    map_netlist,
    run_tool,
    synthesis_label,
    write_verilog,
)
from hdl.tools import ghdl, yosys
from quant_model.design import DesignPoint
from quant_model.folders import private_folder
from quant_model.network import Network, build_network
from quant_model.random_model import random_integer_model
from quant_model.schedule import schedule
from search.calibration.attribution import HIERARCHY, attribute

__all__ = ["from_json", "measure", "to_json"]

_SECONDS = 3600.0
_STYLE = re.compile(r'ram_style="(\w+)"')
_FORMAT = "counts by group 2"
"""Part of what results are kept by."""
_DIGITS, _WHOLE = 4, 1e-6


def measure(design: DesignPoint, seed: int, fabric: Fabric, cache: Path) -> Measured:
    """Counts of a design with random weights.

    Args:
        design: Without choices left to ``auto``.
        seed: Of the weights.
        fabric: Whose parts are counted.
        cache: Where results are kept, by what the tools make them from: the same VHDL is measured once.

    Raises:
        SynthesisError: the tools rejected the design.
    """
    private_folder(cache)
    network = build_network(design)
    with tempfile.TemporaryDirectory(prefix="measure-", dir=cache) as folder:
        bundle = Path(folder) / "bundle"
        generate(random_integer_model(network, seed), bundle)
        stored = cache / f"{_content_key(bundle, fabric)}.json"
        if not stored.is_file():
            measured = _synthesise(network, fabric, bundle, Path(folder))
            finished = Path(folder) / stored.name
            finished.write_text(json.dumps(to_json(measured)))
            # Whole or not at all: another process may look for it, and this one may be killed.
            shutil.move(finished, stored)
        return from_json(json.loads(stored.read_text()))


def to_json(measured: Measured) -> dict[str, Any]:
    """A measurement as a JSON object."""
    groups: dict[str, dict[str, Mapping[str, float]]] = {}
    for (engine, group), counts in sorted(measured.groups.items()):
        if used := {name: _number(value) for name, value in counts.items() if value}:
            groups.setdefault(engine, {})[group] = used
    counts = {name: _number(value) for name, value in measured.counts.items()}
    return {"design": measured.design.as_dict(), "counts": counts, "groups": groups}


def from_json(data: Mapping[str, Any]) -> Measured:
    """The measurement of a JSON object."""
    groups = {
        (engine, group): counts for engine, parts in data["groups"].items() for group, counts in parts.items()
    }
    return Measured(DesignPoint.from_json(json.dumps(data["design"]), "measurement"), data["counts"], groups)


def _number(value: float) -> float:
    """A count that is whole but for the last bits of a sum as an integer, shares to a few digits."""
    return round(value) if abs(value - round(value)) < _WHOLE else round(value, _DIGITS)


def _content_key(bundle: Path, fabric: Fabric) -> str:
    """Names a measurement: changes with the tools, the script and every generated file but comments."""
    digest = hashlib.sha256(f"{synthesis_label(MAPPERS[fabric.name])} {_FORMAT}".encode())
    for source in design_sources(bundle):
        lines = (line.split("--")[0].rstrip() for line in source.read_text().splitlines())
        digest.update("\n".join([source.name, *filter(None, lines)]).encode())
    return digest.hexdigest()[:32]


def _synthesise(network: Network, fabric: Fabric, bundle: Path, folder: Path) -> Measured:
    write_verilog(ghdl(), design_sources(bundle), TOP, [], folder, _SECONDS)
    _check_styles((folder / "top.v").read_text())
    mapper = MAPPERS[fabric.name]
    _, netlist = map_netlist(yosys(), TOP, folder, _SECONDS, mapper)
    parts = all_parts(network, schedule(network), fabric.entities)
    by_cell = mapper.count_by_cell(netlist["cells"])
    groups = attribute(parts, _hierarchy(folder), netlist, by_cell, mapper.lasting)
    counts = Counts(dict.fromkeys(fabric.additive, 0)) + Counts.total(by_cell.values())
    return Measured(network.design, {**counts, **mapper.packed(counts)}, groups)


def _hierarchy(folder: Path) -> dict[str, Any]:
    """The flat design as it was before mapping."""
    script, result = folder / "hierarchy.ys", folder / "hierarchy.json"
    script.write_text(HIERARCHY.format(top=TOP))
    done = run_tool([*yosys().command, script.name], folder, _SECONDS)
    if not result.is_file():
        raise SynthesisError(f"Yosys cannot flatten {TOP}: {done.stderr[-500:]}")
    module: dict[str, Any] = json.loads(result.read_text())["modules"][TOP]
    return module


def _check_styles(verilog: str) -> None:
    """Refuse Verilog in which a memory has two styles: what the mapper makes of it would mean nothing."""
    for line in verilog.splitlines():
        if len(set(_STYLE.findall(line))) > 1:
            raise SynthesisError(f"a memory has two styles: {line.strip()}")
