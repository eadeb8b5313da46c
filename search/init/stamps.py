"""How the cells of one column are written, where they are times."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from quant_model.data.reading.sheet import Cells, Sheet, is_text
from quant_model.data.reading.steps import commonest
from quant_model.data.reading.times import ISO, Times, parse_times
from quant_model.data.reading.words import TIME_WORDS, words_in
from search.init.counts import count_formats
from search.init.formats import formats_of
from search.init.sampled import sampled

__all__ = ["DATED_SHARE", "column_formats", "irregularity", "written_formats"]

DATED_SHARE = 0.9
"""Of a column's sampled cells that must fit one format."""
_YEARS, _WRITTEN_YEARS = (1850, 2110), (1600, 2200)
"""Of our series: where digits stand alone, and where they stand in a written date."""


def column_formats(sheet: Sheet, column: str, cells: Cells) -> tuple[str, ...]:
    """The formats that a column of times may be written in, best first; none where it holds none."""
    if not is_text(cells) and (pa.types.is_timestamp(cells.type) or pa.types.is_date(cells.type)):
        return (ISO,)
    if not is_text(cells) and not pa.types.is_integer(cells.type) and not pa.types.is_floating(cells.type):
        return ()
    counted = count_formats(sheet, column, cells, asked=False)
    written = written_formats(cells)
    dense = all(re.fullmatch(r"(%[a-zA-Z])+", one) for one in written)
    if written and dense and not _speaks_of_time(column, sheet, written):
        written = ()
    if written:
        counted = tuple(one for one in counted if not one.startswith("elapsed"))
    if written and counted and dense:
        return _more_regular(cells, (*written, *counted))
    return written or counted


def _speaks_of_time(column: str, sheet: Sheet, formats: Sequence[str]) -> bool:
    """Whether digits alone may be a date: the column is called so, or they are many and it is the first."""
    if words_in(column) & TIME_WORDS:
        return True
    long = any(len(one) >= 10 for one in formats)
    return long and column == sheet.header[0]


def written_formats(cells: Cells) -> tuple[str, ...]:
    """The formats that most of a column's cells fit, best first."""
    sample = sampled(cells)
    tried = dict.fromkeys(one for cell in (*sample[:6], *sample[-3:]) for one in formats_of(cell))
    texts = pa.array(sample, pa.string())
    fits = {one: _share(texts, one) for one in tried}
    good = [one for one, share in fits.items() if share >= DATED_SHARE]
    most = max((fits[one] for one in good), default=0.0)
    if most < 1 and (optional := _with_optional_clock(fits, texts, most)):
        return (optional,)
    # Of formats that a cell has to fit to the letter, those that fit all come before those that fit most.
    best = [one for one in good if fits[one] >= most - 0.02]
    return (ISO,) if ISO in best else tuple(best)


def _share(texts: Cells, time_format: str) -> float:
    """The share of cells that are times in a format; none where their years are not ours."""
    times = parse_times(texts, time_format)
    years = times.micros[~times.bad].astype("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970
    # Digits alone are many things; four of them beside others are a year.
    first, last = _WRITTEN_YEARS if re.search(r"iso|%Y[-./]|[-./]%Y", time_format) else _YEARS
    plausible = len(years) and years.min() >= first and years.max() <= last
    return float(1 - times.bad.mean()) if plausible else 0.0


def _with_optional_clock(fits: dict[str, float], texts: Cells, most: float) -> str | None:
    """A format without a clock time in some cells, as table programs write midnight, if more cells fit it."""
    for time_format in fits:
        found = re.search(r"[ T]?%[HI].*", time_format)
        if found and "[" not in time_format:
            optional = f"{time_format[: found.start()]}[{found.group()}]"
            if _share(texts, optional) >= max(DATED_SHARE, most + 0.01):
                return optional
    return None


def _more_regular(cells: Cells, formats: tuple[str, ...]) -> tuple[str, ...]:
    """Of ways to read digits those whose times follow each other most regularly."""
    costs = {one: irregularity(parse_times(cells, one)) for one in formats}
    best = min(costs.values())
    return tuple(one for one, cost in costs.items() if cost == best)


def irregularity(times: Times) -> tuple[int, float]:
    """How often times fall, and the share of distances that are not the commonest."""
    micros = times.micros[~times.bad]
    if len(micros) < 2:
        return (len(times.bad), 1.0)
    distance = np.diff(micros)
    falls = int(min(np.count_nonzero(distance < 0), np.count_nonzero(distance > 0)))
    share = _commonest_share(distance)
    month = micros.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    # By the calendar a month is one step, however long it is.
    if np.ptp(micros % 86_400_000_000) == 0 and np.abs(distance).min() >= 28 * 86_400_000_000:
        share = max(share, _commonest_share(np.diff(month)))
    return (int(np.count_nonzero(times.bad)) + falls, round(1 - share, 2))


def _commonest_share(distance: npt.NDArray[np.int64]) -> float:
    return commonest(distance)[1] / len(distance)
