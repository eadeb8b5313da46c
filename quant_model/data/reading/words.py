"""Words that people name columns by, in the languages that tables come in."""

from __future__ import annotations

import re

__all__ = ["TIME_WORDS", "words_in"]

TIME_WORDS = frozenset(
    [
        "time",
        "timestamp",
        "datetime",
        "date",
        "ds",
        "ts",
        "utc",
        "gmt",
        "clock",
        "period",
        "month",
        "quarter",
        "year",
        "week",
        "day",
        "mtu",
        "dt",
        "zeit",
        "datum",
        "uhrzeit",
        "zeitpunkt",
        "zeitstempel",
        "messzeit",
        "monat",
        "quartal",
        "jahr",
        "tag",
        "fecha",
        "hora",
        "tiempo",
        "mes",
        "heure",
        "temps",
        "horodatage",
        "jour",
        "mois",
        "data",
        "ora",
        "tempo",
        "tijd",
        "tijdstip",
        "tid",
        "tidpunkt",
        "dato",
        "czas",
        "aika",
        "päivä",
        "čas",
        "tarih",
        "saat",
        "дата",
        "время",
        "时间",
        "日期",
        "時間",
        "時刻",
        "日時",
        "시간",
        "날짜",
        "일시",
        "timegenerated",
    ]
)
"""For what may be a time; compared word by word."""


def words_in(name: str) -> frozenset[str]:
    """The words of a name in lower case, and the whole: ``Load_MW`` and ``LoadMW`` give load and mw."""
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    parts = re.split(r"[\W_]+", split.lower())
    return frozenset({*(part for part in parts if part), re.sub(r"[\W_]+", "", name.lower()), name.lower()})
