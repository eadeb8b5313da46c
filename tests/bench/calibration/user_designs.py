"""Designs as users would ask for: drawn from studies, not from the calibration's families.

A design is drawn uniformly from a study's space, as ``bitfront sample`` does, and kept when the estimate says
that it fits or nearly fits the study's device.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from quant_model.design import DesignPoint
from search.space.budget import Assessment, Budget
from search.space.design_space import DesignSpace
from search.study_files.parser import load_spec
from search.study_files.spec import StudySpec
from tests.cost_model.designs import two_windows

__all__ = ["STUDIES", "UserDesign", "user_designs"]

_SHIPPED = ("sf_traffic", "beijing_pm25", "airu", "pems_4w")
_HOME = Path("studies")
_NEAR = 1.1
"""Largest utilisation of a design that nearly fits."""
_CROWD = 40
"""Every other design is the fullest of so many: where a wrong count changes the verdict."""

# Wider than any shipped study: what the template allows.
_BITS = {"weight_bits": {"min": 2, "max": 8}, "activation_bits": {"min": 2, "max": 8}}
_BUILD = {
    "buffer": ["distributed", "block"],
    "multiplier": ["auto", "dsp", "lut"],
    "weight_memory": ["auto", "logic", "block"],
    "attention_memory": ["auto", "distributed", "block"],
}
_WIDE: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    # name: device, changes to the San Francisco study
    "wide_d_model": (
        "xc7s15",
        {
            "data": {"features": 3, "horizon": [1]},
            "space": {
                "window": [12, 24, 48],
                "d_model": [48, 64, 96, 128],
                "heads": [1, 2, 4],
                "ffn_ratio": [1, 2, 4],
                "weight_bits": {"min": 2, "max": 6},
                "activation_bits": {"min": 3, "max": 8},
                "lanes": [1, 2],
            },
        },
    ),
    "long_window": (
        "xc7s15",
        {
            "data": {"features": 2, "horizon": [1, 3, 6]},
            "space": {
                "window": [60, 96, 128, 168, 256],
                "d_model": [8, 16, 24, 32],
                "heads": [1, 2],
                "ffn_ratio": [1, 2, 4],
                **_BITS,
                "lanes": [1, 2, 4, 8],
                "buffer": ["auto", "distributed", "block"],
            },
        },
    ),
    "many_signals": (
        "xc7s25",
        {
            "data": {"features": 24, "horizon": list(range(1, 13))},
            "space": {
                "window": [8, 24, 36],
                "d_model": [16, 32, 40],
                "heads": [1, 2, 4, 8],
                "ffn_ratio": [2, 4],
                "layers": [1, 2],
                **_BITS,
                "residual_bits": [6, 8, 10, 12],
                "lanes": [1, 2, 4, 8],
                **_BUILD,
            },
        },
    ),
    "quick": (
        "xc7s15",
        {
            "data": {"features": 1, "horizon": [1]},
            "space": {
                "window": [12, 24],
                "d_model": [8, 16, 32],
                "heads": [1, 2],
                "ffn_ratio": [2, 4],
                "layers": [1, 2],
                "repeats": [1, 2, 4],
                "weight_bits": {"min": 3, "max": 8},
                "activation_bits": {"min": 4, "max": 8},
                "lanes": "auto",
                **_BUILD,
            },
        },
    ),
}
STUDIES = (*_SHIPPED, *_WIDE)
"""Names of the studies that designs are drawn from, in turn."""


@dataclass(frozen=True)
class UserDesign:
    """A design with the study that it comes from."""

    study: str
    device: str
    design: DesignPoint


def user_designs(seed: int, count: int) -> Iterator[UserDesign]:
    """``count`` different designs, from each study in turn; the same for the same seed.

    Every second one of a study is the fullest of many: where a wrong count changes the verdict.
    """
    pools = [_draws(name, np.random.default_rng([seed, number])) for number, name in enumerate(STUDIES)]
    seen: set[str] = set()
    for pool in itertools.cycle(pools):
        found = next(pool)
        if found.design.digest not in seen:
            yield found
            seen.add(found.design.digest)
        if len(seen) == count:
            return


def _draws(name: str, generator: np.random.Generator) -> Iterator[UserDesign]:
    spec = _spec(name)
    space, budget = DesignSpace(spec), Budget.of(spec)

    def nearly_fits() -> Assessment:
        while True:
            design = space.design(space.random(generator))
            # Stores of two windows for back-to-back streams.
            if generator.integers(2):
                design = two_windows(design)
            assessment = budget.propose(design)
            if max(assessment.utilization.values()) <= _NEAR:
                return assessment

    while True:
        yield UserDesign(name, budget.device_name, nearly_fits().design)
        crowd = [nearly_fits() for _ in range(_CROWD)]
        fullest = max(crowd, key=lambda one: max(one.utilization.values()))
        yield UserDesign(name, budget.device_name, fullest.design)


def _spec(name: str) -> StudySpec:
    if name in _SHIPPED:
        return load_spec(_HOME / f"{name}.toml")
    device, changes = _WIDE[name]
    data = load_spec(_HOME / "sf_traffic.toml").to_json()
    signals = [f"signal{number}" for number in range(changes["data"]["features"])]
    data["data"] |= {"features": signals, "targets": signals[:1], "horizon": changes["data"]["horizon"]}
    data["device"]["name"] = device
    data["space"] = changes["space"]
    return StudySpec.model_validate(data)
