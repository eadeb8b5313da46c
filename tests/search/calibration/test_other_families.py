"""The committed calibrations of iCE40 and ECP5: as good as they say, and still those of today's generator."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from cost_model import device, estimate, load
from cost_model.calibration import Calibration
from cost_model.calibration.fit import fit, predict
from cost_model.fabrics import FABRICS, Fabric
from hdl.fabrics import MAPPERS
from hdl.synthesize import synthesis_label
from search.calibration.attribution import OTHER
from search.calibration.measure import measure
from search.calibration.pages import Compared, compare, errors, fit_page
from search.calibration.table import Table
from tests.search.calibration.shipped import HOME, assert_reported, assert_verdicts_agree

pytestmark = pytest.mark.filterwarnings("error")


@dataclass(frozen=True)
class Shipped:
    """What comes with Bitfront for a family."""

    fabric: Fabric

    @cached_property
    def home(self) -> Path:
        return HOME / self.fabric.name

    @cached_property
    def measured(self) -> Table:
        return Table.read(self.home / "measured.jsonl")

    @cached_property
    def held_out(self) -> Table:
        return Table.read(self.home / "holdout.jsonl")

    @cached_property
    def calibration(self) -> Calibration:
        return load(self.fabric.calibration)

    @cached_property
    def compared(self) -> list[Compared]:
        """Random designs."""
        return [
            compare(row.name, one, self.calibration, self.fabric, fitted=not row.facts["held_out"])
            for row, one in self.measured.measured
        ]

    @cached_property
    def users(self) -> list[Compared]:
        """Designs as users draw them."""
        return [
            compare(row.name, one, self.calibration, self.fabric, device=device(row.facts["device"]))
            for row, one in self.held_out.measured
        ]


SHIPPED = {name: Shipped(fabric) for name, fabric in FABRICS.items() if name != "xc7"}


@pytest.fixture(params=SHIPPED)
def shipped(request: pytest.FixtureRequest) -> Shipped:
    return SHIPPED[request.param]


def test_logic_of_designs_that_the_fit_never_saw(shipped: Shipped) -> None:
    for compared in (shipped.users, [one for one in shipped.compared if not one.fitted]):
        for resource in shipped.fabric.fitted:
            assert np.abs(errors(compared, resource)).mean() <= 0.03


def test_memories_and_multipliers_follow_rules(shipped: Shipped) -> None:
    """How many columns of a ROM of few words are constant, its weights decide: seldom that is a block RAM."""
    both = [*shipped.users, *shipped.compared]
    assert not np.any(errors(both, "dsp"))
    difference = np.array([one.estimated["ebr"] - one.measured["ebr"] for one in both])
    assert difference.min() >= 0
    assert difference.max() <= 1
    assert (difference == 0).mean() >= 0.95


def test_verdicts_agree_away_from_the_border(shipped: Shipped) -> None:
    assert_verdicts_agree(shipped.users)


def test_measured_groups_add_up(shipped: Shipped) -> None:
    for row, one in (*shipped.measured.measured, *shipped.held_out.measured):
        for resource in shipped.fabric.additive:
            parts = sum(counts.get(resource, 0) for counts in one.groups.values())
            assert parts == pytest.approx(one.counts[resource], abs=0.02), (row.name, resource)
        owners = {owner for owner in one.groups if owner != OTHER}
        assert owners <= set(predict(row.design, shipped.fabric)), row.name


def test_the_coefficients_are_those_of_the_table(shipped: Shipped) -> None:
    assert shipped.calibration.tool == shipped.measured.tool == shipped.held_out.tool
    seen = [one for row, one in shipped.measured.measured if not row.facts["held_out"]]
    assert shipped.calibration.designs == len(seen)
    again = fit(seen, shipped.fabric)
    for one in seen[::8]:
        for owner, own in predict(one.design, shipped.fabric).items():
            expected, found = own.counts(shipped.calibration.fitted), own.counts(again)
            for name in shipped.fabric.fitted:
                assert found[name] == pytest.approx(expected[name], abs=0.1), (owner, name)


def test_the_estimate_uses_these_coefficients(shipped: Shipped) -> None:
    row, _ = shipped.held_out.measured[0]
    assert estimate(row.design, device(row.facts["device"])).resources == shipped.users[0].estimated


def test_the_reports_are_those_of_the_tables(shipped: Shipped) -> None:
    assert_reported(shipped.home, shipped.held_out, shipped.users, shipped.fabric)
    page = fit_page(shipped.compared, shipped.fabric, shipped.measured.tool)
    assert (shipped.home / "REPORT.md").read_text() == page


@pytest.mark.slow
def test_the_generator_is_still_the_measured_one(shipped: Shipped, tmp_path: Path) -> None:
    if synthesis_label(MAPPERS[shipped.fabric.name]) != shipped.measured.tool:
        pytest.skip("other tools than those of the calibration")
    fitted = shipped.fabric.fitted[0]
    row, one = min(shipped.held_out.measured, key=lambda pair: pair[1].counts[fitted])
    assert measure(row.design, row.seed, shipped.fabric, tmp_path).counts == one.counts
