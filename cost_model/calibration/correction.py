"""A second calibration over the first: what another tool counts, from reports of a few designs.

Every count is the first calibration's times a factor. The common factor is the median over the designs, so
that a single odd report does not move it. LUTs and registers also get a correction for each family of parts,
by ridge regression on the families' shares of a design; how strong it may be is chosen by leaving out one
design at a time, and with few designs that leaves the common factor alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from cost_model.calibration import Calibration
from cost_model.component import Counts, Sort
from cost_model.fabrics import Fabric
from cost_model.kinds import all_parts
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from quant_model.network import build_network
from quant_model.schedule import schedule

__all__ = ["FEWEST_DESIGNS", "Correction", "Reported", "fit_correction", "read_correction"]

FEWEST_DESIGNS = 3
"""With fewer, leaving one out says nothing."""

_FORMAT = "bitfront calibration 1"
_NAMES: tuple[Sort, ...] = get_args(Sort)
_BY_FAMILY = ("lut", "ff")
_RIDGES = (float("inf"), 1.0, 0.1, 0.01)
"""From no correction by family to a strong one, in squared shares."""
_BETTER = 0.9
"""A stronger correction must lower the leave-one-out error to this share of the weaker one's."""
_OUTLIER = 0.05
"""Designs that are off by more than this weigh less (Huber's weights)."""
_ROUNDS = 10

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reported:
    """A design with what another tool counted."""

    design: DesignPoint
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Correction:
    """Factors over a calibration."""

    name: str
    tool: str
    designs: int
    base: str
    """Fingerprint of the calibration that is corrected."""
    factors: Mapping[Sort, Mapping[str, float]]
    """By family of parts and resource."""
    left_out: Mapping[str, tuple[float, float]]
    """By resource, error of designs that were left out of the fit: mean and largest, as shares."""

    def over(self, base: Calibration) -> Calibration:
        """The corrected calibration."""
        return dataclasses.replace(
            base, name=self.name, tool=self.tool, designs=self.designs, factors=self.factors
        )

    def to_json(self) -> str:
        """The file's text."""
        return json.dumps({"format": _FORMAT, **dataclasses.asdict(self)}, indent=1) + "\n"


def fit_correction(
    name: str, tool: str, reported: Sequence[Reported], base: Calibration, fabric: Fabric
) -> Correction:
    """The correction that brings ``base`` closest to what was reported of designs on a fabric.

    Raises:
        ValueError: fewer than :data:`FEWEST_DESIGNS` designs.
    """
    if len(reported) < FEWEST_DESIGNS:
        raise ValueError(f"at least {FEWEST_DESIGNS} designs are needed")
    tables = [_by_family(one.design, base, fabric) for one in reported]
    factors: dict[Sort, dict[str, float]] = {family: {} for family in _NAMES}
    left_out = {}
    for resource in fabric.additive:
        estimated = np.array([[float(table[family][resource]) for family in _NAMES] for table in tables])
        counted = np.array([float(one.counts[resource]) for one in reported])
        used = (estimated.sum(axis=1) > 0) & (counted > 0)
        found, errors = _fit(estimated[used], counted[used], resource in _BY_FAMILY)
        left_out[resource] = (float(errors.mean()), float(errors.max())) if len(errors) else (0.0, 0.0)
        for family, factor in zip(_NAMES, found, strict=True):
            factors[family][resource] = round(float(factor), 4)
    return Correction(name, tool, len(reported), fingerprint(base), factors, left_out)


def read_correction(text: str, place: str, base: Calibration, fabric: Fabric) -> Correction:
    """The correction in a file that :meth:`Correction.to_json` wrote, over the calibration of a fabric.

    Raises:
        UserError: it is none, or was made over another calibration than ``base``.
    """
    again = "make it again: bitfront calibrate"
    try:
        data: dict[str, Any] = json.loads(text)
        if data.pop("format") != _FORMAT:
            raise ValueError("another format")
        correction = Correction(**data)
        for named, known in ((correction.factors, _NAMES), (correction.left_out, fabric.additive)):
            if unknown := set(named) ^ set(known):
                raise ValueError(f"has no factors for, or does not know: {', '.join(sorted(unknown))}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(place, f"is no calibration ({error})", again) from error
    if correction.base != fingerprint(base):
        raise UserError(place, "corrects another version of Bitfront's own calibration", again)
    return correction


def fingerprint(calibration: Calibration) -> str:
    """Eight hexadecimal digits of a calibration's coefficients for LUTs: the others change no factor."""
    content = json.dumps(
        {kind: list(values.values()) for kind, values in calibration.fitted["lut"].items()}, sort_keys=True
    )
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def _by_family(design: DesignPoint, base: Calibration, fabric: Fabric) -> dict[Sort, Counts]:
    network = build_network(design)
    found: dict[Sort, Counts] = {family: Counts() for family in _NAMES}
    for _, part in all_parts(network, schedule(network), fabric.entities):
        found[part.usage.sort].add(base.counts(part.usage))
    return found


def _fit(estimated: Floats, counted: Floats, by_family: bool) -> tuple[Floats, Floats]:
    """Factors by family, and the relative error of each design when it is left out."""
    best: tuple[Floats, Floats] = np.ones(len(_NAMES)), np.zeros(0)
    if not len(counted):
        return best
    for ridge in _RIDGES if by_family else _RIDGES[:1]:
        errors = np.zeros(len(counted))
        for index in range(len(counted)):
            others = np.arange(len(counted)) != index
            # One design alone has no others: its own error with the common factor is nought.
            if others.any():
                guess = estimated[index] @ _factors(estimated[others], counted[others], ridge)
                errors[index] = abs(guess / counted[index] - 1)
        if not len(best[1]) or errors.mean() < _BETTER * best[1].mean():
            best = _factors(estimated, counted, ridge), errors
    return best


def _factors(estimated: Floats, counted: Floats, ridge: float) -> Floats:
    whole = estimated.sum(axis=1)
    common = float(np.median(counted / whole))
    if np.isinf(ridge):
        return np.full(len(_NAMES), common)
    parts, wanted = estimated / whole[:, None], counted / (common * whole) - 1
    weights = np.ones(len(counted))
    change = np.zeros(len(_NAMES))
    for _ in range(_ROUNDS):
        weighted = parts * weights[:, None]
        change = np.linalg.solve(weighted.T @ parts + ridge * np.eye(len(_NAMES)), weighted.T @ wanted)
        weights = np.minimum(1.0, _OUTLIER / np.maximum(np.abs(parts @ change - wanted), 1e-12))
    factors: Floats = common * np.maximum(1 + change, 0.0)
    return factors
