"""Engines of small designs, by the parts that they are estimated to have."""

from __future__ import annotations

import dataclasses
from typing import Any

from cost_model import Counts, device, estimate
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.schedule import Schedule, schedule

__all__ = ["SHAPE", "build", "parts_of", "timetable"]

SHAPE = Encoder(window=12, features=3, d_model=8, heads=2, ffn_width=20, layers=1, outputs=2)


def build(shape: Encoder = SHAPE, bits: int = 8, *, engines: dict[str, Any] | None = None) -> DesignPoint:
    """A design in LUTs with one lane an engine, and other choices for some of its engines."""
    design = uniform_design(shape, bits, bits, multiplier="lut", buffer="distributed", memory="distributed")
    for name, engine in design.engines.items():
        if engine.memory == "auto":
            design = design.with_engines({name: dataclasses.replace(engine, memory="logic")})
    changed = {
        name: dataclasses.replace(design.engines[name], **choices)
        for name, choices in (engines or {}).items()
    }
    return design.with_engines(changed)


def parts_of(design: DesignPoint, engine: str) -> dict[str, Counts]:
    """Counts by label of an engine's parts on the 7 series; parts of one label together."""
    found: dict[str, Counts] = {}
    for part in estimate(design, device("xc7s50")).components:
        if part.engine == engine:
            found.setdefault(part.label, Counts()).add(part.counts)
    return found


def timetable(design: DesignPoint) -> Schedule:
    """When its engines work."""
    return schedule(build_network(design))
