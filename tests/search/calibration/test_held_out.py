"""Designs as users draw them: the committed measurements, held against today's estimates."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from cost_model import device, estimate, load
from cost_model.fabrics.xc7 import XC7
from search.calibration.pages import compare, errors
from search.calibration.user_designs import user_designs
from search.study_files.parser import load_spec
from tests.search.calibration.shipped import HELD_OUT, XC7_HOME, assert_reported, assert_verdicts_agree

OWN = load(XC7.calibration)
COMPARED = [
    compare(row.name, one, OWN, XC7, device=device(row.facts["device"])) for row, one in HELD_OUT.measured
]
STUDIES = [
    *(Path("studies") / f"{name}.toml" for name in ("sf_traffic", "beijing_pm25", "airu", "pems_4w")),
    *sorted((XC7_HOME / "studies").glob("*.toml")),
]


def test_enough_of_every_study_were_measured() -> None:
    assert len(COMPARED) >= 60
    assert {row.facts["study"] for row in HELD_OUT.rows} == {path.stem for path in STUDIES}
    assert len({row.design.digest for row in HELD_OUT.rows}) == len(HELD_OUT.rows)


def test_estimates_are_those_of_the_cost_model() -> None:
    for row, one in zip(HELD_OUT.rows, COMPARED, strict=True):
        assert estimate(row.design, device(row.facts["device"])).resources == one.estimated


@pytest.mark.parametrize("resource", ["bram18", "dsp"])
def test_what_rules_decide(resource: str) -> None:
    share = errors(COMPARED, resource)
    assert share.min() >= 0
    assert (share == 0).sum() >= len(COMPARED) * 58 / 60


@pytest.mark.parametrize("resource", ["lut", "ff"])
def test_what_a_mapper_decides(resource: str) -> None:
    size = np.abs(errors(COMPARED, resource))
    assert size.mean() <= 0.008
    assert np.quantile(size, 0.95) <= 0.03


def test_registers_that_become_memory_are_expected_roughly() -> None:
    """Where a trained exponent leaves an adder nothing to add, the registers around it become an SRL16E."""
    size = np.abs(errors(COMPARED, "lutram"))
    assert size.mean() <= 0.03
    assert np.quantile(size, 0.95) <= 0.1


def test_slices_are_seldom_too_few() -> None:
    share = errors(COMPARED, "slice")
    assert share.min() >= -0.01
    assert np.abs(share).mean() <= 0.03


def test_verdicts_agree_away_from_the_border() -> None:
    assert_verdicts_agree(COMPARED)


def test_the_report_is_that_of_the_table() -> None:
    assert_reported(XC7_HOME, HELD_OUT, COMPARED, XC7)


def test_draws_are_the_same_for_the_same_seed_and_differ() -> None:
    specs = [load_spec(path) for path in STUDIES]
    once, again, other = (
        [one.design.digest for one in itertools.islice(user_designs(specs, seed, 4), 4)] for seed in (3, 3, 4)
    )
    assert once == again
    assert len(set(once) | set(other)) == 8


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_study_has_designs_that_nearly_fit(path: Path) -> None:
    spec = load_spec(path)
    (first,) = user_designs([spec], seed=1, count=1)
    assert (first.study, first.device) == (path.stem, spec.device.name)
    assert estimate(first.design, device(first.device)).fill() <= 1.1 / 0.9
