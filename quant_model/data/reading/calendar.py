"""Parts of dates into microseconds, many at once; names of months and zones."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

__all__ = ["MONTHS", "ZONES", "Fields", "instants"]

Fields = Mapping[str, npt.NDArray[np.int64]]
"""By letter of strptime's directives (and ``q`` for quarters): ``(rows,)``."""
DAY, HOUR, MINUTE, SECOND = 86_400_000_000, 3_600_000_000, 60_000_000, 1_000_000
_PIVOT = 69
"""Two digits from here on are years of the 20th century, as POSIX has it."""
_MONTH_NAMES = (
    "jan january januar jän jänner janv janvier ene enero gen gennaio janeiro januari sty styczeń января янв",
    "feb february februar fév févr février febrero febbraio fev fevereiro februari lut luty февраля фев",
    "mar march mär märz mars marzo março maart mrz mrt marec marca březen марта мар",
    "apr april avr avril abr abril aprile kwi kwiecień апреля апр",
    "may mai mayo mag maggio maio mei maj мая май",
    "jun june juni juin junio giu giugno junho cze czerwiec июня июн",
    "jul july juli juil juillet julio lug luglio julho lip lipiec июля июл",
    "aug august août aoû ago agosto augustus sie sierpień augusti августа авг",
    "sep sept september septembre septiembre set settembre setembro wrz wrzesień сентября сен",
    "oct october okt oktober octobre octubre ott ottobre out outubro paź październik октября окт",
    "nov november novembre noviembre novembro lis listopad ноября ноя",
    "dec december dez dezember déc décembre dic diciembre dicembre dezembro gru grudzień декабря дек",
)
MONTHS: Mapping[str, int] = {
    word: number for number, words in enumerate(_MONTH_NAMES, 1) for word in words.split()
}
"""Month by its name in lower case, without a point."""
ZONES: Mapping[str, int] = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 60, "west": 60, "cet": 60, "mez": 60, "cest": 120,
    "mesz": 120, "eet": 120, "eest": 180, "msk": 180, "est": -300, "edt": -240, "cst": -360, "cdt": -300,
    "mst": -420, "mdt": -360, "pst": -480, "pdt": -420, "jst": 540, "kst": 540, "aest": 600, "aedt": 660,
}  # fmt: skip
"""Minutes east of Greenwich by a zone's letters, of those that mean one zone among those that files name."""


def instants(fields: Fields, rows: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Microseconds since 1970 of dates given by their parts.

    Args:
        fields: Y or y; m, d, j, q, or G, V, u; H or I with p; M, S, f (microseconds); z (minutes east).
            Left out, the day is the first and the clock 0:00.
        rows: How many.

    Returns:
        ``(rows,)`` int64, and where there is such a date.
    """
    one, none = np.ones(rows, np.int64), np.zeros(rows, np.int64)
    clock, valid = _clock(fields, none)
    if "G" in fields:
        day, fits = _iso_week(fields["G"], fields["V"], fields.get("u", one))
    else:
        day, fits = _date(fields, one)
    found = day * DAY + clock - fields.get("z", none) * MINUTE
    return found, valid & fits


def _date(fields: Fields, one: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Days since 1970."""
    year = fields["Y"] if "Y" in fields else _century(fields["y"])
    # The 5th quarter begins in month 13: no such date.
    month = fields["q"] * 3 - 2 if "q" in fields else fields.get("m", one)
    fits = (month >= 1) & (month <= 12) & (year >= 1)
    months = ((year - 1970) * 12 + np.where(fits, month, 1) - 1).astype("datetime64[M]")
    within = fields["j"] if "j" in fields else fields.get("d", one)
    day = months.astype("datetime64[D]") + (within - 1).astype("timedelta64[D]")
    # The 30th of February is a day of March: no such date.
    unit = "datetime64[Y]" if "j" in fields else "datetime64[M]"
    fits &= (within >= 1) & (day.astype(unit) == months.astype(unit))
    return day.astype(np.int64), fits


def _century(year: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return year + np.where(year < _PIVOT, 2000, 1900)


def _iso_week(
    year: npt.NDArray[np.int64], week: npt.NDArray[np.int64], weekday: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Days since 1970 of ISO 8601's weeks: the first holds January 4th."""
    fourth = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64) + 3
    monday = fourth - (fourth + 3) % 7
    fits = (week >= 1) & (week <= 53) & (weekday >= 1) & (weekday <= 7)
    return monday + (week - 1) * 7 + weekday - 1, fits


def _clock(
    fields: Fields, none: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Microseconds since midnight; 24:00 is the next day's."""
    minute, second, micros = (fields.get(part, none) for part in "MSf")
    if "I" in fields:
        hour = fields["I"] % 12 + 12 * fields["p"]
        fits = (fields["I"] >= 1) & (fields["I"] <= 12)
    else:
        hour = fields.get("H", none)
        fits = (hour < 24) | ((hour == 24) & (minute == 0) & (second == 0) & (micros == 0))
    fits &= (minute < 60) & (second < 60)
    return hour * HOUR + minute * MINUTE + second * SECOND + micros, fits
