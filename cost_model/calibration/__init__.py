"""Calibrations: coefficients of the fitted part of the cost model, and where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from cost_model.component import Counts, Sort, Usage
from quant_model.arithmetic import Number

__all__ = ["Calibration", "Coefficients", "load"]

Coefficients = Mapping[str, Mapping[str, Mapping[str, float]]]
"""By resource, kind of component and feature."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """What synthesis makes of components whose counts no rule tells."""

    name: str
    tool: str
    """What measured the counts: tools, versions, script."""
    designs: int
    """Designs that the coefficients were fitted to."""
    fitted: Coefficients
    """Counts in proportion to features, on top of the rules."""
    factors: Mapping[Sort, Mapping[str, float]] | None = None
    """By family of components and resource: what another tool counts over all that."""

    def counts(self, usage: Usage) -> Counts:
        """All resources of a component."""
        known = usage.calibrated.get(self)
        if known is None:
            known = usage.calibrated[self] = self._counts(usage)
        return known

    def _counts(self, usage: Usage) -> Counts:
        found = Counts(usage.rules)
        for resource, kinds in self.fitted.items():
            total: Number = found[resource]
            own = kinds.get(usage.kind, {})
            for feature, value in usage.features.items():
                if (coefficient := own.get(feature, 0.0)) != 0.0:
                    total = total + coefficient * value
            found[resource] = total
        if self.factors is not None:
            factors = self.factors[usage.sort]
            found = Counts({name: count * factors.get(name, 1.0) for name, count in found.items()})
        return Counts(
            {name: count for name, count in found.items() if isinstance(count, np.ndarray) or count}
        )


@cache
def load(name: str) -> Calibration:
    """The committed calibration called ``name``."""
    path = files("cost_model") / "calibration" / f"{name.replace('-', '_')}.json"
    data = json.loads(path.read_text())
    return Calibration(data["name"], data["tool"], data["designs"], data["fitted"])
