"""Objectives, limits and what is known before training go by the same names."""

from __future__ import annotations

from typing import get_args

import pytest

from cost_model import estimate, resolve
from cost_model.devices import DEVICES
from quant_model.design import uniform_design
from quant_model.families import Encoder
from search.space.facts import LIMITS, fact
from search.study_files.spec import Constraints, Objective

DESIGN = uniform_design(Encoder(window=8, features=2, d_model=8, heads=1, ffn_width=8, layers=1, outputs=1))
ESTIMATES = [
    estimate(resolve(DESIGN, part), part)
    for part in (DEVICES["xc7s15"], DEVICES["ice40up5k"], DEVICES["ecp5-25f"])
]
FOUND = ESTIMATES[0]
KNOWN = ("utilization", "latency", "interval", "energy")
"""Of every family."""


def test_every_constraint_limits_a_fact() -> None:
    assert set(LIMITS) == set(Constraints.model_fields)


@pytest.mark.parametrize("name", sorted({*LIMITS.values(), *get_args(Objective)} - {"error"}))
def test_every_objective_but_the_error_and_every_limit_is_told_by_an_estimate(name: str) -> None:
    told = [found for found in ESTIMATES if name in found.resources or name in KNOWN]
    assert told
    assert any(fact(name, found, 100.0) > 0 for found in told)


def test_every_resource_of_every_fabric_can_be_asked_for() -> None:
    resources = {name for part in DEVICES.values() for name in part.fabric.resources}
    assert resources <= set(get_args(Objective)) & set(LIMITS)


def test_what_is_unknown_is_no_fact() -> None:
    with pytest.raises(KeyError):
        fact("error", FOUND, 100.0)


def test_a_period_is_in_the_energy_alone() -> None:
    for name in get_args(Objective):
        if name != "error" and name in (*FOUND.resources, *KNOWN):
            assert (fact(name, FOUND, 100.0, 0.1) != fact(name, FOUND, 100.0)) == (name == "energy")
