from __future__ import annotations

import pytest

from search.init.formats import clock_formats, formats_of


@pytest.mark.parametrize(
    ("cell", "formats"),
    [
        ("2024-01-01 00:00", ("iso", "%Y-%m-%d %H:%M")),
        ("01.01.2024 00:00", ("%d.%m.%Y %H:%M",)),
        ("1/1/2024, 12:00:00 AM", ("%d/%m/%Y, %I:%M:%S %p", "%m/%d/%Y, %I:%M:%S %p")),
        ("01.02.24", ("%d.%m.%y", "%y.%m.%d")),
        ("03-05-2024", ("%d-%m-%Y", "%m-%d-%Y")),
        ("01-JAN-24 12.00.00.000000 AM", ("%d-%b-%y %I.%M.%S.%f %p",)),
        ("Mon, 01 Jan 2024 00:00:00 GMT", ("%a, %d %b %Y %H:%M:%S %z",)),
        ("Mon Jan 01 2024 00:00:00 GMT+0100 (CET)", ("%a %b %d %Y %H:%M:%S GMT%z...",)),
        ("01/Jan/2024:00:00:00 +0000", ("%d/%b/%Y:%H:%M:%S %z",)),
        ("202401010000", ("%Y%m%d%H%M", "%y%m%d%H%M%S", "%d%m%Y%H%M")),
        ("1. Januar 2024 00:00", ("%d. %b %Y %H:%M",)),
        ("01/01/2024 00:00 - 01/01/2024 01:00", ("%d/%m/%Y %H:%M - ...", "%m/%d/%Y %H:%M - ...")),
        ("2024-01-01T00:00Z/2024-01-01T01:00Z", ("%Y-%m-%dT%H:%M%z/...",)),
        ("20241221:0010", ("%Y%m%d:%H%M", "%d%m%Y:%H%M", "%m%d%Y:%H%M")),
        ("1990-Q1", ("%Y-Q%q",)),
        ("1990M01", ("%YM%m",)),
        ("00:00 01.01.2024", ("%H:%M %d.%m.%Y",)),
        ("2024:01:01 00:00:00", ("%Y:%m:%d %H:%M:%S",)),
        ("1.1.2024 0:00 Uhr", ("%d.%m.%Y %H:%M Uhr",)),
        ("15.51", ()),
        ("-3", ()),
        ("Total", ()),
        ("", ()),
    ],
)
def test_the_formats_that_a_cell_fits(cell: str, formats: tuple[str, ...]) -> None:
    assert formats_of(cell) == formats


@pytest.mark.parametrize(
    ("cell", "formats"),
    [("13:05", ("%H:%M",)), ("1:05 pm", ("%I:%M %p",)), ("2024-01-01", ()), ("5.123", ())],
)
def test_a_clock_time_alone(cell: str, formats: tuple[str, ...]) -> None:
    assert clock_formats(cell) == formats
