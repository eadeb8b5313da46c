"""Numbers and words that stand for a missing value."""

from __future__ import annotations

import pytest

from tests.search.init.tables import daily, guess, hours, lines, refusal

TIMES = hours()
VALUES = daily()


@pytest.mark.parametrize(
    "number",
    [-999, -99, -9999, 9999, 99999, 65535, 32767, -32768, 1e20, -127, -9999.0, 9.96921e36, 2147483647],
)
def test_numbers_that_stand_for_a_missing_value(number: float) -> None:
    values = [number if row in (9, 50, 100, 151) else value for row, value in enumerate(VALUES)]
    found = guess(lines("time,y", TIMES, values))
    assert found.series.rows == 396
    assert found.reading.missing == {"*": (f"{number:.10g}",)}
    assert f"{number:g} in y (4 times, far from all other values)" in found.reasons["missing"]


def test_a_sentinel_of_one_column_is_one_in_another() -> None:
    carbon = [-200 if row in (5, 70, 90) else round(value / 100, 2) for row, value in enumerate(VALUES)]
    nitrogen = [-200 if row == 99 else value - 100 for row, value in enumerate(daily(seed=4))]
    found = guess(lines("time,CO,NOx", TIMES, carbon, nitrogen))
    assert found.reading.missing == {"*": ("-200",)}
    assert found.series.rows == 396


@pytest.mark.parametrize("number", [4095, 999.9, -1])
def test_a_doubt_is_said_and_nothing_changed(number: float) -> None:
    values = [number if row in (9, 50, 100, 151) else value for row, value in enumerate(VALUES)]
    found = guess(lines("time,y", TIMES, values))
    assert found.series.targets[:, 0].tolist() == values
    assert f"if it stands for a missing one, say so: --missing {number:g}" in found.notes[0]
    assert guess(lines("time,y", TIMES, values), missing=(str(number),)).series.rows == 396


def test_ordinary_extremes_are_no_sentinels() -> None:
    flags = [1 if row % 40 == 0 else 0 for row in range(400)]
    heating = [2000.0 if row % 25 == 0 else 20 + value / 100 for row, value in enumerate(VALUES)]
    for values in (flags, heating):
        found = guess(lines("time,load,other", TIMES, VALUES, values))
        assert not found.reading.missing


def test_words_that_stand_for_a_missing_value() -> None:
    values: list[object] = [
        ("Bad" if row % 80 == 0 else "offline") if row % 40 == 0 else one for row, one in enumerate(VALUES)
    ]
    found = guess(lines("time,y", TIMES, values))
    assert found.reading.missing == {"*": ("offline",)}
    assert (found.series.rows, found.reading.fill) == (390, "drop")


def test_a_single_word_is_refused_with_remedies_that_work() -> None:
    values: list[object] = [*VALUES[:50], "xx", *VALUES[51:]]
    text = lines("time,y", TIMES, values)
    message = refusal(text)
    assert message.startswith("my.csv row 52 column y: 'xx' is no number; ")
    assert "--missing 'xx'" in message
    assert "--skip-rows 52" in message
    assert guess(text, missing=("xx",)).series.rows == guess(text, skip_rows=(52,)).series.rows == 399
