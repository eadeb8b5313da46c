"""Expectations of the cost model against random models: a sample of what ``--constants`` does."""

from __future__ import annotations

import pytest

from cost_model.fabrics.xc7 import XC7
from search.calibration.draw import cases
from search.calibration.expectations import expectations

DESIGNS = [case.design for case in cases({"broad": 40, "study": 20}, XC7)]
FOUND = {one.name: one for one in expectations(DESIGNS, seed=5)}


def test_every_formula_is_held_against_models() -> None:
    assert {name.split(",")[0] for name in FOUND} == {
        "typical_bits",
        "filled_bits",
        "kept_bits",
        "bias_columns",
        "scores_kept_bits",
        "pooling_kept_bits",
        "residual_bits",
    }


@pytest.mark.parametrize("name", FOUND)
def test_what_is_expected_is_near_the_mean(name: str) -> None:
    one = FOUND[name]
    # The mean of so many scatters by this; expectations are rounded to two digits.
    assert abs(one.off) < 0.3 + 3 * one.scatter / one.samples**0.5


@pytest.mark.parametrize("name", ["typical_bits", "bias_columns"])
def test_constants_are_made_again(name: str) -> None:
    one = FOUND[name]
    assert len(one.stands) == len(one.remade) == 4
    # Less for every octave of products, more for an embedding: signs and sizes.
    assert one.remade[1] == pytest.approx(one.stands[1], abs=0.2)
    assert one.remade[0] == pytest.approx(one.stands[0], abs=1.0)
