"""Fit the coefficients to measured designs.

Bounded least squares: nothing that grows may make a design smaller, so only constants may be negative. A
little ridge keeps what the designs do not tell apart near zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import lsq_linear

from cost_model.calibration import Calibration, Coefficients
from cost_model.component import Counts
from cost_model.fabrics import Fabric
from cost_model.kinds import all_parts
from quant_model.design import DesignPoint
from quant_model.network import build_network
from quant_model.schedule import schedule

__all__ = ["Measured", "Owner", "Prediction", "estimated", "fit", "predict"]

_RIDGE = 0.1
_FREE = frozenset({"one", "several", "groups", "one row", "single step"})
"""Features that may take away: they are constants of a kind or of a special case."""
_DIGITS = 3

Owner = tuple[str, str]
"""Engine and group of parts."""
Feature = tuple[str, str]
"""Kind of a part, and the feature's name."""


@dataclass(frozen=True)
class Measured:
    """A design with what synthesis counted."""

    design: DesignPoint
    counts: Mapping[str, float]
    """Of the flattened design, by resource; what slices depend on is among them."""
    groups: Mapping[Owner, Mapping[str, float]]
    """The same counts by engine and group of parts."""


@dataclass(frozen=True)
class Prediction:
    """What the model says about a group before coefficients."""

    rules: Counts
    features: Mapping[Feature, float]

    def counts(self, fitted: Coefficients) -> Counts:
        """Rules and features with these coefficients."""
        found = Counts(self.rules)
        for resource, kinds in fitted.items():
            found[resource] += sum(
                kinds.get(kind, {}).get(name, 0.0) * value for (kind, name), value in self.features.items()
            )
        return found


def predict(design: DesignPoint, fabric: Fabric) -> dict[Owner, Prediction]:
    """Rules and features of a design, by engine and group."""
    network = build_network(design)
    rules: dict[Owner, Counts] = defaultdict(Counts)
    features: dict[Owner, dict[Feature, float]] = defaultdict(lambda: defaultdict(float))
    for engine, part in all_parts(network, schedule(network), fabric.entities):
        owner = engine, part.group
        rules[owner].add(part.usage.rules)
        indirect = {name: part.usage.rules[name] for name in fabric.indirect if name in part.usage.rules}
        for name, value in {**part.usage.features, **indirect}.items():
            features[owner][part.usage.kind, name] += value
    return {owner: Prediction(rules[owner], features[owner]) for owner in rules}


def fit(measured: Iterable[Measured], fabric: Fabric) -> dict[str, dict[str, dict[str, float]]]:
    """Coefficients by resource that the fabric fits, kind of part and feature."""
    pairs = [(one, predict(one.design, fabric)) for one in measured]
    columns = list(dict.fromkeys(key for _, found in pairs for own in found.values() for key in own.features))
    matrix = np.array(
        [[own.features.get(key, 0.0) for key in columns] for _, found in pairs for own in found.values()]
    )
    result: dict[str, dict[str, dict[str, float]]] = {}
    for resource in fabric.fitted:
        target = np.array(
            [
                one.groups.get(owner, {}).get(resource, 0) - own.rules[resource]
                for one, found in pairs
                for owner, own in found.items()
            ]
        )
        kinds: dict[str, dict[str, float]] = {}
        for (kind, name), value in zip(columns, _solution(matrix, target, columns), strict=True):
            # Adding 0.0 makes nought of minus nought.
            kinds.setdefault(kind, {})[name] = round(float(value), _DIGITS) + 0.0
        result[resource] = kinds
    return result


def estimated(measured: Sequence[Measured], calibration: Calibration, fabric: Fabric) -> list[Counts]:
    """The whole pieces that a calibration expects of each design."""
    return [
        Counts(fabric.resources_of(Counts.total(own.counts(calibration.fitted) for own in found.values())))
        for found in (predict(one.design, fabric) for one in measured)
    ]


def _solution(
    matrix: npt.NDArray[np.float64], target: npt.NDArray[np.float64], columns: Sequence[Feature]
) -> npt.NDArray[np.float64]:
    """Least squares with a ridge; only what is free may be negative."""
    width = len(columns)
    lowest = [-np.inf if name in _FREE else 0.0 for _, name in columns]
    found = lsq_linear(
        np.vstack([matrix, np.sqrt(_RIDGE) * np.eye(width)]),
        np.concatenate([target, np.zeros(width)]),
        (lowest, np.inf),
        method="bvls",
    )
    solution: npt.NDArray[np.float64] = found.x
    return solution
