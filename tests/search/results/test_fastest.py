from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest

from cost_model.allocation import LaneObjective, allocate_lanes, at_full_pace
from cost_model.devices import Device
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from search.results import fastest
from search.results.fastest import builds_of
from search.space.budget import Assessment, Budget
from search.space.design_space import DesignSpace, random_designs
from search.space.identity import arithmetic_digest
from search.study_files.parser import load_spec
from search.study_files.spec import StudySpec

STUDIES = Path(__file__).parents[3] / "studies"


def spec_with(space: Mapping[str, Any] | None = None, **sections: Mapping[str, Any]) -> StudySpec:
    """The San Francisco study with other keys."""
    spec = load_spec(STUDIES / "sf_traffic.toml")
    changed = {"space": space or {}, **sections}
    parts = {name: {**getattr(spec, name).model_dump(), **keys} for name, keys in changed.items()}
    return StudySpec.model_validate({**spec.model_dump(), **parts})


def builds(spec: StudySpec, count: int = 6) -> list[tuple[Assessment, Assessment]]:
    """Designs as drawn, and their fastest builds."""
    drawn = random_designs(DesignSpace(spec), Budget.of(spec), count, seed=5, feasible=True)
    found = [builds_of(spec, design) for design in drawn]
    return [(one.own, one.fastest) for one in found]


@pytest.mark.parametrize("lanes_for", ["latency", "interval"])
def test_the_same_arithmetic_fits_and_is_no_slower(lanes_for: str) -> None:
    for own, quick in builds(spec_with({"lanes": "auto", "lanes_for": lanes_for}), 3):
        assert arithmetic_digest(quick.design) == arithmetic_digest(own.design)
        assert quick.fits
        assert quick.design.is_resolved
        # What the study already makes quick stays as quick, at least.
        name = "cycles" if lanes_for == "latency" else "interval"
        assert getattr(quick.estimate, name) <= getattr(own.estimate, name)


def test_one_lane_is_several_times_as_slow() -> None:
    for own, quick in builds(spec_with({"lanes": (1,)})):
        assert own.estimate.cycles > 4 * quick.estimate.cycles
        assert own.latency_us > 4 * quick.latency_us
        assert own.interval_us > 4 * quick.interval_us


def test_it_is_as_quick_as_the_better_of_both_searches() -> None:
    """The demo's largest network at 8 bits."""
    spec = spec_with()
    design = uniform_design(Encoder(24, 1, 16, 2, 64, 1, 1), 8, 8)
    budget = Budget.of(spec)
    cycles = {
        objective: budget.assess(allocate_lanes(design, budget.device, None, objective)).estimate.cycles
        for objective in get_args(LaneObjective)
    }
    own = budget.assess(uniform_design(design.shape, 8, 8, multiplier="lut", buffer="block"))
    builds = builds_of(spec, own.design)
    assert builds.fastest.estimate.cycles <= min(cycles.values())
    assert {engine.windows for engine in builds.fastest.design.engines.values()} == {1}


@pytest.mark.parametrize("study", ["sf_traffic", "sf_traffic_stream"])
def test_where_no_engine_can_go_faster_the_search_for_the_interval_finds_nothing_quicker(
    study: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, searched = load_spec(STUDIES / f"{study}.toml"), []

    def told(design: DesignPoint, device: Device) -> bool:
        searched.append(at_full_pace(design, device))
        return False

    found = [quick for _, quick in builds(spec, 4)]
    fastest._builds.cache_clear()
    monkeypatch.setattr(fastest, "at_full_pace", told)
    assert [quick.design for _, quick in builds(spec, 4)] == [one.design for one in found]
    assert True in searched


def test_it_is_its_own_fastest_build() -> None:
    spec = spec_with()
    for _, quick in builds(spec):
        again = builds_of(spec, quick.design).fastest
        assert again.estimate.cycles <= quick.estimate.cycles
        assert again.fits


def test_what_the_study_has_decided_stays() -> None:
    spec = spec_with({"multiplier": ("lut",), "weight_memory": ("logic",), "buffer": ("block",)})
    for own, quick in builds(spec):
        assert quick.resources["dsp"] == 0
        for name, engine in quick.design.engines.items():
            before = own.design.engines[name]
            # Where keys and values lie is left open.
            memory = engine.memory if engine.memory != "logic" else before.memory
            kept = dataclasses.replace(engine, lanes=1)
            assert kept == dataclasses.replace(before, lanes=1, memory=memory)


def test_what_the_study_leaves_open_suits_the_lanes() -> None:
    """Designs that came with products in LUTs get DSPs for their lanes where the study has both."""
    # So large that LUTs alone do not hold all lanes that are of use.
    narrow, open_ = (
        spec_with({"multiplier": multiplier, "d_model": (32,)}) for multiplier in (("lut",), ("lut", "dsp"))
    )
    better = 0
    for own, _ in builds(narrow):
        kept, freed = (builds_of(spec, own.design).fastest for spec in (narrow, open_))
        assert freed.estimate.cycles <= kept.estimate.cycles
        better += freed.estimate.cycles < kept.estimate.cycles
    assert better


@pytest.mark.parametrize("limits", [{"lut": 2000}, {"energy_uj": 6.0}, {"latency_us": 300.0}, {"dsp": 3}])
def test_the_study_s_own_limits_hold(limits: Mapping[str, float]) -> None:
    for own, quick in builds(spec_with(constraints=limits), 4):
        assert own.fits
        assert quick.fits


def test_a_smaller_share_of_the_device_is_not_exceeded() -> None:
    for _, quick in builds(spec_with(device={"limit": 0.4}), 4):
        assert max(quick.utilization.values()) <= 0.4


def test_where_nothing_quicker_fits_the_design_stays_as_it_is() -> None:
    (own, _), *_ = builds(spec_with(), 1)
    tight = builds_of(spec_with(device={"limit": 0.01}), own.design)
    assert tight.fastest.design == own.design
    assert tight.quicker is None
