"""How numbers are written: decimal marks and groups of digits."""

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
    assert "row 3 column load" in message
