"""Calibrations: coefficients of the fitted part of the cost model, and where they come from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import numpy as np

from cost_model.component import Counts, Sort, Usage
from quant_model.errors import UserError

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

    @classmethod
    def from_json(cls, text: str, place: str) -> Calibration:
        """The calibration in a file that :meth:`to_json` wrote; ``place`` begins the message of an error.

        Raises:
            UserError: the text is none.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            kinds = [features for kinds in data["fitted"].values() for features in kinds.values()]
            if not all(isinstance(value, int | float) for features in kinds for value in features.values()):
                raise ValueError("a coefficient is no number")
            return cls(data["name"], data["tool"], data["designs"], data["fitted"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            again = "make it again: bitfront calibrate --measure"
            raise UserError(place, f"is no calibration ({error})", again) from error

    def to_json(self) -> str:
        """The file's text; without factors, which are another tool's."""
        data = asdict(self)
        del data["factors"]
        return json.dumps(data, indent=1) + "\n"

    def counts(self, usage: Usage) -> Counts:
        """All resources of a component."""
        known = usage.calibrated.get(self)
        if known is None:
            known = usage.calibrated[self] = self._counts(usage)
        return known

    @cached_property
    def _by_kind(self) -> dict[str, list[tuple[str, str, float]]]:
        """By kind of part: resource, feature and coefficient, without those that change nothing."""
        found: dict[str, list[tuple[str, str, float]]] = {}
        for resource, kinds in self.fitted.items():
            for kind, features in kinds.items():
                own = found.setdefault(kind, [])
                own.extend((resource, name, value) for name, value in features.items() if value)
        return found

    def _counts(self, usage: Usage) -> Counts:
        found = Counts(usage.rules)
        features = usage.features
        for resource, feature, coefficient in self._by_kind.get(usage.kind, ()):
            if feature in features:
                found[resource] = found[resource] + coefficient * features[feature]
            elif feature in usage.rules:
                found[resource] = found[resource] + coefficient * usage.rules[feature]
        if self.factors is not None:
            factors = self.factors[usage.sort]
            found = Counts({name: count * factors.get(name, 1.0) for name, count in found.items()})
        used = {name: count for name, count in found.items() if isinstance(count, np.ndarray) or count}
        return Counts(used)


@cache
def load(name: str) -> Calibration:
    """The committed calibration called ``name``, in the folder of the family that it ends with."""
    file = f"{name.replace('-', '_')}.json"
    home = files("cost_model") / "calibration" / name.rpartition("-")[2]
    return Calibration.from_json((home / file).read_text(), file)
