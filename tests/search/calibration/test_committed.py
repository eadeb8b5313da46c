"""The committed calibration: as good as it says, and still that of today's generator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cost_model import device, estimate, load
from cost_model.calibration.fit import fit, predict
from cost_model.fabrics.xc7 import XC7
from hdl.fabrics.xc7 import slices_of
from hdl.synthesize import synthesis_label
from search.calibration.attribution import OTHER
from search.calibration.measure import measure
from search.calibration.pages import compare, errors, fit_page
from search.calibration.table import Row
from tests.search.calibration.shipped import MEASURED, XC7_HOME

OWN = load(XC7.calibration)
COMPARED = [
    compare(row.name, one, OWN, XC7, fitted=not row.facts["held_out"]) for row, one in MEASURED.measured
]
UNSEEN = [one for one in COMPARED if not one.fitted]
SMALLEST = sorted(MEASURED.measured, key=lambda pair: pair[1].counts["lut"])[:2]


@pytest.mark.parametrize("resource", ["lut", "ff"])
def test_designs_that_the_fit_never_saw(resource: str) -> None:
    size = np.abs(errors(UNSEEN, resource))
    assert size.mean() <= 0.01
    assert np.quantile(size, 0.95) <= 0.03


def test_memory_in_luts_that_the_fit_never_saw() -> None:
    size = np.abs(errors(UNSEEN, "lutram"))
    assert size.mean() <= 0.03
    assert np.quantile(size, 0.95) <= 0.1


def test_slices_that_the_fit_never_saw() -> None:
    share = errors(UNSEEN, "slice")
    assert share.min() >= -0.01
    assert np.abs(share).mean() <= 0.03


@pytest.mark.parametrize("resource", ["bram18", "dsp"])
def test_what_rules_decide_is_exact(resource: str) -> None:
    for one in COMPARED:
        assert one.estimated[resource] == one.measured[resource], one.name


def test_carry_chains_are_nearly_all_told_by_rules() -> None:
    for row, one in MEASURED.measured:
        total = sum(own.counts(OWN.fitted)["carry4"] for own in predict(row.design, XC7).values())
        # Constant weights leave an unknown share of their rows.
        assert total == pytest.approx(one.counts["carry4"], rel=0.06), row.name


def test_measured_groups_add_up() -> None:
    for row, one in MEASURED.measured:
        for resource, total in one.counts.items():
            if resource != "slice":
                parts = sum(counts.get(resource, 0) for counts in one.groups.values())
                assert parts == pytest.approx(total, abs=0.02), (row.name, resource)
        assert slices_of(one.counts) == one.counts["slice"]
        # A few cells that synthesis makes itself have no name and so no owner.
        owners = {owner for owner in one.groups if owner != OTHER}
        assert owners <= set(predict(row.design, XC7)), row.name
        assert one.groups.get(OTHER, {}).get("lut", 0) <= 2, row.name


def test_the_estimate_uses_these_coefficients() -> None:
    row, _ = MEASURED.measured[0]
    assert estimate(row.design, device("xc7s15")).resources == COMPARED[0].estimated
    assert OWN.tool == MEASURED.tool
    assert OWN.designs == len(COMPARED) - len(UNSEEN)


def test_the_fit_is_that_of_the_table() -> None:
    """By what it says of every group: features that always come together share their coefficients anyhow."""
    seen = [one for row, one in MEASURED.measured if not row.facts["held_out"]]
    again = fit(seen, XC7)
    for one in seen[::8]:
        for owner, own in predict(one.design, XC7).items():
            expected, found = own.counts(OWN.fitted), own.counts(again)
            for name in XC7.fitted:
                assert found[name] == pytest.approx(expected[name], abs=0.1), (owner, name)


def test_the_report_is_that_of_the_table() -> None:
    assert (XC7_HOME / "REPORT.md").read_text() == fit_page(COMPARED, XC7, MEASURED.tool)


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row, _ in SMALLEST], ids=lambda row: row.name)
def test_the_generator_is_still_the_measured_one(row: Row, tmp_path: Path) -> None:
    if synthesis_label() != MEASURED.tool:
        pytest.skip("other tools than those of the calibration")
    assert row.measured is not None
    assert measure(row.design, row.seed, XC7, tmp_path).counts == row.measured.counts
