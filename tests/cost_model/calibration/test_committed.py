"""The committed calibration: as good as it says, and still that of today's generator."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cost_model.calibration.groups import GROUPS
from tests.bench.calibration.__main__ import COEFFICIENTS, TABLE, load_table
from tests.bench.calibration.measure import measure

from cost_model import device, estimate, load
from cost_model.calibration.fit import Measured, errors, fit_luts
from hdl.synthesize import synthesis_label

TOOL, FITTED, HELD_OUT = load_table()
LUT = json.loads(COEFFICIENTS.read_text())["lut"]
SMALLEST = sorted(HELD_OUT, key=lambda named: named[1].counts["lut"])[:2]


def relative(resource: str) -> np.ndarray:
    designs = [one for _, one in HELD_OUT]
    found = zip(errors(designs, LUT), designs, strict=True)
    return np.array([abs(off[resource]) / max(one.counts[resource], 1) for off, one in found])


@pytest.mark.parametrize("resource", ["lut", "ff"])
def test_designs_that_the_fit_never_saw(resource: str) -> None:
    size = relative(resource)
    assert size.mean() <= 0.01
    assert np.quantile(size, 0.95) <= 0.03


def test_memory_in_luts_that_the_fit_never_saw() -> None:
    size = relative("lutram")
    assert size.mean() <= 0.03
    assert np.quantile(size, 0.95) <= 0.06


@pytest.mark.parametrize("resource", ["bram18", "dsp"])
def test_what_rules_decide_is_exact(resource: str) -> None:
    for (name, one), off in zip(HELD_OUT, errors([one for _, one in HELD_OUT], LUT), strict=True):
        assert round(off[resource]) == 0, (name, one.counts)


def test_measured_groups_add_up() -> None:
    for name, one in [*FITTED, *HELD_OUT]:
        for resource, total in one.counts.items():
            parts = sum(counts.get(resource, 0) for counts in one.groups.values())
            assert parts == total, name
        # A few registers that synthesis makes itself have no name and so no owner.
        assert {group for _, group in one.groups} <= {*GROUPS, "other"}, name
        assert "lut" not in one.groups.get(("", "other"), {}), name


def test_the_estimate_uses_these_coefficients() -> None:
    name, one = HELD_OUT[0]
    (off,) = errors([one], LUT)
    found = estimate(one.design, device("xc7s15"))
    assert found.resources["lut"] == pytest.approx(one.counts["lut"] + off["lut"], abs=0.51), name
    assert found.calibration == load().name
    assert load().tool == TOOL
    assert load().designs == len(FITTED)


def test_the_fit_is_that_of_the_table() -> None:
    again = fit_luts(one for _, one in FITTED)
    for kind, features in LUT.items():
        assert again[kind] == pytest.approx(features, abs=0.01), kind


@pytest.mark.slow
@pytest.mark.parametrize(("name", "expected"), SMALLEST, ids=[name for name, _ in SMALLEST])
def test_the_generator_is_still_the_measured_one(name: str, expected: Measured, tmp_path: Path) -> None:
    if synthesis_label() != TOOL:
        pytest.skip("other tools than those of the calibration")
    rows = [json.loads(line) for line in TABLE.read_text().splitlines()[1:]]
    row = next(row for row in rows if f"{row['family']} {row['seed']}" == name)
    found = measure(expected.design, row["seed"], tmp_path)
    assert found.counts == expected.counts
