from __future__ import annotations

import pytest

from cost_model.fabrics.xc7 import XC7
from quant_model.design import uniform_design
from quant_model.families import Encoder
from search.space.budget import Budget
from search.study_files.parser import parse_spec
from tests.search.conftest import TOML

LIMITED = TOML.replace('name = "xc7s15"', 'name = "xc7s15"\nlimit = 0.5') + (
    "\n[constraints]\nlatency_us = 80\ndsp = 6\n"
)


def budget_of(text: str) -> Budget:
    return Budget.of(parse_spec(text, "x.toml"))


def test_what_fits_ends_at_limits_and_capacities() -> None:
    budget = budget_of(LIMITED)
    assert [budget.most_of(name) for name in ("utilization", "lut", "dsp", "latency")] == [0.5, 4000, 6, 80]
    assert budget.most_of("energy") is None


def test_a_limit_that_alone_is_exceeded_is_named() -> None:
    budget = budget_of(f"{TOML}\n[constraints]\nlatency_us = 4\ndsp = 3\n")
    slow = budget.assess(uniform_design(Encoder(6, 2, 8, 1, 16, 1, 1), 4, 4))
    assert tuple(slow.constraints) == (*XC7.resources, "max_latency_us", "max_dsp")
    assert not slow.fits
    assert slow.constraints["max_latency_us"] == pytest.approx(slow.estimate.cycles / 400 - 1)
    assert slow.summary.startswith("latency_us ")
    assert slow.summary.endswith(" of at most 4")
    within = Budget("xc7s15").assess(slow.design)
    assert within.fits
    fullest = max(within.utilization, key=within.utilization.__getitem__)
    assert within.summary == f"{fullest} {100 * within.utilization[fullest]:.1f} %"


def test_a_budget_survives_the_way_through_json_and_says_what_it_leaves() -> None:
    budget = budget_of(LIMITED)
    assert Budget.from_json(budget.to_json()) == budget
    assert budget.limits == " (50 % of the device, latency_us at most 80, dsp at most 6)"
    assert Budget("xc7s15", 1.0).limits == ""
    assert Budget("xc7s15").limits == " (90 % of lut and slice)"


def test_a_period_is_lived_through_and_kept() -> None:
    budget = budget_of(TOML.replace('name = "xc7s15"', 'name = "xc7s15"\nperiod = 0.00005'))
    assert Budget.from_json(budget.to_json()) == budget
    assert budget.limits == " (90 % of lut and slice, a row every 5e-05 s)"
    found = budget.assess(uniform_design(Encoder(6, 2, 8, 1, 16, 1, 1), 4, 4))
    alone = Budget("xc7s15").assess(found.design)
    assert found.energy_uj == alone.estimate.energy_uj(100.0, 5e-5) > alone.energy_uj
    # Done when the next row comes, also where the study file asks for more.
    assert found.constraints["max_interval_us"] == pytest.approx(found.interval_us / 50 - 1)
    stricter = f"{TOML}\n[constraints]\ninterval_us = 4\n".replace(
        'name = "xc7s15"', 'name = "xc7s15"\nperiod = 9'
    )
    assert budget_of(stricter).most == {"interval_us": 4}
    assert budget_of(stricter).limits.endswith("a row every 9 s, interval_us at most 4)")
