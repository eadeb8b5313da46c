"""Whole files of every kind: the same columns come out, or one line says what the file is."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from quant_model.data.reading.reader import number_cells, timed
from quant_model.data.reading.settings import Reading
from quant_model.data.reading.source import read_sheet
from quant_model.errors import UserError

START = datetime(2024, 1, 1)
ROWS = 30
TIMES = [START + row * timedelta(hours=1) for row in range(ROWS)]
VALUES = [row * 1.5 - 3 for row in range(ROWS)]
TEXT = "time,y\n" + "".join(
    f"{time:%Y-%m-%d %H:%M},{value}\n" for time, value in zip(TIMES, VALUES, strict=True)
)
READING = Reading(("time",))


def zipped(**files: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def parquet(**columns: object) -> bytes:
    buffer = io.BytesIO()
    pa.parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def xlsx(*rows: object, sheets: int = 1) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for _ in range(sheets - 1):
        book.create_sheet().append(["made by a logger"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def pairs() -> list[tuple[object, object]]:
    return list(zip(TIMES, VALUES, strict=True))


KINDS: dict[str, Callable[[], bytes]] = {
    "plain": TEXT.encode,
    "gzip": lambda: gzip.compress(TEXT.encode()),
    "bzip2": lambda: bz2.compress(TEXT.encode()),
    "xz": lambda: lzma.compress(TEXT.encode()),
    "twice compressed": lambda: gzip.compress(gzip.compress(TEXT.encode())),
    "zip": lambda: zipped(**{"data/a.csv": TEXT, "__MACOSX/._a.csv": "x", ".DS_Store": "x"}),
    "byte order mark": lambda: TEXT.encode("utf-8-sig"),
    "UTF-16": lambda: TEXT.encode("utf-16"),
    "UTF-16 without a mark": lambda: TEXT.encode("utf-16-le"),
    "UTF-16, big end first": lambda: TEXT.encode("utf-16-be"),
    "UTF-32": lambda: TEXT.encode("utf-32"),
    "Windows lines": lambda: TEXT.replace("\n", "\r\n").encode(),
    "old Mac lines": lambda: TEXT.replace("\n", "\r").encode(),
    "no line end": lambda: TEXT.rstrip().encode(),
    "tabs": lambda: TEXT.replace(",", "\t").encode(),
    "bars with borders": lambda: (
        "|" + TEXT.strip().replace(",", "|").replace("\n", "|\n|") + "|\n"
    ).encode(),
    "blanks around": lambda: TEXT.replace(",", " , ").encode(),
    "all quoted": lambda: ('"' + TEXT.strip().replace(",", '","').replace("\n", '"\n"') + '"').encode(),
    "Parquet": lambda: parquet(time=TIMES, y=VALUES),
    "Parquet, nanoseconds": lambda: parquet(time=pa.array(TIMES, pa.timestamp("ns")), y=VALUES),
    "Parquet, a zone": lambda: parquet(
        time=pa.array(TIMES, pa.timestamp("us", tz="Europe/Berlin")), y=VALUES
    ),
    "Parquet, words": lambda: parquet(
        time=[f"{time}" for time in TIMES], y=[f" {value} " for value in VALUES]
    ),
    "Parquet, a dictionary": lambda: parquet(
        time=pa.array([f"{one}" for one in TIMES]).dictionary_encode(), y=VALUES
    ),
    "Parquet, decimals": lambda: parquet(
        time=TIMES, y=pa.array([f"{v}" for v in VALUES]).cast(pa.decimal128(9, 2))
    ),
    "Excel": lambda: xlsx(("time", "y"), *pairs()),
    "Excel, a remark above": lambda: xlsx(
        ("Logger 7", None), (None, None), ("time", "y"), *pairs(), sheets=2
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_same_series(kind: str) -> None:
    sheet = read_sheet(KINDS[kind](), "data", ["time", "y"], ["time", "y"])
    table = timed(sheet, READING)
    assert table.micros.astype("datetime64[us]").tolist() == TIMES
    assert number_cells(table.sheet, "y", READING).values.tolist() == VALUES
    # And without knowing any name.
    assert set(read_sheet(KINDS[kind](), "data").header) == {"time", "y"}


def test_an_index_without_a_name_is_called_index() -> None:
    sheet = read_sheet(parquet(y=VALUES, __index_level_0__=TIMES), "data")
    assert sheet.header == ("y", "index")
    assert sheet.said == ("the index without a name is called index",)


def test_dates_and_lengths_of_time_in_parquet() -> None:
    days = [date(2024, 1, 1) + timedelta(days=row) for row in range(ROWS)]
    sheet = read_sheet(parquet(day=days, up=pa.array(range(ROWS), pa.duration("ms")), y=VALUES), "data")
    assert timed(sheet, Reading(("day",))).micros.astype("datetime64[us]").tolist()[1] == datetime(2024, 1, 2)
    assert timed(sheet, Reading(("up",), "elapsed us")).micros.tolist() == [row * 1000 for row in range(ROWS)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "data: the file is empty"),
        (b" \n\r\n", "data: the file is empty"),
        (b"\xef\xbb\xbf", "data: the file is empty"),
        (b"PAR1 and no more", "data: not a readable Parquet file"),
        (b"PK\x03\x04 and no more", "data: the zip data are damaged"),
        (b"\x1f\x8b\x08\x00torn", "data: the gzip data are damaged"),
        (b"BZh9torn", "data: the bzip2 data are damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "data: an old Excel file"),
        (b"\x89HDF\r\n\x1a\n", "data: an HDF5 file"),
        (b"SQLite format 3\x00", "data: an SQLite database"),
        (b"ARROW1\x00\x00", "data: an Arrow file"),
        (b"\x89PNG\r\n", "data: a picture"),
        (b'{"a": 1}', "data: JSON, not a table"),
        (b'[{"a": 1}]', "data: JSON, not a table"),
        (b"<!DOCTYPE html><html>", "data: a web page or XML"),
        (bytes(np.random.default_rng(0).integers(0, 256, 4000, np.uint8)), "data: not text"),
        (b"\xff\xfe" + "time,y\n".encode("utf-16-le") + b"\x00\xd8", "data row 2: not text in UTF-16"),
    ],
)
def test_what_is_no_table_is_named(content: bytes, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_sheet(content, "data")
    assert str(caught.value).startswith(message)


def test_archives_and_books_of_several_tables_are_refused() -> None:
    with pytest.raises(UserError, match=r"a zip archive of 2 files \(a.csv, b.csv\); unpack it"):
        read_sheet(zipped(**{"a.csv": TEXT, "b.csv": TEXT}), "data")
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for sheet in (book.active, book.create_sheet("second")):
        for row in (("time", "y"), *pairs()):
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    with pytest.raises(UserError, match=r"2 sheets with tables \(Sheet, second\); save the sheet"):
        read_sheet(buffer.getvalue(), "data")


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp1252", "Größe [°C]"),
        ("cp850", "Größe [°C]"),
        ("gb18030", "有功功率"),
        ("cp932", "電力"),
        ("cp1251", "Нагрузка"),
    ],
)
def test_letters_of_older_encodings(encoding: str, name: str) -> None:
    sheet = read_sheet(TEXT.replace(",y", f",{name}").encode(encoding), "data")
    assert sheet.header == ("time", name)
    assert sheet.said == (f"letters read as {encoding}",)
