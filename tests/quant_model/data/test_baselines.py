"""Ridge regression against numpy's least squares, and the baselines of a dataset in one go."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quant_model.data import (
    Baseline,
    make_dataset,
    persistence,
    prediction_error,
    ridge,
    rmse,
    simple_baselines,
)
from quant_model.data.baselines import Ridge
from tests.quant_model.data.samples import make_series


def two_waves(rows: int = 400) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    rng = np.random.default_rng(3)
    hours = np.arange(rows)[:, None]
    waves: np.ndarray[tuple[int, int], np.dtype[np.float64]] = np.sin(hours / [3.0, 5.0])
    return waves + 0.05 * rng.normal(size=(rows, 2))


def test_ridge_minimises_what_it_says() -> None:
    dataset = make_dataset(make_series(two_waves()), 6, (1, 2))
    fitted = ridge(dataset)

    # Least squares with one more row for each weight: sqrt(n * penalty) times it shall be zero.
    x = dataset.train.x[:].reshape(len(dataset.train), -1).astype(np.float64)
    x, y = x - x.mean(axis=0), dataset.train.y - dataset.train.y.mean(axis=0, dtype=np.float64)
    damped = np.vstack([x, np.sqrt(len(x) * fitted.penalty) * np.eye(x.shape[1])])
    weights = np.linalg.lstsq(damped, np.vstack([y, np.zeros((x.shape[1], y.shape[1]))]), rcond=None)[0]

    np.testing.assert_allclose(fitted.weights, weights, atol=1e-4)
    own = fitted.predict(dataset.test.x)
    assert rmse(dataset, dataset.test, own) < 0.5 * rmse(dataset, dataset.test, persistence(dataset.test))


def test_ridge_takes_the_penalty_that_validates_best() -> None:
    dataset = make_dataset(make_series(two_waves()), 6)
    fitted = ridge(dataset)

    def error(one: Ridge) -> float:
        return prediction_error(dataset, dataset.validation, one.predict(dataset.validation.x))

    assert error(fitted) <= error(replace(fitted, weights=0.9 * fitted.weights, bias=0.9 * fitted.bias))
    flipped = replace(dataset, validation=replace(dataset.validation, y=-dataset.validation.y))
    # Where forecasts are of no use at all, the strongest penalty is the best.
    assert ridge(flipped).penalty == 100


def test_ridge_looks_at_the_newest_rows_of_a_long_window() -> None:
    values = np.random.default_rng(1).normal(size=(700, 32))
    dataset = make_dataset(make_series(values[:, :1], values), 40)
    fitted = ridge(dataset)

    assert (fitted.rows, fitted.weights.shape) == (32, (1024, 1))
    changed = np.array(dataset.test.x)
    changed[:, :8] = 9
    assert (fitted.predict(changed) == fitted.predict(dataset.test.x)).all()


def test_ridge_on_a_constant_feature_and_with_classes() -> None:
    labels = np.arange(300) // 5 % 2
    features = np.stack([labels + 0.1 * np.sin(np.arange(300.0)), np.full(300, 7.0)], axis=1)
    series = replace(make_series(labels[:, None].astype(np.float64), features), classes=("off", "on"))
    dataset = make_dataset(series, 4, task="classify")

    assert prediction_error(dataset, dataset.test, ridge(dataset).predict(dataset.test.x)) == 0
    names = [one.name for one in simple_baselines(series, dataset, None)]
    assert names == ["most frequent class", "ridge regression"]


def test_baselines_are_scored_on_both_splits_and_survive_json() -> None:
    series = make_series(two_waves())
    dataset = make_dataset(series, 6)
    found = simple_baselines(series, dataset, 19)

    assert [one.name for one in found] == ["persistence", "seasonal persistence", "ridge regression"]
    assert found[0].validation == rmse(dataset, dataset.validation, persistence(dataset.validation))
    assert found[0].test == rmse(dataset, dataset.test, persistence(dataset.test))
    assert found[2].test == pytest.approx(rmse(dataset, dataset.test, ridge(dataset).predict(dataset.test.x)))
    assert [Baseline.from_json(one.to_json()) for one in found] == list(found)
