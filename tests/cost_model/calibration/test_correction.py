"""A calibration made from another tool's reports."""

from __future__ import annotations

import numpy as np
import pytest

from cost_model import device, estimate, load
from cost_model.calibration.correction import (
    FEWEST_DESIGNS,
    Reported,
    fit_correction,
    read_correction,
)
from quant_model.errors import UserError
from search.calibration.draw import SETS, cases

XC7S25 = device("xc7s25")
OWN = load(XC7S25.fabric.calibration)
RESOURCES = XC7S25.fabric.additive
DESIGNS = [case.design for case in cases(dict.fromkeys(SETS, 8), XC7S25.fabric)]


def reported(count: int, seed: int = 1) -> list[Reported]:
    """As a tool that counts 12 % less logic than Yosys, 2 % more registers, and all memories alike."""
    rng = np.random.default_rng(seed)
    factors = {"lut": 0.88, "lutram": 1.0, "ff": 1.02, "bram18": 1.0, "dsp": 1.0}
    found = []
    for design in DESIGNS[:count]:
        used = estimate(design, XC7S25).resources
        noise = {name: rng.normal(1, 0.01) if name in ("lut", "ff") else 1.0 for name in RESOURCES}
        found.append(
            Reported(
                design,
                {name: round(used[name] * factors[name] * noise[name]) for name in RESOURCES},
            )
        )
    return found


@pytest.mark.parametrize("count", [FEWEST_DESIGNS, 6, 12])
def test_a_correction_predicts_designs_that_it_never_saw(count: int) -> None:
    base = OWN
    correction = fit_correction("vivado", "Vivado", reported(count), base, XC7S25.fabric)
    corrected = correction.over(base)
    for design in DESIGNS[12:]:
        before, after = estimate(design, XC7S25), estimate(design, XC7S25, corrected)
        assert after.calibration == "vivado"
        assert after.resources["lut"] == pytest.approx(0.88 * before.resources["lut"], rel=0.02)
        assert after.resources["ff"] == pytest.approx(1.02 * before.resources["ff"], rel=0.02)
        for name in ("bram18", "dsp"):
            assert after.resources[name] == before.resources[name]
        assert after.cycles == before.cycles
    # Registers that become memory are expected in parts of one, and reported whole.
    assert [factors["lutram"] for factors in correction.factors.values()] == pytest.approx([1] * 4, abs=0.01)
    mean, largest = correction.left_out["lut"]
    assert 0 < mean <= largest < 0.04


def test_one_odd_report_moves_little() -> None:
    found = reported(8)
    odd = Reported(found[0].design, {**found[0].counts, "lut": 2 * found[0].counts["lut"]})
    factors = fit_correction("vivado", "Vivado", [odd, *found[1:]], OWN, XC7S25.fabric).factors
    assert all(by_resource["lut"] == pytest.approx(0.88, abs=0.03) for by_resource in factors.values())


def test_too_few_designs() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        fit_correction("vivado", "Vivado", reported(2), OWN, XC7S25.fabric)


def test_the_file_gives_back_the_correction() -> None:
    base = OWN
    correction = fit_correction("vivado", "Vivado v.2022.2; xc7s15", reported(4), base, XC7S25.fabric)
    again = read_correction(correction.to_json(), "file", base, XC7S25.fabric)
    design = DESIGNS[-1]
    one, other = (estimate(design, XC7S25, found.over(base)).resources for found in (correction, again))
    assert one == other


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("{", "["), "is no calibration"),
        (('"format"', '"other"'), "is no calibration"),
        (("bitfront calibration 1", "bitfront calibration 9"), "is no calibration"),
        (('"base"', '"root"'), "is no calibration"),
        (('"lut"', '"luts"'), "is no calibration"),
        (('"base": "', '"base": "0'), "another version"),
    ],
)
def test_a_damaged_or_foreign_file(change: tuple[str, str], problem: str) -> None:
    text = fit_correction("vivado", "Vivado", reported(3), OWN, XC7S25.fabric).to_json()
    with pytest.raises(UserError, match=problem):
        read_correction(text.replace(*change), "file", OWN, XC7S25.fabric)
