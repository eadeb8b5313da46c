"""What people forecast: by the words that they call it, in many languages, and by what is hard to have."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from quant_model.data.reading.words import words_in

__all__ = ["guess_target", "is_wanted", "rank"]

_WANTED = (
    "target y ziel objetivo cible obiettivo",
    "pm25 pm2.5 pm10 no2 nox o3 ozone ozon so2 co aqi benzene",
    """
    load last lastgang demand consumption nachfrage bedarf verbrauch demanda consumo carga demande
    consommation charge domanda carico verbruik zużycie 负荷 负载 需求 需要 負荷 부하
    """,
    "power leistung wirkleistung potencia puissance potenza vermogen moc p kw mw w 功率 電力 전력",
    "energy energie energía energia kwh 电量 用电 電量",
    "generation erzeugung generación production produktion produzione producción solar pv ertrag yield",
    "price preis precio prix prezzo prijs cena close kurs spot 价格 価格 가격",
    "sales umsatz absatz verkauf ventas ventes vendite revenue orders passengers gdp 销量 売上 판매",
    """
    traffic verkehr tráfico trafic traffico flow durchfluss fluss abfluss caudal débit debit portata afvoer
    discharge runoff volume volumen occupancy 流量 交通
    """,
    """
    concentration konzentration concentración concentrazione concentratie value wert valor valeur valore
    waarde _value state ot 浓度 濃度 농도
    """,
    """
    co2 voc speed geschwindigkeit velocidad vitesse velocità vibration level pegel niveau nivel livello
    waterlevel current strom torque force count cnt anzahl
    """,
)
"""Words in names of columns that people forecast, the likeliest first; the last are the vaguest."""
_EASY = (
    ("temperature temp t temperatur temperatura température tair airtc ta tc tf 温度 気温 气温 온도", 1),
    ("humidity rh feuchte luftfeuchte humedad humidité umidità hum dew dewpoint taupunkt 湿度 습도", 2),
    ("pressure druck luftdruck presión pression pressione pres baro barometric 气压 気圧 압력", 2),
    (
        """
        wind windspeed gust rain niederschlag precipitation snow cloud bewölkung radiation strahlung ghi dni
        irradiance sun visibility uv 风速 風速 풍속
        """,
        3,
    ),
    (
        """
        hour stunde weekday dayofweek month monat day year week holiday feiertag minute second dow doy season
        workday weekend
        """,
        5,
    ),
    (
        """
        setpoint sp soll sollwert consigna consigne setpunkt command cmd reference ref limit threshold
        forecast prediction predicted prognose
        """,
        5,
    ),
    (
        """
        battery batt akku voltage spannung volts vbat battv rssi snr lat lon latitude longitude altitude
        id index record nr no sequence seq flag uptime internal 电压 電圧
        """,
        6,
    ),
)
"""Words for what is easily had otherwise, or known beforehand, with how little it is worth a forecast."""
_STEADY = 0.02
"""Share of rows in which a value changes, at most, for it to be set by hand."""


def guess_target(columns: Mapping[str, npt.NDArray[np.float64]]) -> tuple[str, str]:
    """The column that is likeliest to be forecast, and the reason.

    Args:
        columns: By name, in the file's order; at least one.
    """
    if len(columns) == 1:
        return next(iter(columns)), "the only column of numbers"
    steady = {name for name, values in columns.items() if _is_steady(values)}
    best = min(columns, key=lambda name: (name in steady, rank(name)))
    if best not in steady and rank(best) < len(_WANTED):
        return best, "by its name"
    ease = {name: _ease(name) + (5 if name in steady else 0) for name in columns}
    best = min(columns, key=lambda name: ease[name])
    if ease[best] == 0:
        return best, "the first column that is neither set by hand nor easily had otherwise"
    return best, "the one that is least easily had otherwise"


def is_wanted(name: str) -> bool:
    """Whether a column is called as those that people forecast."""
    return _ease(name) < 5 and rank(name) < len(_WANTED)


def rank(name: str) -> int:
    """How far down the list of what people forecast a column's name stands; its length for none there.

    What is easily had otherwise must not be called by the vaguest words alone, and what is known beforehand
    by one of the first.
    """
    ease = _ease(name)
    most = 1 if ease >= 5 else len(_WANTED) - (ease > 0)
    return next((place for place in range(most) if _has(name, _WANTED[place])), len(_WANTED))


def _has(name: str, words: str) -> bool:
    return any(_speaks_of(name, word) for word in words.split())


def _speaks_of(name: str, word: str) -> bool:
    """Whether a word is in a name; of longer ones a part is enough, as in Heizlast or 有功功率."""
    lowered = name.lower()
    return (
        word in words_in(name)
        or (len(word) > 4 and word in lowered)
        or (len(word) == 4 and lowered.endswith(word))
        or (not word.isascii() and len(word) > 1 and word in lowered)
    )


def _ease(name: str) -> int:
    own = re.sub(r"[\[(].*", "", name) or name
    return max((worth for words, worth in _EASY if _has(own, words)), default=0)


def _is_steady(values: npt.NDArray[np.float64]) -> bool:
    known = values[np.isfinite(values)]
    return len(known) > 50 and float(np.mean(np.diff(known) != 0)) < _STEADY
