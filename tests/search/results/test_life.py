"""What is said of a chip's life between two forecasts."""

from __future__ import annotations

from typing import Any

import pytest

from quant_model.design import uniform_design
from quant_model.families import AnyShape, Encoder, Stream
from search.results.life import life_json, life_lines
from search.space.budget import Budget

SIZE: dict[str, Any] = {
    "window": 12,
    "features": 1,
    "d_model": 8,
    "heads": 2,
    "ffn_width": 16,
    "layers": 1,
    "outputs": 1,
}
WINDOW, STREAM = Encoder(**SIZE), Stream(**SIZE)


def said(shape: AnyShape, period: float | None) -> str:
    return " ".join(life_lines(Budget("xc7s15", period_s=period).assess(uniform_design(shape, 8, 8))))


def test_the_border_is_said_with_or_without_a_period() -> None:
    assert "cheaper to stay configured" in said(WINDOW, None)
    assert "A forecast every" not in said(WINDOW, None)
    assert "the 11 rows before it" in said(STREAM, None)
    assert "rows before it" not in said(WINDOW, None)


@pytest.mark.parametrize(
    ("period", "words"),
    [
        (0.01, "no time to be powered off: keep it configured"),
        (0.2, "mJ powered off: keep it configured"),
        (60, "mJ powered off: power it off"),
    ],
)
def test_the_cheaper_regime_is_named(period: float, words: str) -> None:
    assert words in said(STREAM, period)


def test_as_json_infinite_energies_are_none() -> None:
    told = life_json(Budget("xc7s15", period_s=0.01).assess(uniform_design(STREAM, 8, 8)))
    assert told["off_uj"] is None
    assert told["configured_uj"] == pytest.approx(275, rel=0.05)
    assert 0.4 < told["border_s"] < 0.5
    alone = life_json(Budget("xc7s15").assess(uniform_design(STREAM, 8, 8)))
    assert (set(alone), alone["period_s"]) == ({"period_s", "border_s"}, None)
