"""How numbers are written, and what in them stands for a missing one."""

from __future__ import annotations

import pytest

from tests.search.init.tables import daily, guess, hours, lines, refusal

TIMES = hours()
GERMAN = [f"{time:%d.%m.%Y %H:%M}" for time in TIMES]
VALUES = daily()


def read(numbers: list[str], *, dotted: bool = False, separator: str = ";", **wishes: object) -> list[float]:
    text = lines("time,load", GERMAN if dotted else TIMES, numbers, separator=separator)
    return list(guess(text, **wishes).series.targets[:, 0].tolist())


def grouped(value: float, decimals: int, mark: str, group: str) -> str:
    return f"{value:,.{decimals}f}".replace(",", "\0").replace(".", mark).replace("\0", group)


@pytest.mark.parametrize(
    ("mark", "group"), [(",", "."), (",", " "), (".", ","), (".", "'"), (",", "\u202f"), (",", "")]
)
@pytest.mark.parametrize("decimals", [1, 2])
def test_thousands_and_decimals_together(mark: str, group: str, decimals: int) -> None:
    assert read([grouped(value * 10, decimals, mark, group) for value in VALUES]) == [
        round(value * 10, decimals) for value in VALUES
    ]


@pytest.mark.parametrize(("mark", "group"), [(",", "."), (".", ","), (".", "'"), (".", " ")])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_thousands_beside_numbers_below_a_thousand(mark: str, group: str, separator: str) -> None:
    whole = [round(value * 2) for value in VALUES]
    assert min(whole) < 1000 < max(whole)
    assert read([grouped(value, 0, mark, group) for value in whole], separator=separator) == whole


def test_one_row_above_a_thousand_is_enough() -> None:
    numbers = ["900"] * 200 + ["901"] * 199 + ["1.001"]
    assert read(numbers, dotted=True)[-1] == 1001


AMBIGUOUS = {
    "points, dates with points": ([f"{value / 100 + 2:.3f}" for value in VALUES], True, ";"),
    "points, semicolons": ([f"{value / 100 + 2:.3f}" for value in VALUES], False, ";"),
    "commas, semicolons": ([f"{value / 100 + 2:.3f}".replace(".", ",") for value in VALUES], False, ";"),
    "quoted commas": ([f'"{value / 100 + 2:.3f}"'.replace(".", ",") for value in VALUES], False, ","),
    "zero beside groups": (["0" if value < 500 else f"{value / 300:.3f}" for value in VALUES], False, ";"),
}


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_what_may_be_thousands_or_decimals_is_asked(kind: str) -> None:
    numbers, dotted, separator = AMBIGUOUS[kind]
    text = lines("time,load", GERMAN if dotted else TIMES, numbers, separator=separator)
    message = refusal(text)
    assert "column load: " in message
    assert "and nothing in the file tells; say the decimal mark: --decimal '" in message
    point, comma = (read(numbers, dotted=dotted, separator=separator, decimal={"*": mark}) for mark in ".,")
    assert 1000 * min(point[-1], comma[-1]) == pytest.approx(max(point[-1], comma[-1]))


SETTLED = {
    "points between commas": ([f"{value / 100 + 2:.3f}" for value in VALUES], False, ",", 0.001),
    "points between tabs": ([f"{value / 100 + 2:.3f}" for value in VALUES], False, "\t", 0.001),
    "commas, dates with points": (
        [f"{value / 100 + 2:.3f}".replace(".", ",") for value in VALUES],
        True,
        ";",
        0.001,
    ),
    "a thousand without a group": (
        [f"{value:.3f}" if value > 500 else f"{value * 10:.0f}" for value in VALUES],
        False,
        ",",
        1,
    ),
}


@pytest.mark.parametrize("kind", SETTLED)
def test_what_the_rest_of_the_file_settles(kind: str) -> None:
    numbers, dotted, separator, unit = SETTLED[kind]
    found = read(numbers, dotted=dotted, separator=separator)
    assert found == [float(number.replace(",", ".")) for number in numbers]
    assert unit


def test_other_columns_settle_what_one_leaves_open() -> None:
    temperature = [f"{value / 30 + index % 7:.1f}".replace(".", ",") for index, value in enumerate(VALUES)]
    groups = [grouped(round(value) + 2000, 0, ",", ".") for value in VALUES]
    found = guess(lines("time,load,temp", TIMES, groups, temperature, separator=";"))
    assert found.series.targets[:, 0].tolist() == [round(value) + 2000 for value in VALUES]
    assert found.reading.decimal == {"*": ","}
    assert "read like the decimal commas of other columns" in found.reasons["decimal"]


def test_each_column_has_its_own_mark() -> None:
    noise = daily(seed=5)
    rows = [f"{value:.2f}".replace(".", ",") for value in noise], [f"{value:.2f}" for value in VALUES]
    found = guess(lines("time,temp,load", TIMES, *rows, separator=";"))
    assert found.reading.decimal == {"temp": ","}
    assert found.series.features[0].tolist() == [VALUES[0], noise[0]]


def test_two_marks_in_one_column_are_refused() -> None:
    numbers = [
        f"{value:.2f}".replace(".", ",") if row % 2 else f"{value:.2f}" for row, value in enumerate(VALUES)
    ]
    message = refusal(lines("time,load", TIMES, numbers, separator=";"))
    assert (
        "row 3 column load: 625,10 has another decimal mark than " in message
        or "row 3 column load" in message
    )


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
