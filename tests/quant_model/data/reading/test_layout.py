"""What stands above, within and below the rows of a text."""

from __future__ import annotations

import pytest

from quant_model.data.reading.layout import read_text
from quant_model.data.reading.sheet import Sheet
from quant_model.errors import UserError

ROWS = [f"2024-01-{day:02d} 00:00,{day}.5" for day in range(1, 21)]
HEADER = "time,y"


def read(*lines: str, known: tuple[str, ...] = ()) -> Sheet:
    return read_text(("\n".join(lines) + "\n").encode(), "data.csv", None, known)


def refused(*lines: str) -> str:
    with pytest.raises(UserError) as caught:
        read(*lines)
    return str(caught.value)


def cells(sheet: Sheet, column: str) -> list[str]:
    return list(sheet.columns[column].to_pylist())


ABOVE: dict[str, tuple[list[str], list[str]]] = {
    "comments": (["# logger v1.2", "# serial 42"], ["rows 1, 2 above the header skipped: '# logger v1.2'"]),
    "an odd quotation mark in a comment": (
        ['# a 5" pipe'],
        ["row 1 above the header skipped: '# a 5\" pipe'"],
    ),
    "remarks": (["Station: Berlin", ""], ["row 1 above the header skipped: 'Station: Berlin'"]),
    "pairs as wide as rows": (
        ["Station,Berlin", "Rows,20"],
        ["rows 1, 2 above the header skipped: 'Station,Berlin'"],
    ),
    "a long sentence": (["Made by a logger, version 2, on 2024-02-01"], ["row 1 above the header skipped"]),
    "a declaration": (["sep=,"], ["row 1 above the header skipped: 'sep=,'"]),
}


@pytest.mark.parametrize("kind", ABOVE)
def test_lines_above_the_header(kind: str) -> None:
    above, said = ABOVE[kind]
    sheet = read(*above, HEADER, *ROWS)
    assert sheet.header == ("time", "y")
    assert len(sheet) == 20
    assert sheet.rows[0] == sheet.header_row + 1 == len(above) + 2
    assert [one[: len(words)] for one, words in zip(sheet.said, said, strict=True)] == said


@pytest.mark.parametrize(
    ("row", "unit"),
    [
        ("-,kW", "kW"),
        ("[UTC],[kW]", "kW"),
        (",kW", "kW"),
        ("yyyy-mm-dd hh:mm,°C", "°C"),
        ("datetime64,float64", ""),
    ],
)
def test_a_row_of_units_below_the_names(row: str, unit: str) -> None:
    sheet = read(HEADER, row, *ROWS)
    assert sheet.rows[0] == 3
    assert sheet.said == (f"row 2 ({row!r}) below the header skipped",)
    assert sheet.units.get("y", "") == unit


def test_several_rows_of_names() -> None:
    logger = ['"TOA5","CR1000X","4711"', '"TIMESTAMP","RECORD","RH"', '"TS","RN","%"', '"","","Smp"']
    sheet = read(*logger, *(row.replace(",", ",7,") for row in ROWS))
    assert sheet.header == ("TIMESTAMP", "RECORD", "RH")
    assert dict(sheet.units) == {"RH": "%"}
    sheet = read("time,pump,pump", "-,flow,pressure", *(f"{row},3" for row in ROWS))
    assert sheet.header == ("time", "pump flow", "pump pressure")


@pytest.mark.parametrize("mark", ["# ", "#"])
def test_names_may_stand_in_the_last_comment(mark: str) -> None:
    sheet = read("# made by numpy", f"{mark}{HEADER}", *ROWS)
    assert (sheet.header, sheet.header_row, len(sheet)) == (("time", "y"), 2, 20)


def test_without_a_header_names_are_made_up_and_no_row_is_lost() -> None:
    for separator in (",", ";", "\t"):
        sheet = read(*(row.replace(",", separator) for row in ROWS))
        assert (sheet.header, sheet.header_row, len(sheet)) == (("column1", "column2"), 0, 20)
        assert "no header line: columns called column1, column2" in sheet.said


SEPARATED: dict[str, list[str]] = {
    "semicolons and decimal commas": ["Zeit;y", *(f"{d:02d}.01.2024 00:00;{d},5" for d in range(1, 21))],
    "tabs and blanks in times": ["time\ty", *(row.replace(",", "\t") for row in ROWS)],
    "blanks": ["time y", *(row.replace(" ", "T").replace(",", "   ") for row in ROWS)],
    "bars": ["time|y", *(row.replace(",", "|") for row in ROWS)],
    "commas in quoted times": ["time,y", *(f'"{row[:10]}, 00:00:00 AM",{row[17:]}' for row in ROWS)],
}


@pytest.mark.parametrize("kind", SEPARATED)
def test_what_divides_cells(kind: str) -> None:
    sheet = read(*SEPARATED[kind])
    assert len(sheet.header) == 2
    assert len(sheet) == 20
    assert cells(sheet, "y")[4] in ("5.5", "5,5")


def test_a_blank_within_times_between_blanks() -> None:
    sheet = read("time y", *(row.replace(",", " ") for row in ROWS))
    assert sheet.header == ("time", "time clock", "y")
    sheet = read('"time" "y"', *(f'"{number}" "{row[:16]}" {row[17:]}' for number, row in enumerate(ROWS)))
    assert sheet.header == ("column1", "time", "y")
    assert cells(sheet, "time")[0] == "2024-01-01 00:00"


BELOW: dict[str, tuple[list[str], str]] = {
    "a remark": (["End of file"], "row 22 ('End of file') below the data left out"),
    "after a blank line": (["", "Made 2024-02-01"], "row 23 ('Made 2024-02-01') below the data left out"),
    "a row that is cut off": (["2024-01-2"], "row 22 ('2024-01-2') below the data left out"),
}


@pytest.mark.parametrize("kind", BELOW)
def test_lines_below_the_data_are_left_out_and_said(kind: str) -> None:
    below, lost = BELOW[kind]
    sheet = read(HEADER, *ROWS, *below)
    assert (len(sheet), sheet.lost) == (20, (lost,))


def test_repeated_headers_comments_and_blank_rows_within() -> None:
    sheet = read("# v1", HEADER, *ROWS[:9], "# v1", HEADER, "", ",", *ROWS[9:], "# stopped")
    assert len(sheet) == 20
    assert sheet.rows[[8, 9]].tolist() == [11, 16]
    assert sheet.lost == ("rows 12, 13 repeating the header left out",)
    assert "rows 12, 34 with # skipped" not in sheet.said  # row 12 is one of the header's
    assert any("row 27 with # skipped" in one or "rows 12, 27 with # skipped" in one for one in sheet.said)


def test_trailing_separators_and_columns_without_a_name() -> None:
    assert read(*(f"{line}," for line in (HEADER, *ROWS))).header == ("time", "y")
    assert read(HEADER, *(f"{row}," for row in ROWS)).header == ("time", "y")
    assert read(f"{HEADER},", *ROWS).header == ("time", "y")
    sheet = read(f",{HEADER}", *(f"{number},{row}" for number, row in enumerate(ROWS)))
    assert sheet.header == ("column1", "time", "y")
    assert sheet.said == ("column 1 has no name: called column1",)


def test_quoted_cells_may_hold_anything() -> None:
    sheet = read('time,"note, ""x""\n[kW]",y', *(row.replace(",", ',"a\nb, c",') for row in ROWS))
    assert sheet.header == ("time", 'note, "x"\n[kW]', "y")
    assert cells(sheet, sheet.header[1])[0] == "a\nb, c"
    assert sheet.rows[:3].tolist() == [3, 5, 7]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [HEADER, *ROWS[:9], "2024-01-10 00:00", *ROWS[9:]],
            "data.csv row 11: 1 cells where the header has 2; ",
        ),
        (
            [HEADER, *ROWS[:9], "2024-01-10,1,2", *ROWS[9:]],
            "data.csv row 11: 3 cells where the header has 2; ",
        ),
        ([HEADER, *ROWS, *["torn"] * 6], "data.csv row 22: 1 cells where the header has 2; "),
        ([HEADER, *ROWS[:9], '2024-01-10 00:00,"1', *ROWS[9:]], "data.csv row 11: not valid CSV"),
        (["time,y,y", *(f"{row},1" for row in ROWS)], "data.csv row 1: column y is there 2 times; "),
    ],
)
def test_a_row_that_does_not_fit_is_named(lines: list[str], message: str) -> None:
    assert refused(*lines).startswith(message)


def test_known_names_find_the_header_whatever_stands_above() -> None:
    lines = ["a,b", "1,2", HEADER, *ROWS]
    assert read(*lines, known=("time", "y")).rows[0] == 4
