"""Vivado's reports: read as they are printed, and a calibration made from them."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cost_model import device, estimate, load
from cost_model.calibration.correction import (
    FEWEST_DESIGNS,
    Reported,
    fit_correction,
    read_correction,
)
from cost_model.calibration.vivado_report import parse_report
from cost_model.devices import RESOURCES
from quant_model.errors import UserError
from tests.cost_model.designs import random_designs
from tests.cost_model.reports import flat_report, hierarchical_report

COUNTS = {"lut": 2049, "lutram": 124, "ff": 3218, "bram18": 9, "dsp": 5}
XC7S25 = device("xc7s25")
DESIGNS = random_designs(8)


@pytest.mark.parametrize("star", ["*", ""])
def test_flat_report(star: str) -> None:
    found = parse_report(flat_report(COUNTS, star=star), "here")
    assert found.counts == COUNTS
    assert (found.tool, found.top, found.part) == ("Vivado v.2022.2", "accelerator", "xc7s15ftgb196-1")


def test_older_reports_name_parts_and_columns_otherwise() -> None:
    text = flat_report(COUNTS, part="7a35tcpg236-1")
    text = re.sub(r" Prohibited \|", "", text).replace("|          0 |", "|")
    assert parse_report(text, "here").counts == COUNTS


def test_hierarchical_report() -> None:
    assert parse_report(hierarchical_report(COUNTS), "here").counts == COUNTS


def test_windows_line_ends() -> None:
    assert parse_report(flat_report(COUNTS).replace("\n", "\r\n"), "here").counts == COUNTS


@pytest.mark.parametrize(
    "row", ["LUT as Logic", "LUT as Memory", "Slice Registers", "Block RAM Tile", "DSPs"]
)
def test_a_missing_row_is_named(row: str) -> None:
    lines = [line for line in flat_report(COUNTS).splitlines() if row not in line]
    with pytest.raises(UserError, match=f'^here: has no row "{row}"; write it again'):
        parse_report("\n".join(lines), "here")


def test_a_file_cut_anywhere_is_refused_or_read_right() -> None:
    text = flat_report(COUNTS)
    messages = [refusal(text[:end]) for end in range(0, len(text), 97)]
    # The last row that counts is near the end; a row cut in two is none.
    assert 0 < messages.count(None) < len(messages) / 4
    assert all(message is None or message.startswith("here: ") for message in messages)


def refusal(text: str) -> str | None:
    """Why a report is refused; None when it is read, and read right."""
    try:
        found = parse_report(text, "here")
    except UserError as error:
        return str(error)
    assert found.counts == COUNTS
    return None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is no Vivado utilisation report"),
        ("Hello\n| Device : xc7s15\n", "is no Vivado utilisation report"),
        (flat_report(COUNTS, part="xczu3eg-sbva484-1-e"), "not of a 7-series part"),
        (flat_report(COUNTS, part="xcku040-ffva1156-2-e"), "not of a 7-series part"),
        (flat_report(COUNTS).split("1. Slice Logic\n---")[0], "holds no table"),
        (hierarchical_report(COUNTS).split("|     accelerator")[0], "has no row of the whole design"),
        (hierarchical_report(COUNTS).replace("Logic LUTs", "LUTs"), 'has no column "Logic LUTs"'),
        (flat_report(COUNTS).replace("| 3218 |", "|  n/a |"), 'row "Slice Registers" holds no count'),
    ],
)
def test_what_is_no_report(text: str, problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        parse_report(text, "here")


def reported(count: int, seed: int = 1) -> list[Reported]:
    """As a tool that counts 12 % less logic than Yosys, 2 % more registers, and all memories alike."""
    rng = np.random.default_rng(seed)
    factors = {"lut": 0.88, "lutram": 1.0, "ff": 1.02, "bram18": 1.0, "dsp": 1.0}
    found = []
    for design in DESIGNS[:count]:
        used = estimate(design, XC7S25).resources
        noise = {name: rng.normal(1, 0.01) if name in ("lut", "ff") else 1.0 for name in RESOURCES}
        found.append(
            Reported(design, {name: round(used[name] * factors[name] * noise[name]) for name in RESOURCES})
        )
    return found


@pytest.mark.parametrize("count", [FEWEST_DESIGNS, 6, 12])
def test_a_correction_predicts_designs_that_it_never_saw(count: int) -> None:
    base = load()
    correction = fit_correction("vivado", "Vivado", reported(count), base)
    corrected = correction.over(base)
    for design in DESIGNS[12:]:
        before, after = estimate(design, XC7S25), estimate(design, XC7S25, corrected)
        assert after.calibration == "vivado"
        assert after.resources["lut"] == pytest.approx(0.88 * before.resources["lut"], rel=0.02)
        assert after.resources["ff"] == pytest.approx(1.02 * before.resources["ff"], rel=0.02)
        for name in ("lutram", "bram18", "dsp"):
            assert after.resources[name] == before.resources[name]
        assert after.cycles == before.cycles
    mean, largest = correction.left_out["lut"]
    assert 0 < mean <= largest < 0.04


def test_one_odd_report_moves_little() -> None:
    found = reported(8)
    odd = Reported(found[0].design, {**found[0].counts, "lut": 2 * found[0].counts["lut"]})
    factors = fit_correction("vivado", "Vivado", [odd, *found[1:]], load()).factors
    assert all(by_resource["lut"] == pytest.approx(0.88, abs=0.03) for by_resource in factors.values())


def test_too_few_designs() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        fit_correction("vivado", "Vivado", reported(2), load())


def test_the_file_gives_back_the_correction() -> None:
    base = load()
    correction = fit_correction("vivado", "Vivado v.2022.2; xc7s15", reported(4), base)
    again = read_correction(correction.to_json(), "file", base)
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
    text = fit_correction("vivado", "Vivado", reported(3), load()).to_json()
    with pytest.raises(UserError, match=problem):
        read_correction(text.replace(*change), "file", load())
