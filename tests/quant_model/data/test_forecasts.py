"""Baseline forecasts and error metrics: each against a computation on the series itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data import (
    Series,
    mae,
    mae_by_output,
    make_dataset,
    persistence,
    rmse,
    rmse_by_output,
    seasonal_persistence,
)
from quant_model.errors import UserError
from tests.quant_model.data.samples import make_series, serieses


@given(serieses(rows=(120, 160), gaps=0), st.integers(1, 6), st.integers(1, 4))
def test_the_error_of_persistence_is_that_of_the_raw_series(series: Series, window: int, step: int) -> None:
    dataset = make_dataset(series, window, step)

    for name in ("train", "validation", "test"):
        split = dataset.split(name)
        difference = series.targets[split.last_row] - series.targets[split.last_row + step]
        forecast = persistence(split)
        # float32 windows hold 24 bits of a value's distance from the mean.
        slack = 1e-6 * float(np.abs(split.y).max() * dataset.target_std.max())
        assert rmse(dataset, split, forecast) == pytest.approx(np.sqrt(np.mean(difference**2)), 1e-5, slack)
        assert mae(dataset, split, forecast) == pytest.approx(np.mean(np.abs(difference)), 1e-5, slack)
        np.testing.assert_allclose(
            rmse_by_output(dataset, split, forecast), np.sqrt(np.mean(difference**2, axis=0)), 1e-5, slack
        )
        np.testing.assert_allclose(
            mae_by_output(dataset, split, forecast), np.mean(np.abs(difference), axis=0), 1e-5, slack
        )


@given(serieses(rows=(100, 160), gaps=2), st.integers(1, 12), st.integers(1, 3))
def test_a_seasonal_forecast_is_the_value_a_season_before(series: Series, season: int, step: int) -> None:
    try:
        dataset = make_dataset(series, 3, (step, step + 5), (0.4, 0.3, 0.3))
    except UserError:
        return
    row_at = {int(position): row for row, position in enumerate(series.position)}
    targets = len(series.target_names)
    for split in (dataset.train, dataset.test):
        forecast = dataset.forecast(split, seasonal_persistence(series, dataset, split, season))
        for index in range(0, len(split), 7):
            last = int(split.last_row[index])
            for number, ahead in enumerate(dataset.horizon):
                position = int(series.position[last]) + ahead
                while position > series.position[last]:
                    position -= season
                expected = series.targets[row_at.get(position, last)]
                found = forecast[index, number * targets : (number + 1) * targets]
                np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(series.targets).max())


def test_a_season_is_at_least_a_step() -> None:
    series = make_series(np.arange(100, dtype=np.float64)[:, None])
    dataset = make_dataset(series, 4)

    with pytest.raises(UserError, match="season"):
        seasonal_persistence(series, dataset, dataset.test, 0)


def test_a_perfect_forecast_has_no_error() -> None:
    dataset = make_dataset(make_series(np.sin(np.arange(100.0))[:, None]), 4)

    assert rmse(dataset, dataset.test, dataset.test.y) == 0
    assert mae(dataset, dataset.test, dataset.test.y) == 0


def test_a_forecast_off_by_one_deviation_errs_by_it() -> None:
    dataset = make_dataset(make_series(np.sin(np.arange(100.0))[:, None]), 4)

    assert rmse(dataset, dataset.test, dataset.test.y + 1) == pytest.approx(dataset.target_std[0])


def test_a_forecast_of_another_shape_is_a_defect() -> None:
    dataset = make_dataset(make_series(np.arange(100, dtype=np.float64)[:, None]), 4)

    with pytest.raises(ValueError, match="shape"):
        rmse(dataset, dataset.test, dataset.test.y[:, 0])


def test_a_forecast_that_is_no_number_gives_none() -> None:
    dataset = make_dataset(make_series(np.arange(100, dtype=np.float64)[:, None]), 4)

    assert np.isnan(rmse(dataset, dataset.test, np.full_like(dataset.test.y, np.nan)))
