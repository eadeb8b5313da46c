"""A file as people have it: a gap, a column that never changes, a column of words."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.data import load_series
from quant_model.errors import UserError
from search.service.session import begin
from search.study_files.datasets import data_from_bytes, data_from_file
from search.study_files.parser import data_path, load_spec
from tests.search.conftest import StudyMaker, series


def untidy(rows: int = 300) -> str:
    """Hourly, five hours missing, ``site`` always the same number, ``note`` words, ``load`` whole numbers."""
    lines = ["time,note,load,heat,site"]
    for row in range(rows):
        if not 100 <= row < 105:
            note = "" if row % 3 else "calm, cool"
            time = f"2024-01-{row // 24 + 1:02d}T{row % 24:02d}:00:00"
            lines.append(f'{time},"{note}",{row * 37 % 11 + row % 24},{row % 7}.5,42')
    return "\n".join(lines) + "\n"


def test_what_a_user_should_know_is_said_when_a_study_begins(
    make_study: StudyMaker, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_study({"features": 'features = ["load", "heat", "site"]'}, csv=untidy())

    study, _ = begin(file, None, None, tmp_path / "out", None)

    said = capsys.readouterr().err.splitlines()
    name = str(file.parent / "series.csv")
    assert said == [
        f"{name}: feature site is constant in the training rows: it carries nothing to learn from and costs "
        "area; leave it out of the features",
        f"{name}: 5 rows are missing; 6 windows lie across the gap in time and are left out",
    ]
    dataset = study.data().dataset(6)
    assert dataset.dropped_windows == 6
    for split in (dataset.train, dataset.validation, dataset.test):
        assert np.isfinite(split.x).all()
        assert (split.x[:][:, :, 2] == 0).all()


@pytest.mark.parametrize(
    ("replaced", "message"),
    [
        (
            {"features": 'features = ["load", "note"]'},
            "row 2 column note: 'calm, cool' is not a finite number; ",
        ),
        (
            {"targets": 'targets = ["note"]'},
            "row 2 column note: 'calm, cool' is not a finite number; ",
        ),
        ({"targets": 'targets = ["site"]'}, "column site: the target is 42 in every training row: "),
        ({"time": 'time = "note"'}, "row 2 column note: 'calm, cool' is not a time; write times as ISO 8601"),
        ({"features": 'features = ["Heat"]'}, "row 1: no column Heat; did you mean heat?"),
        ({"targets": 'targets = ["laod"]'}, "row 1: no column laod; did you mean load?"),
    ],
)
def test_a_column_that_cannot_serve_is_named_before_anything_is_made(
    make_study: StudyMaker, tmp_path: Path, replaced: dict[str, str], message: str
) -> None:
    file = make_study(replaced, csv=untidy())
    with pytest.raises(UserError) as caught:
        begin(file, None, None, tmp_path / "out", None)
    assert str(caught.value).startswith(f"{file.parent / 'series.csv'} {message}")
    assert str(caught.value).endswith('(labels need task = "classify")') == (
        "targets" in replaced and "note" in message
    )
    assert not (tmp_path / "out").exists()


def test_the_study_s_own_copy_gives_the_same_windows(make_study: StudyMaker, tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    csv = pytest.importorskip("pyarrow.csv")
    parquet = pytest.importorskip("pyarrow.parquet")
    file = make_study(csv=untidy())
    spec = load_spec(file)
    plain = data_from_file(spec, data_path(spec, file))

    (tmp_path / "series.csv.gz").write_bytes(gzip.compress(untidy().encode()))
    # What a table program saves: times as timestamps, whole numbers as integers, words as a dictionary.
    table = csv.read_csv(pyarrow.BufferReader(untidy().encode()))
    assert pyarrow.types.is_timestamp(table.schema.field("time").type)
    assert pyarrow.types.is_integer(table.schema.field("load").type)
    table = table.set_column(1, "note", table.column("note").dictionary_encode())
    parquet.write_table(table, tmp_path / "series.parquet")

    for name in ("series.csv.gz", "series.parquet"):
        content = (tmp_path / name).read_bytes()
        data = data_from_file(spec, tmp_path / name)
        assert data.dataset(6).digest == plain.dataset(6).digest
        again = data_from_bytes(spec, content, data.series.sha256)
        assert again.dataset(6).digest == plain.dataset(6).digest


def rows(change: Callable[[list[str]], object]) -> bytes:
    """The series with its lines changed; the header is line 1."""
    lines = series().splitlines()
    change(lines)
    return ("\n".join(lines) + "\n").encode()


def cell(row: int, column: int, text: str) -> Callable[[list[str]], None]:
    def change(lines: list[str]) -> None:
        cells = lines[row - 1].split(",")
        cells[column] = text
        lines[row - 1] = ",".join(cells)

    return change


DATA: dict[str, tuple[bytes, str]] = {
    "a word": (rows(cell(9, 1, "warm")), "row 9 column load: 'warm' is not a finite number"),
    "an empty cell": (rows(cell(9, 2, "")), "row 9 column heat: the value is missing"),
    "infinity": (rows(cell(300, 1, "inf")), "row 300 column load"),
    "underscore": (rows(cell(4, 1, "1_000")), "row 4 column load"),
    "decimal comma": (rows(cell(4, 1, '"3,5"')), "row 4 column load.*decimal point"),
    "a cell more": (rows(cell(7, 2, "1,2")), "row 7: 4 cells where the header has 3"),
    "a cell less": (rows(lambda lines: lines.__setitem__(6, "2024-01-01 05:00,3")), "row 7: 2 cells"),
    "no time": (rows(cell(5, 0, "")), "row 5 column time: the time is missing"),
    "a day that is none": (rows(cell(5, 0, "2024-02-30 00:00")), "row 5 column time.*is not a time"),
    "another way of time": (rows(cell(5, 0, "01/02/2024 03:00")), "row 5 column time.*ISO 8601"),
    "an offset in one row": (rows(cell(5, 0, "2024-01-01 03:00+01:00")), "row 5 column time.*UTC offset"),
    "rows exchanged": (rows(lambda lines: lines.insert(4, lines.pop(9))), r"row \d+ column time.*sort"),
    "a row twice": (rows(lambda lines: lines.insert(9, lines[9])), "row 11 column time.*keep one"),
    "between the steps": (rows(cell(9, 0, "2024-01-01 07:20")), r"row (9|10) column time.*steps of 1 h"),
    "header gone": (rows(lambda lines: lines.pop(0)), "row 1: no column time"),
    "column renamed": (rows(cell(1, 1, "Load")), "row 1: no column load.*did you mean Load"),
    "column twice": (rows(cell(1, 2, "load")), "row 1: no column heat|row 1: column load is there 2 times"),
    "semicolons in a row": (rows(lambda lines: lines.__setitem__(6, lines[6].replace(",", ";"))), "row 7: 1"),
    "too short": (rows(lambda lines: lines.__delitem__(slice(10, None))), "too short a series"),
    "only a header": (b"time,load,heat\n", "0 rows of data"),
    "empty": (b"", "series.csv: the file is empty"),
    "blank": (b"\n \n", "series.csv: the file is empty"),
    "not text": (bytes(range(256)) * 20, "series.csv: not text"),
    "bytes that are no letters": (rows(cell(9, 1, "\ufffd")), "row 9 column load"),
    "torn gzip": (b"\x1f\x8b\x08\x00torn", "gzip data are damaged"),
    "open quote": (rows(cell(4, 1, '"5')), "row 4"),
    "zero byte": (rows(cell(4, 1, "\0")), "row 4"),
    "huge": (rows(cell(4, 1, "1e308")), "column load: the values' spread overflows"),
}  # fmt: skip


@pytest.mark.parametrize("name", DATA)
def test_a_broken_data_file_is_refused_with_its_row(make_study: StudyMaker, name: str) -> None:
    content, message = DATA[name]
    file = make_study()
    data = file.parent / "series.csv"
    data.write_bytes(content)
    spec = load_spec(file)
    with pytest.raises(UserError) as caught:
        data_from_file(spec, data).check()
    told = str(caught.value)
    assert told.startswith(str(data))
    assert "\n" not in told
    assert re.search(message, told), told


def test_a_data_file_that_is_not_there_is_named(make_study: StudyMaker) -> None:
    file = make_study({"file": 'file = "other.csv"'})
    spec = load_spec(file)
    with pytest.raises(UserError, match=r"other\.csv: .*no such file"):
        data_from_file(spec, data_path(spec, file))


@settings(max_examples=100)
@given(data=st.data())
def test_no_edit_of_a_data_file_makes_a_traceback(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(series(40).encode())
    start = data.draw(st.integers(0, len(content)))
    put = data.draw(
        st.binary(max_size=6) | st.sampled_from([b",", b"\n", b'"', b"nan", b"-", b"2024-01-01 00:00,"])
    )
    content[start : start + data.draw(st.integers(0, 20))] = put
    file = tmp_path_factory.getbasetemp() / "edited.csv"
    file.write_bytes(content)
    columns = ("load", "heat"), ("load",)
    told = "edited.csv"
    try:
        load_series(file, "time", *columns, name="edited.csv")
    except UserError as error:
        told = str(error)
    assert told.startswith("edited.csv")
