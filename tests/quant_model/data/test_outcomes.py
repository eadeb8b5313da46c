"""What training came to besides the error: parts of it, and what alarms miss."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from quant_model.data import Dataset, Split, make_dataset, prediction_error
from quant_model.data.outcomes import check_outcomes, is_outcome, outcome_names, outcomes
from quant_model.errors import UserError
from tests.quant_model.data.samples import make_series

GENERATOR = np.random.default_rng(3)
WALKS = np.cumsum(GENERATOR.normal(size=(200, 2)), axis=0) * [1.0, 50.0]


def forecasts(task: str = "forecast", marks: list[int] | None = None) -> Dataset:
    series = make_series(WALKS)
    if marks is not None:
        series = replace(series, anomalous=np.isin(np.arange(200), marks))
    return make_dataset(series, 4, [1, 3], task=task, anomaly_quantile=0.9)


def states(absent: bool = False) -> Dataset:
    labels = GENERATOR.integers(3, size=(300, 1)).astype(np.float64)
    if absent:
        labels[200:250][labels[200:250] == 2] = 1.0
    series = replace(make_series(labels), classes=("a", "b", "c"), target_names=("state",))
    return make_dataset(series, 3, task="classify")


def noisy(split: Split) -> np.ndarray:
    return split.y + np.random.default_rng(0).normal(size=split.y.shape)


def test_parts_of_forecasts_are_errors_of_their_outputs() -> None:
    dataset = forecasts()
    names = outcome_names(dataset.target_names, dataset.horizon, (), marks=False)
    parts = ("t0", "t1", "+1", "+3", "t0+1", "t1+1", "t0+3", "t1+3")
    assert names == ("error", *(f"error:{part}" for part in parts))
    found = outcomes(dataset, names, noisy)
    split = dataset.validation
    off = (noisy(split) - split.y).astype(np.float64) * dataset.target_std
    columns = {"t0": [0, 2], "t1": [1, 3], "+1": [0, 1], "+3": [2, 3], "t0+3": [2]}
    for part, own in columns.items():
        assert found[f"error:{part}"] == pytest.approx(np.sqrt(np.mean(off[:, own] ** 2)))
    assert found["error"] == prediction_error(dataset, split, noisy(split))


def test_of_one_target_and_one_step_the_only_part_is_the_error() -> None:
    dataset = make_dataset(make_series(WALKS[:, :1]), 4)
    found = outcomes(dataset, ("error", "error:t0", "error:+1", "error:t0+1"), noisy)
    assert len(set(found.values())) == 1


def test_the_error_of_a_class_is_the_share_told_wrong_and_their_mean_is_the_error() -> None:
    dataset = states()
    found = outcomes(dataset, outcome_names(("state",), (0,), dataset.output_names, marks=False), noisy)
    truth, told = (array.argmax(axis=1) for array in (dataset.validation.y, noisy(dataset.validation)))
    assert found["error:b"] == np.mean(told[truth == 1] != 1)
    assert np.mean([found[f"error:{name}"] for name in "abc"]) == pytest.approx(found["error"])


def test_misses_are_the_marked_windows_without_an_alarm() -> None:
    marks = [143, 150, 155]
    dataset = forecasts("anomaly", marks)
    split = dataset.validation
    assert split.anomalous is not None
    assert split.clean is not None
    off = np.where(split.anomalous, 5.0, np.linspace(0, 1, len(split)))
    first = np.flatnonzero(split.anomalous)[0]
    off[first] = 0.0

    def told(_: Split) -> np.ndarray:
        return split.y + off[:, None]

    found = outcomes(dataset, ("misses", "error"), told)
    assert found["misses"] == pytest.approx(1 / split.anomalous.sum())
    assert found["error"] == prediction_error(dataset, split, told(split))


@pytest.mark.parametrize(
    ("dataset", "name", "problem"),
    [
        (states(absent=True), "error:c", "no window of class c"),
        (forecasts("anomaly", [3]), "misses", "no marked anomaly"),
    ],
)
def test_what_validation_says_nothing_of_is_refused(dataset: Dataset, name: str, problem: str) -> None:
    check_outcomes(dataset, ("error",), "a.csv")
    with pytest.raises(UserError, match=f"a.csv: {name}: validation has {problem}"):
        check_outcomes(dataset, (name,), "a.csv")


def test_names() -> None:
    assert all(map(is_outcome, ("error", "error:x", "misses")))
    assert not any(map(is_outcome, ("error:", "errors", "lut", "utilization")))
