"""Broken study files and data files, made by mutation: each is refused in one line that names the place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.data import Series, load_series
from quant_model.errors import UserError
from search.commands.cli import run_cli
from search.study_files.parser import parse_spec
from search.study_files.spec import StudySpec
from tests.search import conftest
from tests.search.conftest import StudyMaker, series

EXTRA = """
[space.tensors."layer0.query"]
weight_bits = [4, 6]
memory = "logic"
"""
TOML = conftest.TOML.rstrip("\n") + "\n" + EXTRA
LINES = TOML.splitlines()
KEYS = [index for index, line in enumerate(LINES) if "=" in line]
TABLES = [index for index, line in enumerate(LINES) if line.startswith("[")]
REQUIRED = [
    index
    for index in KEYS
    if LINES[index].split()[0] in ("name", "file", "time", "features", "targets", "window")
]


def replaced(index: int, line: str) -> str:
    return "\n".join([*LINES[:index], line, *LINES[index + 1 :]]) + "\n"


def key_of(index: int) -> str:
    return LINES[index].split(" = ")[0]


def study_mutants() -> dict[str, tuple[str, str]]:
    """Texts of broken study files with what the message must hold, by name."""
    found: dict[str, tuple[str, str]] = {}
    for index in KEYS:
        key, line = key_of(index), index + 1
        known = rf"line {line}\b.*unknown key.*did you mean {key}\?"
        found[f"{line} misspelt {key}"] = replaced(index, LINES[index].replace(key, key[:-1] + "z", 1)), known
        found[f"{line} {key} of the wrong kind"] = (
            replaced(index, f"{key} = {{ wrong = true }}"),
            rf"line {line}\b.*{key}",
        )
        found[f"{line} {key} twice"] = (
            replaced(index, f"{LINES[index]}\n{LINES[index]}"),
            rf"line {line + 1}\b",
        )
        found[f"{line} {key} without a value"] = replaced(index, f"{key} ="), rf"line {line}\b"
        found[f"{line} {key} empty"] = replaced(index, f"{key} = []"), rf"line {line}\b.*{key}"
    for index in REQUIRED:
        found[f"{index + 1} {key_of(index)} gone"] = (
            replaced(index, ""),
            rf"\] {key_of(index)}: the key is missing",
        )
    for index in TABLES:
        table = LINES[index].strip("[]")
        message = "unknown key|missing|no engine|cannot declare|no valid TOML"
        found[f"{index + 1} table {table} misspelt"] = replaced(index, f"[x{table}]"), message
        found[f"{index + 1} table {table} open"] = replaced(index, f"[{table}"), rf"line {index + 1}\b.*TOML"
    for name, (start, changed, message) in VALUES.items():
        (index,) = (number for number in KEYS if LINES[number].startswith(start))
        found[name] = replaced(index, changed), message
    return found


VALUES = {
    "bits too many": ("weight_bits = {", "weight_bits = 9", "9 is not allowed.*allowed: .* 2..8"),
    "range turned round": ("activation_bits", "activation_bits = { min = 8, max = 4 }", "8..4 .* is empty"),
    "range misspelt": ("activation_bits", "activation_bits = { min = 2, maxx = 4 }", "a range is written"),
    "a fraction of a bit": ("activation_bits", "activation_bits = 4.5", "activation_bits"),
    "number as text": ("trials", 'trials = "3"', "'3' is not allowed"),
    "nothing to train": ("trials", "trials = 0", "0 is not allowed"),
    "unknown device": ('name = "xc7s15"', 'name = "xc7z15"', r"\[device\] name.*did you mean xc7"),
    "unknown buffer": ("buffer", 'buffer = ["bram"]', "allowed: auto, distributed, block"),
    "too wide": ("d_model", "d_model = 256", "256 is not allowed.*4..128"),
    "name with a blank": ('name = "tiny"', 'name = "ti ny"', "'ti ny' is not allowed"),
    "no such file": ("file", 'file = "other.csv"', "other.csv.*no such file"),
    "no such column": ("targets", 'targets = ["laod"]', "series.csv row 1.*did you mean load"),
    "time as a feature": ("features", 'features = ["time"]', r"line \d+ \[data\].*the time column time"),
    "endless learning rate": ("epochs", "learning_rate = inf", r"line \d+ \[training\] learning_rate"),
}  # fmt: skip
MUTANTS = study_mutants()


@pytest.fixture
def refused(make_study: StudyMaker, capsys: pytest.CaptureFixture[str]) -> Callable[[bytes, bytes], str]:
    """Run a study that must be refused; return the message. Nothing may have been made."""

    def run(toml: bytes, csv: bytes) -> str:
        file = make_study()
        file.write_bytes(toml)
        (file.parent / "series.csv").write_bytes(csv)
        out = file.parent / "out"
        capsys.readouterr()
        assert run_cli(["run", str(file), "--out", str(out)]) == 2
        shown, error = capsys.readouterr()
        assert shown == ""
        assert re.fullmatch(r"error: [^\n]+: [^\n]+; [^\n]+\n", error)
        assert "Traceback" not in error
        assert sorted(path.name for path in file.parent.iterdir()) == ["series.csv", "tiny.toml"]
        return error

    return run


def test_there_are_plenty() -> None:
    assert len(MUTANTS) > 100
    assert len(DATA) >= 15


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_study_file(name: str, refused: Callable[[bytes, bytes], str]) -> None:
    toml, message = MUTANTS[name]
    error = refused(toml.encode(), series().encode())
    assert re.search(message, error), error
    assert "tiny.toml" in error or "series.csv" in error or "other.csv" in error


@pytest.mark.parametrize("toml", [b"", b"\xff\xfe[study]", b"\x00", b"study", b"= 3", b"[study]\nname = '\n"])
def test_a_file_that_is_no_study(toml: bytes, refused: Callable[[bytes, bytes], str]) -> None:
    assert "tiny.toml" in refused(toml, series().encode())


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
    "semicolons in one row": (rows(lambda lines: lines.__setitem__(6, lines[6].replace(",", ";"))), "row 7: 1 cells"),
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
def test_a_broken_data_file(name: str, refused: Callable[[bytes, bytes], str]) -> None:
    csv, message = DATA[name]
    error = refused(conftest.TOML.encode(), csv)
    assert "series.csv" in error
    assert re.search(message, error), error


def refusal(read: Callable[[], StudySpec | Series]) -> str:
    """The message when something is refused, else the name of what came out, a study's or a series'."""
    try:
        found = read()
    except UserError as error:
        return str(error)
    return found.name if isinstance(found, Series) else "tiny.toml"


@settings(max_examples=200)
@given(data=st.data())
def test_no_edit_of_a_study_file_makes_a_traceback(data: st.DataObject) -> None:
    """Some stretch of the file is replaced by another one or by anything: a spec or a message comes out."""
    start = data.draw(st.integers(0, len(TOML)))
    stop = data.draw(st.integers(start, min(start + 30, len(TOML))))
    other = data.draw(st.integers(0, len(TOML) - 10))
    put = data.draw(
        st.sampled_from([TOML[other : other + 10], "-1", '"', "{", "\n[data]\n"]) | st.text(max_size=5)
    )
    assert refusal(lambda: parse_spec(TOML[:start] + put + TOML[stop:], "tiny.toml")).startswith("tiny.toml")


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
    shown = refusal(lambda: load_series(file, "time", *columns, name="edited.csv"))
    assert shown.startswith("edited.csv")


def test_a_folder_in_place_of_a_file(make_study: StudyMaker, capsys: pytest.CaptureFixture[str]) -> None:
    file: Path = make_study()
    assert run_cli(["run", str(file.parent)]) == 2
    assert "cannot read the study file (is a directory)" in capsys.readouterr().err
