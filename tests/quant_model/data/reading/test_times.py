from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data.reading.times import COUNTS, ISO, Times, check_format, parse_times


def parse(cells: list[str], time_format: str) -> Times:
    return parse_times(pa.array(cells, pa.string()), time_format)


def times(cells: list[str], time_format: str) -> list[datetime | None]:
    found = parse(cells, time_format)
    moments = found.micros.astype("datetime64[us]").tolist()
    return [None if bad else moment for moment, bad in zip(moments, found.bad, strict=True)]


NEW_YEAR = datetime(2024, 1, 1)


@pytest.mark.parametrize(
    ("cell", "time_format", "moment"),
    [
        ("2024-01-01", ISO, NEW_YEAR),
        ("2024-01-01T00:00Z", ISO, NEW_YEAR),
        ("2024-01-01 02:00:00,5+02:00", ISO, NEW_YEAR + timedelta(seconds=0.5)),
        ("2023-12-31 16:00-0800", ISO, NEW_YEAR),
        ("2024-01-01 00:00:00.123456789", ISO, NEW_YEAR + timedelta(microseconds=123456)),
        ("1.1.2024 0:00", "%d.%m.%Y %H:%M", NEW_YEAR),
        ("01/01/24 12:00 AM", "%m/%d/%y %I:%M %p", NEW_YEAR),
        ("1/1/2024, 12:30:00\u202fp.m.", "%d/%m/%Y, %I:%M:%S %p", NEW_YEAR + timedelta(hours=12.5)),
        ("31.12.2023 24:00", "%d.%m.%Y %H:%M", NEW_YEAR),
        ("202401010000", "%Y%m%d%H%M", NEW_YEAR),
        ("20240101.0", "%Y%m%d", NEW_YEAR),
        ("Mon, 1 Jan 2024 00:00:00 GMT", "%a, %d %b %Y %H:%M:%S %z", NEW_YEAR),
        ("1. Januar 2024", "%d. %b %Y", NEW_YEAR),
        ("01-janv.-2024", "%d-%b-%Y", NEW_YEAR),
        ("2024年1月1日 00:00", "%Y年%m月%d日 %H:%M", NEW_YEAR),
        ("2024-Q1", "%Y-Q%q", NEW_YEAR),
        ("4Q23", "%qQ%y", datetime(2023, 10, 1)),
        ("2024-W01", "%G-W%V", NEW_YEAR),
        ("2020-W53-7", "%G-W%V-%u", datetime(2021, 1, 3)),
        ("2024-001 00", "%Y-%j %H", NEW_YEAR),
        ("2024-366", "%Y-%j", datetime(2024, 12, 31)),
        ("01.01.2024 00:00 - 01.01.2024 01:00", "%d.%m.%Y %H:%M - ...", NEW_YEAR),
        ("01.01.2024", "%d.%m.%Y[ %H:%M]", NEW_YEAR),
        ("01.01.2024 01:00 CET", "%d.%m.%Y %H:%M %z", NEW_YEAR),
        ("1704067200", "epoch s", NEW_YEAR),
        ("1704067200.5", "epoch s", NEW_YEAR + timedelta(seconds=0.5)),
        ("1704067200000000001", "epoch ns", NEW_YEAR),
        ("45292.0", "excel", NEW_YEAR),
        ("45292.041667", "excel", NEW_YEAR + timedelta(hours=1)),
        ("2460310.5", "julian", NEW_YEAR),
        ("60310", "mjd", NEW_YEAR),
        ("739252", "matlab", NEW_YEAR),
        ("2024", "%Y", NEW_YEAR),
        ("70", "%y", datetime(1970, 1, 1)),
    ],
)
def test_every_way_to_write_a_time(cell: str, time_format: str, moment: datetime) -> None:
    check_format(time_format)
    assert times([cell, ""], time_format) == [moment, None]


@pytest.mark.parametrize(
    ("cell", "time_format"),
    [
        ("2024-02-30", ISO),
        ("2023-02-29", ISO),
        ("2024-13-01", ISO),
        ("2024-01-01 25:00", ISO),
        ("01/02/2024", ISO),
        ("2024-01-01 later", ISO),
        ("2024-01-01 24:01", ISO),
        ("1704067200", ISO),
        ("5Q24", "%qQ%y"),
        ("2024-W54", "%G-W%V"),
        ("2023-366", "%Y-%j"),
        ("13:00 PM 1.1.2024", "%I:%M %p %d.%m.%Y"),
        ("0 Foo 2024", "%d %b %Y"),
        ("later", "epoch s"),
        ("01.01.2024 01:00 XYZ", "%d.%m.%Y %H:%M %z"),
        ("31.04.2024", "%d.%m.%Y"),
        ("NaN", ISO),
    ],
)
def test_what_is_no_time(cell: str, time_format: str) -> None:
    assert times([cell], time_format) == [None]


def test_offsets_and_missing_cells_are_told() -> None:
    found = parse(["2024-01-01 00:00Z", "2024-01-01 00:00", "NA", "x"], ISO)
    assert found.offset.tolist() == [True, False, False, False]
    assert found.missing.tolist() == [False, False, True, False]
    assert found.bad.tolist() == [False, False, True, True]


def test_what_is_elapsed_begins_in_the_first_row() -> None:
    assert parse(["5000", "6000", "8000"], "elapsed ms").micros.tolist() == [0, 10**6, 3 * 10**6]


@pytest.mark.parametrize("wrong", ["%H:%M", "%Y-%Q", "%Y %Y", "%d.%m", "[%Y", "epoch", ""])
def test_a_format_that_means_nothing(wrong: str) -> None:
    with pytest.raises(ValueError, match="no time format"):
        check_format(wrong)


FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%d.%m.%y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d %B %Y %H:%M:%S.%f",
    "%Y%m%d%H%M%S",
    "%a %b %d %H:%M:%S %Y",
    "%G-W%V-%u %H:%M:%S",
    "%Y-%j %H:%M:%S.%f",
    "%d-%b-%Y %H.%M.%S",
)


@given(
    st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)), min_size=1, max_size=30),
    st.sampled_from(FORMATS),
)
def test_times_come_back(moments: list[datetime], time_format: str) -> None:
    whole = [moment if "%f" in time_format else moment.replace(microsecond=0) for moment in moments]
    read = time_format.replace("%B", "%b")
    assert times([moment.strftime(time_format) for moment in whole], read) == whole


@given(st.lists(st.datetimes(timezones=st.timezones() | st.just(UTC)), min_size=1, max_size=20))
def test_iso_times_are_those_that_python_reads(moments: list[datetime]) -> None:
    texts = [moment.isoformat() for moment in moments]
    # Offsets with seconds are none of ISO 8601.
    texts = [text for text in texts if text[-3] == ":" and text[-6] in "+-"]
    whole = [datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC) for text in texts]
    assert parse(texts, ISO).micros.tolist() == [one // timedelta(microseconds=1) for one in whole]


@given(st.lists(st.integers(0, 2**50), min_size=1, max_size=20), st.sampled_from(["epoch us", "epoch ms"]))
def test_counts_are_exact(counts: list[int], time_format: str) -> None:
    size = int(COUNTS[time_format][0])
    assert parse([str(count) for count in counts], time_format).micros.tolist() == [
        one * size for one in counts
    ]


def test_timestamps_are_taken_as_they_are() -> None:
    stamps = pa.array([NEW_YEAR, None], pa.timestamp("ns", tz="Europe/Berlin"))
    found = parse_times(stamps, "whatever")
    assert found.bad.tolist() == [False, True]
    assert found.offset.all()
    assert found.micros[0] == np.datetime64("2024-01-01", "us").astype(np.int64)
