"""What fills a device, and what would make a design fit."""

from __future__ import annotations

import dataclasses

import pytest

from cost_model import Device, device, estimate, resolve
from cost_model.explain import fitting_changes, fullest, shares, shares_by_kind
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder

SHAPE = Encoder(window=24, features=1, d_model=16, heads=1, ffn_width=32, layers=1, outputs=1)
XC7S15 = device("xc7s15")
DESIGN = resolve(
    uniform_design(SHAPE, 6, 6, lanes=2, multiplier="lut", buffer="distributed", memory="logic"),
    XC7S15,
)


def holding(**capacity: int) -> Device:
    """An XC7S15 with more or less of some resources."""
    return dataclasses.replace(XC7S15, capacity={**XC7S15.capacity, **capacity})


def short_of_luts() -> Device:
    """A device that the design exceeds by 20 LUTs, and by nothing else."""
    used = estimate(DESIGN, XC7S15).resources
    return holding(lut=int((used["lut"] + used["lutram"]) / XC7S15.room()["lut"]) - 20)


def test_shares_add_up() -> None:
    found = estimate(DESIGN, XC7S15)
    parts, kinds = shares(found), shares_by_kind(found)
    for ranked in (parts, kinds):
        assert sum(one.part for one in ranked) == pytest.approx(1)
        assert [one.part for one in ranked] == sorted((one.part for one in ranked), reverse=True)
        for name in XC7S15.fabric.additive:
            assert sum(one.counts[name] for one in ranked) == pytest.approx(found.resources[name], abs=1)
    assert {one.name for one in parts} == {*DESIGN.graph.by_name, "input", "output"}


@pytest.mark.parametrize("resource", ["lut", "lutram", "ff", "bram18", "dsp", "slice"])
def test_shares_are_those_of_the_resource_that_is_fullest(resource: str) -> None:
    """By what may be used of each: a LUT of memory is a LUT of the device, slices are what decides them."""
    auto = resolve(uniform_design(SHAPE, 8, 8, lanes=2), XC7S15)
    used = estimate(auto, XC7S15).resources
    assert used[resource] > 0
    found = estimate(auto, holding(**{resource: used[resource] // 2}))
    assert fullest(found) == resource
    ranked = shares(found)
    assert sum(one.part for one in ranked) == pytest.approx(1)
    assert ranked[0].part >= 1 / len(ranked)
    if resource in ("bram18", "dsp", "ff", "lutram"):
        assert ranked[0].part == pytest.approx(ranked[0].counts[resource] / used[resource], rel=1e-3)


def differences(one: DesignPoint, other: DesignPoint) -> int:
    engines = sum(one.engines[name] != other.engines[name] for name in one.engines)
    weights = sum(one.weight_bits[name] != other.weight_bits[name] for name in one.weight_bits)
    tensors = sum(one.activation_bits[name] != other.activation_bits[name] for name in one.activation_bits)
    return engines + weights + tensors


def test_single_changes_make_it_fit_and_free_ones_come_first() -> None:
    small = short_of_luts()
    assert not estimate(DESIGN, small).fits()
    changes = fitting_changes(DESIGN, small)
    assert changes
    assert [change.rank for change in changes] == sorted(change.rank for change in changes)
    assert changes[0].rank[0] == 0
    assert {change.rank[0] for change in changes} == {0, 1, 2}
    subjects = [change.description.split(" -> ")[0] for change in changes]
    assert len(set(subjects)) == len(subjects)
    for change in changes:
        assert change.estimate.fits()
        assert differences(DESIGN, change.design) == 1, change.description


def test_no_single_change_is_enough_when_it_is_far_too_large() -> None:
    assert fitting_changes(DESIGN, holding(lut=100)) == []


def test_changes_are_held_against_the_limit() -> None:
    """Half of the device: a change that fits all of it is not enough."""
    limit = estimate(DESIGN, XC7S15).fill(1.0) - 0.01
    for change in fitting_changes(DESIGN, XC7S15, limit):
        assert max(change.estimate.utilization.values()) <= limit


def test_the_mildest_change_is_proposed() -> None:
    tight = short_of_luts()
    for change in fitting_changes(DESIGN, tight):
        what, _, values = change.description.partition(": ")
        if change.rank[0] == 2:
            *words, old, _, new = values.split()
            milder = int(new) + 1
            if milder < int(old):
                field = f"{words[0]}_bits"
                more = {**getattr(change.design, field), what: milder}
                nearer = dataclasses.replace(change.design, **{field: more})  # type: ignore[arg-type]
                assert not estimate(nearer, tight).fits(), change.description
