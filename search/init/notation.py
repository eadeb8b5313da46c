"""How a column's numbers are written: the decimal mark and groups of digits."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from quant_model.data.reading.numbers import is_missing, parse_numbers
from quant_model.data.reading.sheet import Cells, Sheet, is_text
from quant_model.errors import UserError

__all__ = ["Notation", "decimal_marks", "has_decimal_commas"]

Floats = npt.NDArray[np.float64]
_SAMPLE = 2000
_NUMERIC_SHARE = 0.8
"""Of a column's filled cells that must be numbers in some notation, for its notation to matter."""
_GAPS = "[ '\u2019\u00a0\u202f]"
"""What may stand between groups beside points and commas."""
_SHAPES = {
    "whole": r"^[+-]?\d+$",
    "small": r"^[+-]?[1-9]\d{0,2}$",
    "point three": r"^[+-]?[1-9]\d{0,2}\.\d{3}$",
    "point": r"^[+-]?\d*\.\d*(?:[eE][+-]?\d+)?$",
    "comma three": r"^[+-]?[1-9]\d{0,2},\d{3}$",
    "comma": r"^[+-]?\d*,\d+(?:[eE][+-]?\d+)?$",
    "points": r"^[+-]?\d{1,3}(?:\.\d{3})+(?:\.\d{3}|,\d*)$",
    "commas": r"^[+-]?\d{1,3}(?:,\d{3})+(?:,\d{3}|\.\d*)$",
    "blanks": rf"^[+-]?\d{{1,3}}(?:{_GAPS}\d{{3}})+(?:[.,]\d*)?$",
    "blanks point": rf"^[+-]?\d{{1,3}}(?:{_GAPS}\d{{3}})+\.\d*$",
    "blanks comma": rf"^[+-]?\d{{1,3}}(?:{_GAPS}\d{{3}})+,\d*$",
}
"""Ways to write a number, from which a column's notation is told."""


@dataclass(frozen=True)
class Notation:
    """A column's decimal mark.

    Attributes:
        decimal: ``.`` or ``,`` where it must be said; None where numbers are written the plain way.
        reason: What shows it.
    """

    decimal: str | None
    reason: str = ""


def decimal_marks(sheet: Sheet, columns: Sequence[str], *, dotted: bool) -> dict[str, Notation]:
    """Tell each column's decimal mark.

    Args:
        sheet: The cells.
        columns: The columns to look at; those that hold no numbers get no notation.
        dotted: Whether dates are written with points, as in countries with decimal commas.

    Raises:
        UserError: a column mixes notations, or ``1.234`` in it may mean either.
    """
    found: dict[str, Notation] = {}
    open_ones: dict[str, dict[str, int]] = {}
    for column in columns:
        cells = sheet.columns[column]
        if not is_text(cells):
            continue
        counts = _counts(cells)
        if counts is None:
            continue
        decided = _decided(sheet, column, counts)
        if decided is None:
            open_ones[column] = counts
        else:
            found[column] = decided
    marks = {one.decimal for one in found.values() if one.decimal and one.reason}
    plain = {column for column, one in found.items() if not one.decimal and one.reason}
    for column, counts in open_ones.items():
        found[column] = _by_others(sheet, column, counts, marks, bool(plain), dotted)
    return found


def has_decimal_commas(sheet: Sheet) -> bool:
    """Whether some column's numbers have decimal commas beyond doubt."""
    comma = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})")
    texts = (cells.slice(0, _SAMPLE // 20).to_pylist() for cells in sheet.columns.values() if is_text(cells))
    return any(sum(bool(comma.fullmatch(cell)) for cell in cells) > len(cells) // 2 for cells in texts)


def _counts(cells: Cells) -> dict[str, int] | None:
    """How many cells are of each shape; None for a column without numbers or without doubt."""
    if not _has_numbers(cells):
        return None
    plain = parse_numbers(cells)
    if not plain.bad.any():
        sample = cells.slice(0, _SAMPLE).to_pylist()
        three = re.compile(_SHAPES["point three"])
        sure = any("." in cell and not three.match(cell) for cell in sample)
        if sure or not pc.any(pc.match_substring(cells, ".")).as_py():
            return {"point": 1} if sure else {}
    filled = cells.filter(pc.invert(is_missing(cells)))
    found = {
        name: int(pc.sum(pc.match_substring_regex(filled, pattern)).as_py() or 0)
        for name, pattern in _SHAPES.items()
    }
    # Each shape without those that are told from it.
    found["point"] -= found["point three"]
    found["comma"] -= found["comma three"]
    return found


def _has_numbers(cells: Cells) -> bool:
    """Whether most filled cells of a sample are numbers, in whatever notation."""
    every = max(1, len(cells) // _SAMPLE)
    sample = list(cells.take(pa.array(np.arange(0, len(cells), every))).to_pylist())
    filled = (
        [cell for cell in sample if not is_missing(pa.array([cell]))[0].as_py()] if len(sample) < 50 else None
    )
    if filled is None:
        array = pa.array(sample)
        filled = array.filter(pc.invert(is_missing(array))).to_pylist()
    pattern = re.compile("|".join(_SHAPES.values()))
    return bool(filled) and sum(bool(pattern.match(cell)) for cell in filled) >= _NUMERIC_SHARE * len(filled)


def _decided(sheet: Sheet, column: str, counts: Mapping[str, int]) -> Notation | None:
    """The notation that the column's own cells leave no doubt of; None where ``1.234`` may mean either."""
    comma = counts.get("comma", 0) + counts.get("points", 0) + counts.get("blanks comma", 0)
    point = counts.get("point", 0) + counts.get("commas", 0) + counts.get("blanks point", 0)
    if comma and point:
        raise _mixed(sheet, column)
    if comma:
        groups = counts.get("points", 0) + counts.get("point three", 0)
        example = _example(sheet, column, "points" if counts.get("points") else "comma")
        return Notation(
            ",", f"decimal commas, as in {example}" + (", points between thousands" if groups else "")
        )
    if point:
        if counts.get("commas") or counts.get("comma three") or counts.get("blanks"):
            shape = next(one for one in ("commas", "comma three", "blanks") if counts.get(one))
            return Notation(
                ".", f"decimal points and groups of thousands, as in {_example(sheet, column, shape)}"
            )
        return Notation(None, "decimal points")
    if counts.get("point three") and counts.get("comma three"):
        raise _mixed(sheet, column)
    if not counts.get("point three") and not counts.get("comma three"):
        if counts.get("blanks"):
            return Notation(".", f"groups of thousands, as in {_example(sheet, column, 'blanks')}")
        return Notation(None)
    return _by_size(sheet, column, counts)


def _by_size(sheet: Sheet, column: str, counts: Mapping[str, int]) -> Notation | None:
    """Three digits behind each mark: thousands, where values below a thousand stand without one."""
    shape, mark = ("point three", ".") if counts.get("point three") else ("comma three", ",")
    other = "," if mark == "." else "."
    if counts["whole"] > counts["small"] + _zeros(sheet.columns[column]):
        # A thousand without a group is there: the others are no groups either.
        return Notation(None if mark == "." else ",", "decimal marks, as thousands stand without one")
    if not counts["small"]:
        return None
    grouped, plain = (_read(sheet.columns[column], decimal) for decimal in (other, mark))
    if _roughness(grouped) > _roughness(plain):
        return None
    example = _example(sheet, column, shape)
    value = example.replace(mark, "")
    return Notation(
        other,
        f"groups of thousands: {example} means {value}, as each group has three digits and values below 1000 "
        "have none",
    )


def _by_others(
    sheet: Sheet,
    column: str,
    counts: Mapping[str, int],
    marks: set[str],
    plain: bool,
    dotted: bool,
) -> Notation:
    """What the rest of the file says of a column in which ``1.234`` may mean either."""
    shape, mark = ("point three", ".") if counts.get("point three") else ("comma three", ",")
    other = "," if mark == "." else "."
    example = _example(sheet, column, shape)
    if "," in marks and "." not in marks and not plain:
        return Notation(",", f"{example} read like the decimal commas of other columns")
    if (plain or "." in marks) and "," not in marks:
        return Notation(
            "." if mark == "," else None, f"{example} read like the decimal points of other columns"
        )
    plain_point = mark == "." and (sheet.separator == "," or not (dotted or sheet.separator == ";"))
    if plain_point or (mark == "," and dotted and sheet.separator != ","):
        return Notation(
            mark if mark == "," else None,
            f"{example} is read with a decimal {_NAMES[mark]}, not as thousands",
        )
    row = int(np.argmax(_matching(sheet.columns[column], shape)))
    digits = example.replace(mark, "")
    raise UserError(
        sheet.place(row, column),
        f"{example} may be {digits} or {example.replace(mark, '.')}, and nothing in the file tells",
        f"say the decimal mark: --decimal '{other}' reads {digits}, --decimal '{mark}' reads "
        f"{example.replace(mark, '.')}",
    )


_NAMES = {".": "point", ",": "comma"}


def _mixed(sheet: Sheet, column: str) -> UserError:
    comma = next(
        one for one in ("comma", "points", "blanks comma", "comma three") if _any(sheet, column, one)
    )
    point = next(
        one for one in ("point", "commas", "blanks point", "point three") if _any(sheet, column, one)
    )
    cells = sheet.columns[column]
    rows = {shape: int(np.argmax(_only(cells, shape))) for shape in (comma, point)}
    first, second = sorted(rows.values())
    return UserError(
        sheet.place(second, column),
        f"{cells[second]} has another decimal mark than {cells[first]} in row {sheet.rows[first]}",
        "write all of a column's numbers alike",
    )


def _only(cells: Cells, shape: str) -> npt.NDArray[np.bool_]:
    """Cells of a shape, without those of the shape with three digits that is told from it."""
    found = _matching(cells, shape)
    return found & ~_matching(cells, f"{shape} three") if f"{shape} three" in _SHAPES else found


def _any(sheet: Sheet, column: str, shape: str) -> bool:
    return bool(_only(sheet.columns[column], shape).any())


def _matching(cells: Cells, shape: str) -> npt.NDArray[np.bool_]:
    return np.asarray(
        pc.match_substring_regex(cells, _SHAPES[shape]).to_numpy(zero_copy_only=False), np.bool_
    )


def _example(sheet: Sheet, column: str, shape: str) -> str:
    cells = sheet.columns[column]
    return str(cells[int(np.argmax(_only(cells, shape)))].as_py())


def _zeros(cells: Cells) -> int:
    return int(pc.sum(pc.match_substring_regex(cells, r"^[+-]?0+$")).as_py() or 0)


def _read(cells: Cells, decimal: str) -> Floats:
    values = parse_numbers(cells, decimal).values
    return values[np.isfinite(values)]


def _roughness(values: Floats) -> float:
    """How much values change from row to row, by their size."""
    return float(np.abs(np.diff(np.log1p(np.abs(values)))).sum())
