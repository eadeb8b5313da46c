"""Designs as users draw them: the committed measurements, held against today's estimates."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.bench.calibration.holdout import measured_rows
from tests.bench.calibration.measure import from_json
from tests.bench.calibration.user_designs import STUDIES, user_designs

from cost_model import device, estimate
from cost_model.devices import utilization

ROWS = measured_rows()
MEASURED = [(from_json(row), device(row["device"])) for row in ROWS]
ESTIMATES = [estimate(one.design, part) for one, part in MEASURED]
BORDER = 0.03


def test_enough_of_every_study_were_measured() -> None:
    assert len(ROWS) >= 60
    assert {row["study"] for row in ROWS} == set(STUDIES)
    assert len({one.design.digest for one, _ in MEASURED}) == len(ROWS)


@pytest.mark.parametrize("resource", ["bram18", "dsp"])
def test_what_rules_decide(resource: str) -> None:
    differences = [
        found.resources[resource] - one.counts[resource]
        for found, (one, _) in zip(ESTIMATES, MEASURED, strict=True)
    ]
    assert min(differences) >= 0
    assert sum(difference == 0 for difference in differences) >= len(ROWS) * 58 / 60


@pytest.mark.parametrize("resource", ["lut", "ff", "lutram"])
def test_what_a_mapper_decides(resource: str) -> None:
    size = np.array(
        [
            abs(found.resources[resource] / max(one.counts[resource], 1) - 1)
            for found, (one, _) in zip(ESTIMATES, MEASURED, strict=True)
        ]
    )
    assert size.mean() <= 0.03
    assert np.quantile(size, 0.95) <= 0.06


def test_verdicts_agree_away_from_the_border() -> None:
    for found, (one, part) in zip(ESTIMATES, MEASURED, strict=True):
        fullest = max(utilization(dict(one.counts), part).values())
        if abs(fullest - 1) > BORDER:
            assert found.fits == (fullest <= 1), one.design.digest


def test_draws_are_the_same_for_the_same_seed_and_differ() -> None:
    once, again, other = (
        [one.design.digest for one in itertools.islice(user_designs(seed, 4), 4)] for seed in (3, 3, 4)
    )
    assert once == again
    assert len(set(once) | set(other)) == 8
