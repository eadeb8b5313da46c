"""Cells as numbers: decimal points or commas, thousands in groups, what stands for a missing one."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from quant_model.data.reading.sheet import Cells, is_text

__all__ = ["GROUP_MARKS", "MISSING", "Numbers", "as_number", "is_missing", "number_pattern", "parse_numbers"]

MISSING = (
    "", "na", "n/a", "#n/a", "#na", "n.a.", "<na>", "nan", "-nan", "1.#qnan", "-1.#ind", "nat", "none",
    "null", "(null)", "\\n", "nil", "-", "--", "---", "?", "...", "*", "missing", "no data", "nodata",
    "no value", "unavailable", "unknown", "k.a.", "k. a.", "s/d", "#value!", "#div/0!", "#ref!", "#num!",
    "#name?", "#null!", "i/o timeout", "bad input", "bad", "pt created", "shutdown", "comm fail",
    "not connect",
)  # fmt: skip
"""What stands for a missing cell in every file, in lower case: words of pandas, R, Excel, InfluxDB, Home
Assistant, PI."""
GROUP_MARKS = {".": ",'\u2019 \u00a0\u202f", ",": ".'\u2019 \u00a0\u202f"}
"""By decimal mark: what may stand between groups of three digits."""
_LONGEST_UNIT = 12
_PLAIN = r"^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$"


@dataclass(frozen=True, eq=False)
class Numbers:
    """A column of numbers.

    Attributes:
        values: ``(rows,)`` float64, NaN where there is no number.
        bad: ``(rows,)`` bool, True where a cell is neither a finite number nor missing.
    """

    values: npt.NDArray[np.float64]
    bad: npt.NDArray[np.bool_]


def parse_numbers(cells: Cells, decimal: str | None = None, missing: Sequence[str] = ()) -> Numbers:
    """Turn cells into numbers.

    Args:
        cells: A column.
        decimal: The decimal mark, ``.`` or ``,``; thousands may then stand in groups. None: a point, and no
            groups.
        missing: What stands for a missing cell in this column beside :data:`MISSING`: words, compared without
            regard to case, or numbers.
    """
    if not is_text(cells):
        values = _typed(cells)
        bad = ~np.isfinite(values) & ~np.isnan(values)
    else:
        values, bad = _text_values(cells, decimal, missing)
    for word in missing:
        if (number := as_number(word)) is not None:
            values = np.where(values == number, np.nan, values)
    return Numbers(np.where(bad, np.nan, values), bad)


def number_pattern(decimal: str | None) -> str:
    """What a number looks like, as a regular expression of RE2."""
    if decimal is None:
        return _PLAIN
    mark = re.escape(decimal)
    fraction = rf"(?:{mark}\d*)?(?:[eE][+-]?\d+)?"
    groups = "|".join(rf"\d{{1,3}}(?:{re.escape(one)}\d{{3}})+" for one in GROUP_MARKS[decimal])
    return rf"^[+-]?(?:(?:\d+|{groups}){fraction}|{mark}\d+(?:[eE][+-]?\d+)?)$"


def as_number(text: str) -> float | None:
    """A finite number as Python writes it, or None."""
    if not re.match(_PLAIN, text.strip()):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def is_missing(cells: Cells, missing: Sequence[str] = ()) -> Cells:
    """Which cells of a text column stand for a missing one."""
    words = [*MISSING, *(word.strip().lower() for word in missing)]
    return pc.is_in(pc.utf8_lower(cells), value_set=pa.array(words))


def _typed(cells: Cells) -> npt.NDArray[np.float64]:
    """A column that has numbers in it already; any other is all bad."""
    kind = cells.type
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    if not (number or pa.types.is_boolean(kind)):
        return np.where(cells.is_null().to_numpy(zero_copy_only=False), np.nan, np.inf)
    if pa.types.is_boolean(kind):
        cells = pc.cast(cells, pa.int8())
    found = pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(found, np.float64)


def _text_values(
    cells: Cells, decimal: str | None, missing: Sequence[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    if decimal in (None, "."):
        try:
            # Most columns are numbers throughout; Arrow's parser takes what Python's takes.
            values = np.asarray(pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False), np.float64)
        except pa.ArrowInvalid:
            pass
        else:
            if np.isfinite(values).all():
                return values, np.zeros(len(values), np.bool_)
    absent = pc.or_kleene(pc.is_null(cells), is_missing(cells, missing))
    body = _plain_signs(_without_unit(cells, absent))
    valid = pc.match_substring_regex(body, number_pattern(decimal))
    if decimal is not None:
        body = pc.replace_substring_regex(body, f"[{GROUP_MARKS[decimal]}]", "")
        body = pc.replace_substring(body, decimal, ".")
    known = pc.and_not_kleene(valid, absent)
    values = pc.cast(pc.if_else(known, body, pa.scalar(None, pa.string())), pa.float64())
    found = np.asarray(values.to_numpy(zero_copy_only=False), np.float64)
    bad = ~np.isfinite(found) & ~np.asarray(absent.to_numpy(zero_copy_only=False), np.bool_)
    return found, bad


def _plain_signs(cells: Cells) -> Cells:
    """The minus sign of typographers, and one behind the number, as accounting programs write it."""
    cells = pc.replace_substring(cells, "\u2212", "-")
    return pc.replace_substring_regex(cells, r"^(\d[^-]*)-$", r"-\1")


def _without_unit(cells: Cells, absent: Cells) -> Cells:
    """Numbers without the unit that stands before or behind each of them: ``21.5 °C``, ``€ 5``."""
    filled = cells.filter(pc.invert(absent))
    for inner, outer in ((r"[\d.,+\-\x{2212}].*$", "^{}"), (r"^.*[\d.,\-]", "{}$")):
        # What is left of a cell without all from its first digit on, or up to its last one.
        units = pc.unique(pc.replace_substring_regex(filled, inner, ""))
        unit = units[0].as_py() if len(units) == 1 else ""
        # n7 and A12 are names, not numbers.
        if 0 < len(unit) <= _LONGEST_UNIT and not (outer[0] == "^" and unit[-1].isalpha()):
            cells = pc.replace_substring_regex(cells, outer.format(rf"\Q{unit}\E"), "")
    return cells
