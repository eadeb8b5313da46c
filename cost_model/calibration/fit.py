"""Fit the coefficients to measured designs.

Bounded least squares: nothing that grows may make a design smaller, so only a kind's constant may be
negative. A little ridge keeps what the designs do not tell apart near zero.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cost_model.breakdown import usages
from cost_model.calibration.groups import group
from cost_model.component import Counts
from cost_model.entities import FEATURES
from quant_model.design import DesignPoint
from quant_model.network import build_network
from quant_model.schedule import schedule

__all__ = ["Measured", "Prediction", "fit_luts", "predict"]

_RIDGE = 0.1
_SWEEPS = 3000
_FREE = frozenset({"one", "several", "groups", "one row", "single step"})
"""Features that may take LUTs away: they are constants of a kind or of a special case."""

Floats = npt.NDArray[np.float64]
_COLUMNS = {
    (kind, name): index
    for index, (kind, name) in enumerate((kind, name) for kind, names in FEATURES.items() for name in names)
}


@dataclass(frozen=True)
class Measured:
    """A design with what synthesis counted."""

    design: DesignPoint
    counts: Mapping[str, int]
    """Of the flattened design."""
    groups: Mapping[tuple[str, str], Mapping[str, int]]
    """The same counts by engine and group of components."""


@dataclass(frozen=True)
class Prediction:
    """Rules and features of a design, by engine and group."""

    rules: Mapping[tuple[str, str], Counts]
    features: Mapping[tuple[str, str], Floats]


def predict(design: DesignPoint) -> Prediction:
    """What the model says about a design, before coefficients."""
    network = build_network(design)
    rules: dict[tuple[str, str], Counts] = defaultdict(Counts)
    features: dict[tuple[str, str], Floats] = defaultdict(lambda: np.zeros(len(_COLUMNS)))
    for engine, label, usage in usages(network, schedule(network)):
        key = engine, group(engine, label)
        rules[key] += usage.rules
        for name, value in zip(FEATURES[usage.kind], usage.features, strict=True):
            features[key][_COLUMNS[usage.kind, name]] += value
    return Prediction(rules, features)


def fit_luts(measured: Iterable[Measured]) -> dict[str, dict[str, float]]:
    """LUT coefficients by kind and feature."""
    rows, targets = [], []
    for one in measured:
        prediction = predict(one.design)
        for key in prediction.rules.keys() | one.groups.keys():
            counted = one.groups.get(key, {}).get("lut", 0)
            ruled = prediction.rules[key].lut if key in prediction.rules else 0.0
            rows.append(prediction.features.get(key, np.zeros(len(_COLUMNS))))
            targets.append(counted - ruled)
    solution = _bounded_least_squares(np.array(rows), np.array(targets))
    found: dict[str, dict[str, float]] = {kind: {} for kind in FEATURES}
    for (kind, name), index in _COLUMNS.items():
        found[kind][name] = round(float(solution[index]), 3)
    return found


def coefficients(lut: Mapping[str, Mapping[str, float]]) -> Floats:
    """The coefficients in the order of a prediction's features."""
    return np.array([lut[kind][name] for kind, name in _COLUMNS])


def _bounded_least_squares(matrix: Floats, target: Floats) -> Floats:
    """Coordinate descent on the normal equations; converges for any bounds, because they are convex."""
    gram = matrix.T @ matrix + _RIDGE * np.eye(matrix.shape[1])
    right = matrix.T @ target
    lower = np.array([-np.inf if name in _FREE else 0.0 for _, name in _COLUMNS])
    solution = np.zeros(matrix.shape[1])
    for _ in range(_SWEEPS):
        for index in range(len(solution)):
            rest = right[index] - gram[index] @ solution + gram[index, index] * solution[index]
            solution[index] = max(rest / gram[index, index], lower[index])
    return solution


def errors(measured: Sequence[Measured], lut: Mapping[str, Mapping[str, float]]) -> list[dict[str, float]]:
    """Estimate less measured of every design, by resource."""
    weights = coefficients(lut)
    found = []
    for one in measured:
        prediction = predict(one.design)
        total = Counts.total(prediction.rules.values())
        estimate = {
            "lut": total.lut + float(sum(row @ weights for row in prediction.features.values())),
            "lutram": total.lutram,
            "ff": total.ff,
            "bram18": total.bram18,
            "dsp": total.dsp,
        }
        found.append({name: estimate[name] - one.counts[name] for name in estimate})
    return found
