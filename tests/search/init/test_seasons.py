from __future__ import annotations

import numpy as np
import pytest

from quant_model.data.reading.steps import Step
from search.init.seasons import Season, find_season, usual_window

MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000


def found(period: float, step: int, rows: int = 0, noise: float = 0.2) -> Season | None:
    rows = rows or max(600, int(period * 8))
    wave = np.sin(2 * np.pi * np.arange(rows) / period) + np.random.default_rng(1).normal(size=rows) * noise
    return find_season(wave, np.arange(rows), Step(step))


@pytest.mark.parametrize(
    ("period", "step", "name"),
    [
        (24, HOUR, "day"),
        (168, HOUR, "week"),
        (96, 15 * MINUTE, "day"),
        (1440, MINUTE, "day"),
        (7, DAY, "week"),
        (60, MINUTE, "hour"),
        (45, MINUTE, ""),
        (33, HOUR, ""),
        (90, 10 * 1_000_000, ""),
        (50, 20_000, ""),
    ],
)
def test_seasons_of_the_calendar_and_others(period: int, step: int, name: str) -> None:
    season = found(period, step)
    assert season is not None
    assert (season.steps, season.name) == (period, name)
    assert season.strength > 0.8


def test_a_season_must_be_seen() -> None:
    rng = np.random.default_rng(0)
    position = np.arange(3000)
    for values in (
        rng.normal(size=3000),
        rng.normal(size=3000).cumsum(),
        position / 10 + rng.normal(size=3000),
    ):
        assert find_season(values, position, Step(HOUR)) is None
    assert find_season(np.ones(500), np.arange(500), Step(HOUR)) is None
    assert found(24, HOUR, rows=40) is None


def test_a_duty_cycle_over_gaps_and_a_drift() -> None:
    position = np.delete(np.arange(4000), np.r_[500:530, 1000:1900, 3000:3003])
    values = np.where(position % 45 < 13, 100.0, 20.0) + position / 50
    season = find_season(values, position, Step(MINUTE))
    assert season is not None
    assert season.steps == 45


def test_a_day_of_which_nights_are_missing() -> None:
    position = np.arange(3000)[np.arange(3000) % 96 < 52]
    wave = np.sin(np.pi * (position % 96) / 51) + np.random.default_rng(1).normal(size=len(position)) * 0.1
    season = find_season(wave, position, Step(15 * MINUTE))
    assert season is not None
    assert (season.steps, season.name) == (96, "day")


def test_months_and_business_days() -> None:
    wave = np.sin(2 * np.pi * np.arange(240) / 12)
    assert find_season(wave, np.arange(240), Step(months=1)) == Season(12, pytest.approx(1, abs=0.02), "year")  # type: ignore[arg-type]
    week = find_season(np.sin(2 * np.pi * np.arange(500) / 5), np.arange(500), Step(business=True))
    assert week is not None
    assert (week.steps, week.name) == (5, "week")


@pytest.mark.parametrize(
    ("step", "season", "rows"),
    [
        (Step(HOUR), 24, 24),
        (Step(HOUR), None, 24),
        (Step(15 * MINUTE), 96, 48),
        (Step(HOUR), 168, 56),
        (Step(MINUTE), 45, 45),
        (Step(MINUTE), None, 60),
        (Step(MINUTE), 1440, 60),
        (Step(20_000), None, 50),
        (Step(DAY), 7, 14),
        (Step(months=1), None, 12),
        (Step(months=3), None, 8),
        (Step(business=True), 5, 10),
    ],
)
def test_the_window_follows_season_and_step(step: Step, season: int | None, rows: int) -> None:
    window, reason = usual_window(step, None if season is None else Season(season, 0.9))
    assert window == rows
    assert reason
