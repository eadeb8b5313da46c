"""Vivado's reports, read as they are printed."""

from __future__ import annotations

import re

import pytest

from cost_model.calibration.vivado_report import parse_report
from quant_model.errors import UserError
from tests.cost_model.calibration.reports import flat_report, hierarchical_report

COUNTS = {"lut": 2049, "lutram": 124, "ff": 3218, "bram18": 9, "dsp": 5}


@pytest.mark.parametrize("star", ["*", ""])
def test_flat_report(star: str) -> None:
    found = parse_report(flat_report(COUNTS, star=star), "here")
    assert found.counts == COUNTS
    assert (found.tool, found.top, found.part) == ("Vivado v.2022.2", "accelerator", "xc7s15ftgb196-1")


def test_older_reports_name_parts_and_columns_otherwise() -> None:
    text = flat_report(COUNTS, part="7a35tcpg236-1")
    text = re.sub(r" Prohibited \|", "", text).replace("|          0 |", "|")
    assert parse_report(text, "here").counts == COUNTS


@pytest.mark.parametrize(
    "part", ["xa7s15csga225-1i", "xq7a50tfg484-1m", "XC7VX485T-2FFG1761C", "xc7z010clg400-1"]
)
def test_every_grade_of_the_7_series_is_read(part: str) -> None:
    assert parse_report(flat_report(COUNTS, part=part), "here").part == part.lower()


def test_the_design_is_that_of_the_reports_name() -> None:
    text, digest = flat_report(COUNTS), "0123456789abcdef"
    assert parse_report(text, "here").design is None
    assert parse_report(text, f"vivado/utilization-{digest}.rpt").design == digest
    # The header keeps it when the file is called otherwise.
    named = text.replace("-file utilization.rpt", f"-file /tmp/x/vivado/utilization-{digest}.rpt")
    assert parse_report(named, "utilization.rpt").design == digest


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
