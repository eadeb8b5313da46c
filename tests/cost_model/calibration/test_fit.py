"""The fit: it finds coefficients again, and keeps to its bounds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cost_model import device, estimate, load
from cost_model.calibration import Calibration
from cost_model.calibration.fit import Measured, fit, predict
from cost_model.component import Counts
from cost_model.fabrics.xc7 import XC7
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from search.calibration.draw import SETS, cases

OWN = load(XC7.calibration)
DESIGNS = [case.design for case in cases(dict.fromkeys(SETS, 12), XC7)]


def as_estimated(design: DesignPoint, noise: float = 0.0, seed: int = 1) -> Measured:
    """A design whose every group counts what the calibration says, give or take."""
    rng = np.random.default_rng(seed)
    groups = {}
    for owner, own in predict(design, XC7).items():
        counts = own.counts(OWN.fitted)
        groups[owner] = {name: float(counts[name]) + rng.normal(0, noise) for name in XC7.fitted}
    return Measured(design, Counts.total(groups.values()), groups)


def of_groups(fitted: object, design: DesignPoint, name: str) -> np.ndarray:
    assert isinstance(fitted, dict)
    return np.array([float(own.counts(fitted)[name]) for own in predict(design, XC7).values()])


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_what_made_the_counts_is_found_again(noise: float) -> None:
    found = fit([as_estimated(design, noise, seed) for seed, design in enumerate(DESIGNS[::3])], XC7)
    for design in DESIGNS[:6]:
        for name in XC7.fitted:
            off = of_groups(found, design, name) - of_groups(OWN.fitted, design, name)
            assert np.abs(off).mean() < 0.1 + 0.5 * noise, name


def test_nothing_that_grows_takes_away() -> None:
    # Groups that shrink as they get wider: the fit may only answer with constants.
    designs = [as_estimated(design) for design in DESIGNS]
    shrinking = [
        dataclasses.replace(
            one,
            groups={
                owner: {name: float(own.rules[name]) - sum(own.features.values()) for name in XC7.fitted}
                for owner, own in predict(one.design, XC7).items()
            },
        )
        for one in designs
    ]
    free = {"one", "several", "groups", "one row", "single step"}
    for kinds in fit(shrinking, XC7).values():
        for features in kinds.values():
            assert all(value >= 0 for name, value in features.items() if name not in free)


def test_predictions_are_the_estimates() -> None:
    for design in DESIGNS[::9]:
        total = Counts.total(own.counts(OWN.fitted) for own in predict(design, XC7).values())
        assert XC7.resources_of(total) == estimate(design, device("xc7s25")).resources


def test_a_calibration_travels_as_a_file() -> None:
    again = Calibration.from_json(OWN.to_json(), "file")
    assert dataclasses.asdict(again) == dataclasses.asdict(OWN)
    for text in ("", "{}", '{"fitted": 1}', OWN.to_json().replace('"fitted"', '"other"')):
        with pytest.raises(UserError, match="is no calibration"):
            Calibration.from_json(text, "file")
