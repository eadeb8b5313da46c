"""Pages about errors: numbers that can be checked by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cost_model import device
from cost_model.fabrics.xc7 import XC7
from search.calibration.pages import Compared, errors, fit_page, holdout_page

EXACT = {"lutram": 0, "ff": 100, "bram18": 4, "dsp": 0}
XC7S15 = device("xc7s15")


def compared(
    name: str, lut: tuple[int, int], slices: tuple[int, int] = (500, 500), fitted: bool = False
) -> Compared:
    measured, estimated = (
        {**EXACT, "lut": luts, "slice": own} for luts, own in zip(lut, slices, strict=True)
    )
    groups = {name: {"lanes": [(float(lut[0]), float(lut[1]))]} for name in XC7.fitted}
    return Compared(name, fitted, measured, estimated, groups, XC7S15)


def test_errors_are_shares_of_what_was_measured() -> None:
    found = errors([compared("a", (1000, 1010)), compared("b", (2000, 1900))], "lut")
    assert found == pytest.approx(np.array([0.01, -0.05]))
    # Nothing measured, nothing estimated: no error.
    assert errors([compared("a", (1, 1))], "dsp") == [0]


def test_the_page_of_a_fit() -> None:
    page = fit_page(
        [
            compared("one", (1000, 1020), fitted=True),
            compared("two", (1000, 990)),
            compared("three", (500, 505)),
        ],
        XC7,
        "the tools",
    )
    assert "1 random designs were used for the fit, 2 others for the test" in page
    assert "Measured with the tools." in page
    assert "| fitted | lut | 2.00 % | 2.00 % | 2.00 % | +2.00 % | 0 of 1 | 0 |" in page
    assert "| held out | lut | 1.00 % | 1.00 % | 1.00 % | +0.00 % | 0 of 2 | 1 |" in page
    assert "| held out | bram18 | 0.00 % | 0.00 % | 0.00 % | +0.00 % | 2 of 2 | 0 |" in page
    assert "| lanes | 2 | 750.0 | -2.50 | 7.50 | -10.0 |" in page
    tables = [line for line in page.splitlines() if line.startswith("|")]
    for head, rule in itertools.pairwise(tables):
        if set(rule) == {"|", "-"}:
            assert head.count("|") == rule.count("|")


def test_verdicts_are_by_what_is_realistic() -> None:
    # 90 % of 8,000 LUT and of 2,000 slices may be used.
    fits, full, wrong = (
        compared("quick 1", (6800, 6900), (1700, 1760)),
        compared("quick 2", (7600, 7500), (1900, 1950)),
        compared("airu 3", (4000, 4000), (1700, 1900)),
    )
    assert fits.verdicts == pytest.approx((6800 / 7200, 1760 / 1800))
    page = holdout_page([fits, full, wrong], XC7, "the tools", 4, 7)
    assert "4 designs were drawn (seed 7) from the spaces of 2 studies" in page
    assert (
        "equal on 2 of 3 designs further than 3 % from the border (1 of them do not fit); 0 are nearer"
        in page
    )
    assert "Wrong: airu 3, 94.4 % measured, 105.6 % estimated." in page
