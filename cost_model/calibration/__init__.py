"""Calibrations: coefficients of the fitted part of the cost model, and where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import mul
from types import MappingProxyType

from cost_model.arithmetic import Number
from cost_model.component import Counts, Usage
from cost_model.entities import FEATURES

__all__ = ["YOSYS", "Calibration", "load"]

YOSYS = "yosys-xc7"
"""The calibration that comes with Bitfront."""


@dataclass(frozen=True)
class Calibration:
    """Coefficients by kind of component, in the order of ``entities.FEATURES``."""

    name: str
    tool: str
    """What measured the counts: tools, versions, script."""
    designs: int
    """Designs that the coefficients were fitted to."""
    lut: Mapping[str, tuple[float, ...]]
    factors: Mapping[str, Counts] | None = None
    """By kind of component: what another tool counts over what the coefficients say, by resource."""

    def lut_of(self, usage: Usage) -> Number:
        """LUTs of a component: by rule, and what the mapper adds."""
        total = sum(map(mul, self.lut[usage.kind], usage.features), usage.rules.lut)
        return total if self.factors is None else total * self.factors[usage.kind].lut

    def others_of(self, usage: Usage) -> Counts:
        """The resources of a component that rules decide: all but LUTs (whose count here means nothing)."""
        rules = usage.rules
        if self.factors is None:
            return rules
        factor = self.factors[usage.kind]
        return Counts(
            0.0,
            rules.lutram * factor.lutram,
            rules.ff * factor.ff,
            rules.bram18 * factor.bram18,
            rules.dsp * factor.dsp,
        )

    def counts(self, usage: Usage) -> Counts:
        """All resources of a component."""
        others = self.others_of(usage)
        return Counts(self.lut_of(usage), others.lutram, others.ff, others.bram18, others.dsp)


@cache
def load(name: str = YOSYS) -> Calibration:
    """The committed calibration called ``name``."""
    path = files("cost_model") / "calibration" / f"{name.replace('-', '_')}.json"
    data = json.loads(path.read_text())
    lut = {kind: tuple(data["lut"][kind][feature] for feature in names) for kind, names in FEATURES.items()}
    return Calibration(data["name"], data["tool"], data["designs"], MappingProxyType(lut))
