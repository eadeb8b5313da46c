"""Hybrids as users draw them: the committed measurements, held against today's estimates."""

from __future__ import annotations

import numpy as np
import pytest

from cost_model import device, estimate, load
from cost_model.fabrics.xc7 import XC7
from search.calibration.pages import compare, errors
from search.calibration.table import Table
from tests.search.calibration.shipped import XC7_HOME, assert_reported, assert_verdicts_agree

FOLDER = XC7_HOME / "hybrids"
TABLE, OWN = Table.read(FOLDER / "holdout.jsonl"), load(XC7.calibration)
COMPARED = [
    compare(row.name, one, OWN, XC7, device=device(row.facts["device"])) for row, one in TABLE.measured
]


def test_pictures_and_series_were_measured() -> None:
    assert len(COMPARED) == 30
    assert {row.facts["study"] for row in TABLE.rows} == {"fashion", "hybrid_series"}
    for row, one in zip(TABLE.rows, COMPARED, strict=True):
        assert estimate(row.design, device(row.facts["device"])).resources == one.estimated


@pytest.mark.parametrize("resource", ["bram18", "dsp"])
def test_what_rules_decide(resource: str) -> None:
    assert (errors(COMPARED, resource) == 0).sum() >= 28


@pytest.mark.parametrize(("resource", "mean"), [("lut", 0.015), ("ff", 0.01), ("slice", 0.03)])
def test_what_a_mapper_decides(resource: str, mean: float) -> None:
    assert np.abs(errors(COMPARED, resource)).mean() <= mean


def test_verdicts_agree_away_from_the_border() -> None:
    assert_verdicts_agree(COMPARED)


def test_the_report_is_that_of_the_table() -> None:
    assert_reported(FOLDER, TABLE, COMPARED, XC7)
