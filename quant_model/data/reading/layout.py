"""A text file's rows and columns: separator, names, what is skipped, and rows that are not as wide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from quant_model.data.reading.head import SEPARATORS, Head, find_head
from quant_model.data.reading.records import COMMENT, Records, find_records, split
from quant_model.data.reading.sheet import Cells, Sheet, column_place
from quant_model.errors import UserError

__all__ = ["read_text"]

_SAMPLE, _TAIL = 60, 30
"""Records from which the layout is told."""
_LONGEST_FOOTER = 5
"""Rows below the data that are left out; with more of them the file is torn."""
_SHOWN = 60


@dataclass(frozen=True, eq=False)
class _Body:
    """Which records are rows of data.

    Attributes:
        rows: ``(rows,)`` their indices.
        said: What was passed over that is no data.
        lost: What was left out that may be data.
    """

    rows: npt.NDArray[np.int64]
    said: list[str]
    lost: list[str]


def read_text(
    text: bytes, name: str, columns: Sequence[str] | None = None, known: Sequence[str] = ()
) -> Sheet:
    r"""Read the rows and columns of a text.

    Args:
        text: UTF-8, lines ending in ``\n``.
        name: What messages call the file.
        columns: The columns to read; None for all.
        known: Names that are known to be among the columns: where they stand together the names are.

    Raises:
        UserError: There is no such column, or twice; a row has more or fewer cells than there are names; a
            quotation is not closed.
    """
    records = find_records(text, name)
    first = _sample(records, 0, _SAMPLE)
    head = find_head(first, _sample(records, max(_SAMPLE, len(records) - _TAIL), len(records)), known)
    if head is None:
        head = Head(",", tuple(split(first[0], ",")) if first else (), 0, 1)
    divided = head.separator
    if divided == " ":
        records = find_records(_with_tabs(text), name)
        head = replace(head, separator="\t")
    counts = records.cells(head.separator)
    head, said = _fitted(head, records, counts, name)
    body = _body(records, counts, head, name)
    header, made_up = _names(head.header)
    place = f"{name} row {records.lines[head.row] if head.row is not None else 1}"
    for column in header if columns is None else columns:
        column_place(column, header, place)
    cells = _read_cells(records.joined(body.rows), head.separator, header, columns, name)
    if columns is None:
        cells, unnamed = _without_empty(cells, made_up if head.row is not None else ())
        said += [f"column {number} has no name: called {one}" for number, one in unnamed]
    return Sheet(
        name=name,
        header=tuple(cells),
        columns=cells,
        rows=records.lines[body.rows],
        said=(*_head_said(head, divided, records, header), *said, *body.said),
        lost=tuple(body.lost),
        units={column: unit for column, unit in head.units.items() if column in cells},
        separator=divided,
        header_row=0 if head.row is None else int(records.lines[head.row]),
    )


def _sample(records: Records, start: int, stop: int) -> list[str]:
    return [records.record(index) for index in range(start, min(stop, len(records)))]


def _with_tabs(text: bytes) -> bytes:
    """Cells between blanks, however many, as cells between tabs; what is quoted stays as it is."""
    text = re.sub(rb"(?m)^[ \t]+|[ \t]+$", b"", text)
    if b'"' not in text:
        return re.sub(rb"[ \t]+", b"\t", text)
    return re.sub(rb'("[^"\n]*")|[ \t]+', lambda found: found[1] or b"\t", text)


def _fitted(head: Head, records: Records, counts: npt.NDArray[np.int64], name: str) -> tuple[Head, list[str]]:
    """The head with as many names as rows have cells, where one more or less has a plain reason."""
    width = len(head.header)
    said: list[str] = []
    own = counts[head.body :]
    own = own[records.stops[head.body :] > records.starts[head.body :]]
    if not len(own) or np.count_nonzero(own == width) * 2 >= len(own):
        return head, said
    common = int(np.bincount(own).argmax())
    typical = head.body + int(np.flatnonzero(counts[head.body :] == common)[0])
    cells = split(records.record(typical), head.separator)
    if common == width + 1 and not cells[-1]:
        return replace(head, header=(*head.header, "")), said
    if common == width - 1 and not head.header[-1]:
        return replace(head, header=head.header[:-1]), said
    if common == width + 1 and re.fullmatch(r"\d{1,2}:\d\d(:\d\d.*)?", cells[1]):
        first = head.header[0]
        said.append(f"column {first} has a blank in its cells: the part behind it is called {first} clock")
        return replace(head, header=(first, f"{first} clock", *head.header[1:])), said
    if common == width + 1 and re.fullmatch(r"\d+", cells[0]):
        return replace(head, header=("", *head.header)), said
    raise _uneven(records, typical, common, width, name)


def _uneven(records: Records, index: int, found: int, width: int, name: str) -> UserError:
    return UserError(
        f"{name} row {records.lines[index]}",
        f"{found} cells where the header has {width}",
        "write one cell for each column, quote cells that hold the separator",
    )


def _body(records: Records, counts: npt.NDArray[np.int64], head: Head, name: str) -> _Body:
    """Tell rows of data from what else stands below the names."""
    width = len(head.header)
    rows = np.arange(head.body, len(records))
    said: list[str] = []
    lost: list[str] = []
    keep = counts[rows] == width
    comments = _starting_with(records, rows, COMMENT)
    if 2 * np.count_nonzero(comments) < len(rows):
        if comments.any():
            said.append(f"{_many(records, rows[comments])} with {COMMENT} skipped")
        keep &= ~comments
    else:
        comments = np.zeros(len(rows), np.bool_)
    again = _repeats(records, rows, head)
    if again.any():
        lost.append(f"{_many(records, rows[again])} repeating the header left out")
    blank = np.zeros(len(rows), np.bool_)
    short = records.stops[rows] - records.starts[rows]
    for index in np.flatnonzero((~keep | (short < width)) & ~comments & ~again):
        blank[index] = not records.record(int(rows[index])).strip(f' \t"{head.separator}')
    keep &= ~again & ~blank
    odd = rows[~keep & ~comments & ~again & ~blank]
    if len(odd):
        below = odd[odd > rows[keep].max(initial=-1)]
        if len(below) < len(odd) or len(below) > _LONGEST_FOOTER or np.count_nonzero(keep) < 2:
            bad = int(odd[0])
            raise _uneven(records, bad, int(counts[bad]), width, name)
        lost += [f"{_shown(records, int(index))} below the data left out" for index in below]
    return _Body(rows[keep], said, lost)


def _starting_with(records: Records, rows: npt.NDArray[np.int64], mark: str) -> npt.NDArray[np.bool_]:
    data = np.frombuffer(records.text + b"\n", np.uint8)
    return np.asarray(data[records.starts[rows]] == ord(mark), np.bool_)


def _repeats(records: Records, rows: npt.NDArray[np.int64], head: Head) -> npt.NDArray[np.bool_]:
    """Rows that are what stands above the data once more, as where files were joined."""
    found = np.zeros(len(rows), np.bool_)
    if head.row is None:
        return found
    length = records.stops[rows] - records.starts[rows]
    data = np.frombuffer(records.text + b"\n", np.uint8)
    begin = data[records.starts[rows]]
    for above in range(head.body):
        record = records.text[records.starts[above] : records.stops[above]]
        if record.strip():
            alike = np.flatnonzero((length == len(record)) & (begin == record[0]))
            for index in alike:
                start = records.starts[rows[index]]
                found[index] |= records.text[start : start + len(record)] == record
    return found


def _names(header: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns' names, those without one called ``column2``; and the made-up ones."""
    names = tuple(name or f"column{number}" for number, name in enumerate(header, 1))
    return names, tuple(name for name, own in zip(names, header, strict=True) if not own)


def _read_cells(
    body: bytes, separator: str, header: Sequence[str], columns: Sequence[str] | None, name: str
) -> dict[str, Cells]:
    """The cells of the wanted columns as text without blanks around it."""
    wanted = [(str(place), one) for place, one in enumerate(header) if columns is None or one in columns]
    if not body:
        return {one: pa.array([], pa.string()) for _, one in wanted}
    body = re.sub(re.escape(separator.encode()) + rb' +"', separator.encode() + b'"', body)
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(body),
            read_options=pa.csv.ReadOptions(
                column_names=[str(place) for place in range(len(header))],
                block_size=max(1 << 20, 2 * _longest(body)),
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=separator, newlines_in_values=b'"' in body, ignore_empty_lines=False
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types={str(place): pa.string() for place in range(len(header))},
                strings_can_be_null=False,
                include_columns=[place for place, _ in wanted],
            ),
        )
    except pa.ArrowException as error:
        raise UserError(name, f"not valid CSV ({error})", "write cells with quotes as CSV has it") from error
    padded = _is_padded(body, separator)
    cells = {one: table.column(place).combine_chunks() for place, one in wanted}
    return {one: pc.utf8_trim_whitespace(column) for one, column in cells.items()} if padded else cells


def _longest(body: bytes) -> int:
    """Bytes of the longest line."""
    ends = np.flatnonzero(np.frombuffer(body, np.uint8) == ord("\n"))
    return int(np.diff(ends, prepend=-1).max(initial=0))


def _is_padded(body: bytes, separator: str) -> bool:
    """Whether blanks stand around some cell."""
    data = np.frombuffer(body, np.uint8)
    blank = _one_of(" \t\x0b\x0c", without=separator)
    border = _one_of(separator + '\n"')
    places = np.flatnonzero(blank[data])
    beside = border[data[np.maximum(places - 1, 0)]] | border[data[np.minimum(places + 1, len(data) - 1)]]
    return bool(beside.any()) or places[:1].tolist() == [0] or b"\xa0" in body


def _one_of(marks: str, without: str = "") -> npt.NDArray[np.bool_]:
    """``(256,)``, which bytes are some of these marks."""
    return np.isin(np.arange(256), [ord(mark) for mark in marks if mark not in without])


def _without_empty(
    cells: dict[str, Cells], made_up: Sequence[str]
) -> tuple[dict[str, Cells], list[tuple[int, str]]]:
    """Columns without name and content left out; and those without a name that stay, by number."""
    empty = {name for name in made_up if not _filled(cells[name])}
    unnamed = [(int(name.removeprefix("column")), name) for name in made_up if name not in empty]
    return {name: column for name, column in cells.items() if name not in empty}, unnamed


def _filled(cells: Cells) -> bool:
    return bool(pc.any(pc.not_equal(cells, "")).as_py())


def _head_said(head: Head, divided: str, records: Records, header: Sequence[str]) -> list[str]:
    said = []
    if divided != ",":
        said.append(f"cells stand between {SEPARATORS.get(divided, repr(divided))}")
    if head.row is None:
        said.append(f"no header line: columns called {', '.join(header)}")
    above = range(head.body if head.row is None else head.row)
    filled = [index for index in above if records.record(index).strip()]
    if filled:
        said.append(
            f"{_many(records, np.array(filled))} above the header skipped: {_text(records, filled[0])}"
        )
    said += [f"{_shown(records, index)} below the header skipped" for index in head.skipped]
    return said


def _many(records: Records, which: npt.NDArray[np.int64]) -> str:
    """``row 3``, ``rows 3, 4, 9``, ``12 rows (3, 4, 9, ...)``."""
    lines = [int(records.lines[index]) for index in which]
    if len(lines) == 1:
        return f"row {lines[0]}"
    if len(lines) <= 6:
        return f"rows {', '.join(map(str, lines))}"
    return f"{len(lines)} rows ({', '.join(map(str, lines[:5]))}, ...)"


def _shown(records: Records, index: int) -> str:
    return f"row {records.lines[index]} ({_text(records, index)})"


def _text(records: Records, index: int) -> str:
    text = " ".join(records.record(index).split())
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "...")
