"""Measure a design: generate its accelerator with random weights, synthesise it, count by component."""

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
from hdl.bundle import design_sources
from hdl.generate import TOP, generate
from hdl.synthesize import SCRIPT, SynthesisError, count, run_tool, synthesis_label, write_verilog
from hdl.tools import ghdl, yosys
from quant_model.design import DesignPoint
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.bench.calibration.attribute import attribute

__all__ = ["from_json", "known_or_measured", "measure", "to_json"]

_NETLIST = SCRIPT + "write_json netlist.json\n"
_SECONDS = 3600.0
_STYLE = re.compile(r'ram_style="(\w+)"')


def measure(design: DesignPoint, seed: int, cache: Path) -> Measured:
    """Counts of a design with random weights.

    From ``cache`` when the same VHDL was measured before with the same tools.

    Raises:
        SynthesisError: the tools rejected the design.
    """
    found = known_or_measured(design, seed, cache, only_known=False)
    assert found is not None
    return found


def known_or_measured(design: DesignPoint, seed: int, cache: Path, *, only_known: bool) -> Measured | None:
    """As :func:`measure`; with ``only_known`` None for a design that was not measured before.

    Raises:
        SynthesisError: the tools rejected the design.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="measure-", dir=cache) as folder:
        bundle = Path(folder) / "bundle"
        generate(random_integer_model(build_network(design), seed), bundle)
        stored = cache / f"{content_key(bundle)}.json"
        if not stored.is_file():
            if only_known:
                return None
            measured = _synthesise(design, bundle, Path(folder) / "work")
            finished = Path(folder) / stored.name
            finished.write_text(json.dumps(to_json(measured)))
            shutil.move(finished, stored)
        return from_json(json.loads(stored.read_text()))


def content_key(bundle: Path) -> str:
    """Names a measurement: changes with the tools, the script and every generated file but comments."""
    digest = hashlib.sha256(synthesis_label().encode())
    for source in design_sources(bundle):
        lines = (line.split("--")[0].rstrip() for line in source.read_text().splitlines())
        digest.update("\n".join([source.name, *filter(None, lines)]).encode())
    return digest.hexdigest()[:32]


def to_json(measured: Measured) -> dict[str, Any]:
    """A measurement as a JSON object."""
    groups: dict[str, dict[str, Mapping[str, int]]] = {}
    for (engine, group), counts in sorted(measured.groups.items()):
        used = {name: value for name, value in counts.items() if value}
        if used:
            groups.setdefault(engine, {})[group] = used
    return {"design": measured.design.as_dict(), "counts": dict(measured.counts), "groups": groups}


def from_json(data: Mapping[str, Any]) -> Measured:
    """The measurement of a JSON object."""
    groups = {
        (engine, group): counts for engine, parts in data["groups"].items() for group, counts in parts.items()
    }
    return Measured(DesignPoint.from_json(json.dumps(data["design"]), "measurement"), data["counts"], groups)


def _check_styles(verilog: str) -> None:
    """Refuse Verilog in which a memory has two styles: what the mapper makes of it would mean nothing."""
    for line in verilog.splitlines():
        if len(set(_STYLE.findall(line))) > 1:
            raise SynthesisError(f"a memory has two styles: {line.strip()}")


def _synthesise(design: DesignPoint, bundle: Path, work: Path) -> Measured:
    work.mkdir()
    write_verilog(ghdl(), design_sources(bundle), TOP, [], work, _SECONDS)
    _check_styles((work / "top.v").read_text())
    (work / "script.ys").write_text(_NETLIST.format(top=TOP))
    done = run_tool([*yosys().command, "script.ys"], work, _SECONDS)
    netlist = work / "netlist.json"
    if done.returncode != 0 or not netlist.is_file():
        raise SynthesisError(f"Yosys cannot map {design.digest}: {done.stderr[-500:]}")
    cells = json.loads((work / "stat.json").read_text())["design"]["num_cells_by_type"]
    module = json.loads(netlist.read_text())["modules"][TOP]
    return Measured(design, count(cells), attribute(build_network(design), module))
