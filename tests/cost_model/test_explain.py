"""What fills a device, and what would make a design fit."""

from __future__ import annotations

import dataclasses

import pytest

from cost_model import Device, device, estimate, resolve
from cost_model.explain import fitting_changes, shares, shares_by_kind
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder

ARCHITECTURE = Encoder(window=24, features=1, d_model=16, heads=1, ffn_width=32, layers=1, outputs=1)
XC7S15 = device("xc7s15")
DESIGN = resolve(
    uniform_design(ARCHITECTURE, 6, 6, lanes=2, multiplier="lut", buffer="distributed", memory="logic"),
    XC7S15,
)


def test_shares_add_up() -> None:
    found = estimate(DESIGN, XC7S15)
    parts = shares(found)
    kinds = shares_by_kind(found)
    assert sum(part.part for part in kinds) == pytest.approx(1)
    assert sum(part.counts.lut for part in kinds) == pytest.approx(found.resources["lut"], abs=1)
    assert sum(part.part for part in parts) == pytest.approx(1)
    assert parts[0].part == max(part.part for part in parts)
    assert sum(part.counts.ff for part in parts) == pytest.approx(found.resources["ff"], abs=1)


def differences(one: DesignPoint, other: DesignPoint) -> int:
    engines = sum(one.engines[name] != other.engines[name] for name in one.engines)
    weights = sum(one.weight_bits[name] != other.weight_bits[name] for name in one.weight_bits)
    tensors = sum(one.activation_bits[name] != other.activation_bits[name] for name in one.activation_bits)
    return engines + weights + tensors


def test_single_changes_make_it_fit_and_free_ones_come_first() -> None:
    used = estimate(DESIGN, XC7S15).resources
    small = dataclasses.replace(XC7S15, lut=used["lut"] + used["lutram"] - 20)
    assert not estimate(DESIGN, small).fits
    changes = fitting_changes(DESIGN, small)
    assert changes
    assert [change.rank for change in changes] == sorted(change.rank for change in changes)
    assert changes[0].rank[0] == 0
    subjects = [change.description.split(" -> ")[0] for change in changes]
    assert len(set(subjects)) == len(subjects)
    for change in changes:
        assert change.estimate.fits
        assert differences(DESIGN, change.design) == 1, change.description


def test_no_single_change_is_enough_when_it_is_far_too_large() -> None:
    tiny = Device("tiny", lut=100, lutram=10, ff=100, bram18=1, dsp=1, static_mw=1)
    assert fitting_changes(DESIGN, tiny) == []


def test_the_mildest_change_is_proposed() -> None:
    used = estimate(DESIGN, XC7S15).resources
    tight = dataclasses.replace(XC7S15, lut=used["lut"] + used["lutram"] - 20)
    for change in fitting_changes(DESIGN, tight):
        what, _, values = change.description.partition(": ")
        if change.rank[0] == 2:
            *words, old, _, new = values.split()
            milder = int(new) + 1
            if milder < int(old):
                field = f"{words[0]}_bits"
                more = {**getattr(change.design, field), what: milder}
                nearer = dataclasses.replace(change.design, **{field: more})  # type: ignore[arg-type]
                assert not estimate(nearer, tight).fits, change.description
