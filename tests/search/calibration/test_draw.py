"""The designs that a calibration measures: the same for ever."""

from __future__ import annotations

import pytest

from cost_model.fabrics.xc7 import XC7
from search.calibration.draw import SETS, cases, wanted
from tests.search.calibration.shipped import MEASURED


def test_draws_are_those_of_the_committed_table() -> None:
    drawn = {(case.set, case.seed): case for case in cases(wanted(None), XC7)}
    rows = [row for row in MEASURED.rows if row.facts["family"] != "study"]
    assert len(rows) > 40
    for row in rows:
        case = drawn[row.facts["family"], row.facts["seed"]]
        assert case.design == row.design, row.name
        assert case.held_out == row.facts["held_out"]


def test_draws_leave_no_choice_open() -> None:
    assert all(case.design.is_resolved for case in cases(wanted(12), XC7))


@pytest.mark.parametrize(
    ("designs", "expected"),
    [(None, (60, 36, 12, 12)), (120, (60, 36, 12, 12)), (38, (19, 11, 4, 4)), (1, (3, 3, 3, 3))],
)
def test_few_designs_keep_the_proportions(designs: int | None, expected: tuple[int, ...]) -> None:
    found = wanted(designs)
    assert tuple(found.values()) == expected
    drawn = list(cases(found, XC7))
    assert len(drawn) == sum(expected)
    for name in SETS:
        # Each set has designs to fit and designs to test on.
        assert {case.held_out for case in drawn if case.set == name} == {True, False}
