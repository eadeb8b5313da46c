"""Impossible limits are told with what would have to give; what is told is enough."""

from __future__ import annotations

import itertools
import re

import pytest

from search.sampling.reach import Shortage, shortage
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.study_files.parser import parse_spec
from search.study_files.spec import StudySpec
from tests.search.conftest import TOML
from tests.search.sampling.test_samplers import CONSTANT, HALF_FITS, SMALL, UNIFORM


def spec(text: str, limits: str = "", limit: float | None = None) -> StudySpec:
    held = text if limit is None else text.replace('name = "xc7s15"', f'name = "xc7s15"\nlimit = {limit}')
    return parse_spec(f"{held}\n[constraints]\n{limits}\n", "x.toml")


def found(one: StudySpec) -> Shortage | None:
    return shortage(DesignSpace(one), Budget.of(one))


def missing(one: StudySpec) -> Shortage:
    told = found(one)
    assert told is not None
    return told


@pytest.mark.parametrize(
    "text", [TOML, HALF_FITS, CONSTANT, TOML.replace("lanes = [1, 2]", 'lanes = "auto"')]
)
def test_nothing_is_said_where_a_design_fits(text: str) -> None:
    assert found(spec(text)) is None


@pytest.mark.parametrize("text", [SMALL, CONSTANT])
def test_a_limit_that_nothing_comes_to_is_named_with_the_least_that_is_reached(text: str) -> None:
    one = spec(text, "latency_us = 0.001")
    told, budget, space = missing(one), Budget.of(one), DesignSpace(one)
    choices = [
        dict(zip(space.open, values, strict=True)) for values in itertools.product(*space.open.values())
    ]
    least = min(budget.propose(space.design(choice)).latency_us for choice in choices)
    assert told.path == ("constraints", "latency_us")
    assert told.problem == (
        f"no design of the space needs so little: the least is latency_us {least:.4g} (of at most 0.001)"
    )


def allowing(text: str, limits: dict[str, str]) -> Shortage | None:
    return found(spec(text, "\n".join(f"{name} = {most}" for name, most in limits.items())))


@pytest.mark.parametrize(
    ("lanes", "limits"),
    [
        ("[1, 2]", {"energy_uj": "0.0001"}),
        ("[1, 2]", {"latency_us": "3", "lut": "780"}),
        ('"auto"', {"latency_us": "0.001"}),
    ],
)
def test_each_remedy_is_enough_and_one_tenth_less_is_not(lanes: str, limits: dict[str, str]) -> None:
    text = TOML.replace("lanes = [1, 2]", f"lanes = {lanes}")
    told = allowing(text, limits)
    assert told is not None
    ways = re.findall(r"(\w+) = ([\d.]+)", told.remedy)
    assert {key for key, _ in ways} == set(limits)
    for key, value in ways:
        assert allowing(text, {**limits, key: value}) is None
        less = str(int(int(value) * 0.9)) if key == "lut" else f"{float(value) * 0.9:.6g}"
        assert allowing(text, {**limits, key: less}) is not None


def test_a_device_that_is_too_small_is_told_with_the_share_that_would_do() -> None:
    told = missing(spec(TOML, limit=0.02))
    assert told.path == ("device", "limit")
    (share,) = re.findall(r"\[device\] limit = ([\d.]+)", told.remedy)
    assert found(spec(TOML, limit=float(share))) is None
    wide = UNIFORM.replace("d_model = [4, 8]", "d_model = 128\nlayers = 4")
    assert re.search(r"allow a device \d+\.\d\d times as large as xc7s15", missing(spec(wide)).remedy)


def test_rows_that_come_too_fast_are_told_with_the_period_that_would_do() -> None:
    def every(period: str) -> StudySpec:
        return parse_spec(TOML.replace('name = "xc7s15"', f'name = "xc7s15"\nperiod = {period}'), "x.toml")

    told = missing(every("1e-9"))
    assert told.path == ("device", "period")
    (enough,) = re.findall(r"\[device\] period = ([\d.e-]+)", told.remedy)
    assert found(every(enough)) is None
    assert found(every(f"{float(enough) * 0.9:.6g}")) is not None
