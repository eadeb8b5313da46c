"""A known series, written as people and programs write tables: the same numbers and times come back, or a
reason."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from quant_model.errors import UserError
from search.init import look

TIMES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%d-%m-%Y %H:%M:%S",
    "%d.%m.%y %H:%M:%S",
    "%m/%d/%y %H:%M:%S",
    "%d-%b-%Y %H:%M:%S",
    "%b %d, %Y %I:%M:%S %p",
    "%a, %d %b %Y %H:%M:%S GMT",
    "%Y%m%d%H%M%S",
    "%Y%m%d %H%M%S",
    "%Y%m%dT%H%M%SZ",
    "%d %B %Y %H:%M:%S",
    "%Y-%j %H:%M:%S",
    "%d/%b/%Y:%H:%M:%S +0000",
    "%H:%M:%S %d.%m.%Y",
    "%Y-%m-%d-%H.%M.%S",
    "epoch s",
    "epoch ms",
    "epoch us",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1")
HEADERS = (
    ("time", "load"),
    ("Zeitstempel", "Größe [°C]"),
    ("Date/Time", "Actual Total Load [MW]"),
    ("ts", "y"),
)
PREAMBLES: tuple[tuple[str, ...], ...] = (
    (),
    ("# logger v1.2", "# serial 42"),
    ("Station: Berlin", ""),
    ("Export of site 7", "Made 2023-05-01", ""),
)
FOOTERS: tuple[tuple[str, ...], ...] = ((), ("End of file",), ("",), ("", "Made by a logger", ""))
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "no": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
}
STEPS = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(days=1),
)


@dataclass(frozen=True)
class Notation:
    """How a series is written."""

    time: str
    separator: str
    decimal: str
    group: str
    decimals: int
    trimmed: bool
    quoting: int
    encoding: str
    header: tuple[str, str]
    preamble: tuple[str, ...]
    footer: tuple[str, ...]
    units: bool
    newline: str
    compression: str
    padded: bool
    trailing: bool

    def number(self, value: float) -> str:
        text = f"{value:,.{self.decimals}f}"
        if self.trimmed and "." in text:
            text = text.rstrip("0").rstrip(".")
        return text.replace(",", "\0").replace(".", self.decimal).replace("\0", self.group)

    def clock(self, time: datetime) -> str:
        seconds = round((time - datetime(1970, 1, 1)).total_seconds())
        counts = {"epoch s": seconds, "epoch ms": seconds * 1000, "epoch us": seconds * 10**6}
        return str(counts[self.time]) if self.time in counts else time.strftime(self.time)

    def write(self, times: list[datetime], values: list[float]) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.separator, quoting=self.quoting, lineterminator="\n")  # type: ignore[arg-type]
        rows = [list(self.header), *([["", "kW"]] if self.units else [])]
        rows += [[self.clock(time), self.number(value)] for time, value in zip(times, values, strict=True)]
        for row in rows:
            cells = [f" {cell} " if self.padded else cell for cell in row]
            writer.writerow([*cells, *([""] if self.trailing else [])])
        lines = [*self.preamble, *text.getvalue().splitlines(), *self.footer]
        content = (self.newline.join(lines) + self.newline).encode(self.encoding)
        return COMPRESSIONS[self.compression](content)


@st.composite
def notations(draw: st.DrawFn) -> Notation:
    separator = draw(st.sampled_from([",", ";", "\t", "|"]))
    header = draw(st.sampled_from(HEADERS))
    time = draw(st.sampled_from(TIMES))
    # Who writes the month first writes decimal points.
    decimal = draw(st.sampled_from([".", ","])) if "%m/%d" not in time else "."
    # 1.234 between commas is no thousand to anyone, nor is 1,234 beside a date with points.
    dotted = "%d.%m" in time
    groups = ["", "", " ", "'", "\u00a0"]
    if decimal == "," and (separator == ";" or dotted) and separator != ",":
        groups.append(".")
    if decimal == "." and not dotted:
        groups.append(",")
    group = draw(st.sampled_from(groups))
    # Letters that an encoding does not have cannot be written in it.
    narrow = all(ord(letter) < 256 for letter in time)
    encodings = ENCODINGS if narrow else ENCODINGS[:5]
    return Notation(
        time=time,
        separator=separator,
        decimal=decimal,
        group=group,
        decimals=draw(st.integers(0, 4)),
        trimmed=draw(st.booleans()),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        encoding=draw(st.sampled_from(encodings)),
        header=header,
        preamble=draw(st.sampled_from(PREAMBLES)),
        footer=draw(st.sampled_from(FOOTERS)),
        units=draw(st.booleans()),
        newline=draw(st.sampled_from(["\n", "\r\n"])),
        compression=draw(st.sampled_from(list(COMPRESSIONS))),
        padded=draw(st.booleans()) and separator != "\t",
        trailing=draw(st.booleans()),
    )


@st.composite
def serieses(draw: st.DrawFn, decimals: int) -> tuple[list[datetime], list[float]]:
    """Random walks of every usual size, rounded as they are written."""
    rows = draw(st.integers(60, 200))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = 10.0 ** draw(st.integers(0, 6))
    walk = np.cumsum(rng.normal(size=rows)) + draw(st.floats(-30, 30))
    values = [float(f"{value:.{decimals}f}") + 0.0 for value in size * walk / 10]
    start = datetime(draw(st.integers(1995, 2030)), draw(st.integers(1, 12)), draw(st.integers(1, 28)))
    start += timedelta(hours=draw(st.integers(0, 23)))
    step = draw(st.sampled_from(STEPS))
    return [start + row * step for row in range(rows)], values


@given(data=st.data())
def test_a_series_comes_back_or_is_refused_with_a_reason(data: st.DataObject) -> None:
    """500 examples: ``pytest tests/search/init/test_notations.py --hypothesis-profile=thorough``."""
    notation = data.draw(notations())
    times, values = data.draw(serieses(notation.decimals))
    content = notation.write(times, values)
    refused: UserError | None = None
    try:
        series = look(content, "data.csv").series
    except UserError as error:
        refused = error
    if refused is not None:
        # Only what may mean two things, or nothing to forecast, is refused.
        event("refused")
        assert str(refused).startswith("data.csv")
        assert "\n" not in str(refused)
        assert any(reason in refused.problem for reason in ("may be", "no column to forecast")), refused
        return
    assert series.time.tolist() == times
    assert series.targets[:, 0].tolist() == values


PLAIN = Notation(
    "%Y-%m-%d %H:%M:%S",
    ",",
    ".",
    "",
    2,
    False,
    csv.QUOTE_MINIMAL,
    "utf-8",
    ("time", "load"),
    (),
    (),
    False,
    "\n",
    "no",
    False,
    False,
)


@pytest.mark.parametrize("time", TIMES)
def test_every_way_to_write_a_time_is_read(time: str) -> None:
    """Over 20 days nothing is in doubt: none may be refused."""
    from dataclasses import replace

    times = [datetime(2024, 1, 1) + timedelta(hours=row) for row in range(480)]
    values = [round(50 + 10 * float(np.sin(row / 24)), 2) for row in range(480)]
    series = look(replace(PLAIN, time=time).write(times, values), "data.csv").series
    assert series.time.tolist() == times
    assert series.targets[:, 0].tolist() == values
