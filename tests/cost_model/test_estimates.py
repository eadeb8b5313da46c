"""Estimates: what they sum up, when a design fits, and arrays of designs equal to one by one."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

import numpy as np
import pytest

from cost_model import Device, device, estimate, estimate_many, estimates, resolve, resolve_many
from quant_model.design import uniform_design
from quant_model.designs import Designs
from quant_model.families import Encoder
from quant_model.network import build_network
from tests.cost_model.agreement import check_estimates
from tests.cost_model.designs import STUDIES, by_structure, hybrid_designs, resolved_designs, study_designs

XC7S15 = device("xc7s15")
DESIGNS = (
    resolved_designs(220)
    + hybrid_designs(60)
    + [one for study in STUDIES for one in study_designs(study, 20)]
)
"""Formats and build choices of all kinds, and those of every shipped study."""
SHAPE = Encoder(window=24, features=1, d_model=16, heads=1, ffn_width=32, layers=1, outputs=1)


def holding(part: Device, **capacity: int) -> Device:
    """The device with more or less of some resources."""
    return dataclasses.replace(part, capacity=MappingProxyType({**part.capacity, **capacity}))


def test_the_designs_are_of_all_kinds() -> None:
    assert len({design.digest for design in DESIGNS}) == len(DESIGNS) > 400
    assert len(list(by_structure(DESIGNS))) >= 12
    assert {engine.windows for design in DESIGNS for engine in design.engines.values()} == {1, 2}


def test_many_equal_one_by_one() -> None:
    check_estimates(DESIGNS, XC7S15)


def test_a_batch_of_any_length_is_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    designs = Designs.of(max(by_structure(DESIGNS), key=len)[:40])
    whole = estimate_many(designs, XC7S15)
    monkeypatch.setattr(estimates, "_CHUNK", 17)
    parts = estimate_many(designs, XC7S15)
    assert len(designs) == 40
    for name, column in whole.resources.items():
        assert np.array_equal(column, parts.resources[name]), name
    assert np.array_equal(whole.interval, parts.interval)
    assert np.array_equal(whole.energy_uj(50.0), parts.energy_uj(50.0))


def test_designs_that_are_all_alike_are_estimated_too() -> None:
    """Numbers where arrays are the rule: what does not differ is not written once a design."""
    design = resolve(uniform_design(SHAPE, lanes=4), XC7S15)
    alike = Designs(design.shape, design.weight_bits, design.activation_bits, design.engines, 5)
    many, one = estimate_many(alike, XC7S15), estimate(design, XC7S15)
    assert {name: column.tolist() for name, column in many.resources.items()} == {
        name: [used] * 5 for name, used in one.resources.items()
    }
    assert many.cycles.tolist() == [one.cycles] * 5
    assert resolve_many(alike, XC7S15).engines == design.engines


def test_what_is_left_to_auto_is_resolved_first() -> None:
    design = uniform_design(SHAPE, 6, 6, lanes=4)
    found = estimate(design, XC7S15)
    assert found == estimate(resolve(design, XC7S15), XC7S15)
    assert found == estimate(build_network(design), XC7S15)


def test_parts_add_up() -> None:
    for design in DESIGNS[:40]:
        found = estimate(design, XC7S15)
        total = {name: sum(part.counts[name] for part in found.components) for name in XC7S15.fabric.additive}
        assert {name: round(count) for name, count in total.items()} == {
            name: found.resources[name] for name in XC7S15.fabric.additive
        }
        assert {part.engine for part in found.components} == {*design.graph.by_name, "input", "output"}


def test_memory_in_luts_counts_as_luts_of_the_device() -> None:
    found = estimate(uniform_design(SHAPE), XC7S15)
    assert found.resources["lutram"] > 0
    assert found.utilization["lut"] == (found.resources["lut"] + found.resources["lutram"]) / 8000
    assert found.utilization["lutram"] == found.resources["lutram"] / 2400
    assert list(found.resources) == list(found.utilization) == list(XC7S15.fabric.resources)


@pytest.mark.parametrize("resource", ["lut", "lutram", "ff", "bram18", "dsp", "slice"])
def test_a_design_fits_when_every_resource_does(resource: str) -> None:
    design = resolve(uniform_design(SHAPE, lanes=4), XC7S15)
    large = device("xc7s50")
    found = estimate(design, large)
    used = found.resources[resource] + (found.resources["lutram"] if resource == "lut" else 0)
    assert used > 0
    tight = estimate(design, holding(large, **{resource: used}))
    assert tight.fits(1.0)
    assert tight.fill(1.0) == 1
    assert not tight.fits(0.99)
    assert not estimate(design, holding(large, **{resource: used - 1})).fits(1.0)


def test_without_a_limit_no_more_is_taken_than_a_router_closes() -> None:
    design = resolve(uniform_design(SHAPE, lanes=4), XC7S15)
    found = estimate(design, XC7S15)
    tight = holding(XC7S15, lut=found.resources["lut"] + found.resources["lutram"])
    assert estimate(design, tight).fits(1.0)
    assert not estimate(design, tight).fits()
    assert estimate(design, tight).fill() == pytest.approx(1 / XC7S15.fabric.realistic["lut"])
