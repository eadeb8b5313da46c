"""Outputs that are changes: with what the host adds they are the same forecasts, errors and alarms."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.data import (
    Dataset,
    Series,
    mae_by_output,
    make_dataset,
    persistence,
    rmse,
    rmse_by_output,
    seasonal_persistence,
    task_of,
)
from quant_model.data.decisions import anomaly_scores
from quant_model.data.outputs import OUTPUTS, Outputs, rows_back
from quant_model.errors import UserError
from tests.quant_model.data.samples import make_series, serieses

SEASON = 5
HORIZON = (1, 3, 7)
SPLIT = (0.5, 0.25, 0.25)


def made(
    series: Series, outputs: Outputs, task: str = "forecast", window: int = SEASON + 1
) -> Dataset | None:
    """A dataset, or None where gaps leave a split without a window."""
    try:
        return make_dataset(series, window, HORIZON, SPLIT, task=task, outputs=outputs, season=SEASON)
    except UserError as error:
        assert "too short a series" in error.problem  # noqa: PT017 - anything else is a failure
        return None


@given(serieses(rows=(120, 160)), st.sampled_from(OUTPUTS))
def test_what_the_host_adds_makes_the_target_of_an_output(series: Series, outputs: Outputs) -> None:
    dataset = made(series, outputs)
    if dataset is None:
        return
    targets = len(series.target_names)
    back = {"value": None, "change": 0, "seasonal": SEASON}[outputs]
    for split in (dataset.train, dataset.validation, dataset.test):
        for index in range(dataset.outputs):
            step, column = HORIZON[index // targets], index % targets
            truth = series.targets[split.last_row + step, column]
            slack = 1e-5 * float(np.abs(series.targets).max())
            np.testing.assert_allclose(dataset.forecast(split, split.y)[:, index], truth, atol=slack)
            newest = series.targets[split.last_row, column]
            np.testing.assert_allclose(dataset.forecast(split, split.last)[:, index], newest, atol=slack)
            if back is None:
                assert (split.base[:, index] == 0).all()
                assert dataset.rows_back[index] is None
                continue
            # A season before, or two where one is not known yet.
            rows = {0: 0, SEASON: SEASON * (2 if step > SEASON else 1) - step}[back]
            assert dataset.rows_back[index] == rows
            assert (split.base[:, index] == series.targets[split.last_row - rows, column]).all()
            # A network that says nothing gives the base, and the mean change.
            nothing = dataset.forecast(split, np.zeros_like(split.y))[:, index]
            np.testing.assert_allclose(nothing, split.base[:, index] + dataset.target_mean[index])


@given(
    serieses(rows=(120, 160)), st.sampled_from([one for one in OUTPUTS if one != "value"]), st.integers(0, 99)
)
def test_the_same_forecasts_have_the_same_errors(series: Series, outputs: Outputs, seed: int) -> None:
    plain, changed = made(series, "value"), made(series, outputs)
    if plain is None or changed is None:
        return
    rng = np.random.default_rng(seed)
    for name in ("validation", "test"):
        left, right = plain.split(name), changed.split(name)
        assert (left.x[:] == right.x[:]).all()
        noise = rng.standard_normal(left.y.shape)
        forecast = plain.forecast(left, left.y + noise)
        same = (forecast - right.base - changed.target_mean) / changed.target_std
        for measure in (rmse, rmse_by_output, mae_by_output):
            np.testing.assert_allclose(
                measure(changed, right, same), measure(plain, left, left.y + noise), rtol=1e-4
            )


@given(serieses(rows=(120, 160)), st.sampled_from(OUTPUTS))
def test_answers_without_a_model_are_the_same(series: Series, outputs: Outputs) -> None:
    plain, changed = made(series, "value"), made(series, outputs)
    if plain is None or changed is None:
        return
    for name in ("validation", "test"):
        left, right = plain.split(name), changed.split(name)
        scale = float(np.abs(series.targets).max())
        np.testing.assert_allclose(
            plain.forecast(left, persistence(left)),
            changed.forecast(right, persistence(right)),
            atol=1e-5 * scale,
        )
        seasonal = [
            one.forecast(split, seasonal_persistence(series, one, split, SEASON))
            for one, split in ((plain, left), (changed, right))
        ]
        np.testing.assert_allclose(seasonal[0], seasonal[1], atol=1e-5 * scale)


@pytest.mark.parametrize("outputs", ["change", "seasonal"])
def test_alarms_are_those_of_the_values(outputs: Outputs) -> None:
    rng = np.random.default_rng(3)
    values = 50 + rng.standard_normal((400, 2)).cumsum(axis=0) * [1, 20]
    series = replace(make_series(values), anomalous=rng.random(400) < 0.01)
    dataset = made(series, outputs, "anomaly", window=8)
    assert dataset is not None
    decision = task_of(dataset).decide(dataset, persistence)

    limits = np.array([decision.details["limits"][name] for name in dataset.output_names])
    test = dataset.test
    # As a host does it: what comes is compared with what was forecast, both in the target's unit.
    truth = np.stack(
        [series.targets[test.last_row + step, column] for step in HORIZON for column in range(2)], axis=1
    )
    newest = np.tile(series.targets[test.last_row], (1, len(HORIZON)))
    far = (np.abs(newest - truth) > limits * (1 + 1e-5)).any(axis=1)
    assert decision.test["alarms"] == pytest.approx(far.mean())
    scores = anomaly_scores(dataset, test, test.last)
    assert ((scores > decision.details["normalised"]) == far).all()


def test_each_output_may_be_another() -> None:
    series = make_series(np.random.default_rng(0).standard_normal((400, 2)).cumsum(axis=0))
    each: tuple[Outputs, ...] = ("value", "change", "seasonal", "value")
    dataset = make_dataset(series, 24, (1, 3), outputs=each, season=24)

    assert dataset.rows_back == (None, 0, 21, None)
    for outputs in get_args(Outputs):
        alike = make_dataset(series, 24, (1, 3), outputs=outputs, season=24)
        for index, own in enumerate(each):
            if own == outputs:
                assert (alike.test.y[:, index] == dataset.test.y[:, index]).all()


def test_the_digest_knows_the_outputs() -> None:
    series = make_series(np.arange(400, dtype=np.float64)[:, None] ** 2)
    digests = [make_dataset(series, 24, outputs=outputs, season=12).digest for outputs in OUTPUTS]

    assert len(set(digests)) == len(OUTPUTS)
    assert make_dataset(series, 24).digest == digests[0]
    assert make_dataset(series, 24, outputs="change").digest == digests[1]


def test_a_season_lies_in_the_window_or_is_refused() -> None:
    assert rows_back("seasonal", 1, 24, 24, "file") == 23
    assert rows_back("seasonal", 24, 1, 24, "file") == 0
    assert rows_back("seasonal", 25, 24, 24, "file") == 23
    with pytest.raises(
        UserError, match=r"^file: with a season of 24 steps, .* lies 23 rows before .* window of 23"
    ):
        rows_back("seasonal", 1, 23, 24, "file")
    with pytest.raises(UserError, match="without a season"):
        rows_back("seasonal", 1, 23, None, "file")


def test_a_target_that_always_changes_alike_is_refused() -> None:
    series = make_series(np.arange(100, dtype=np.float64)[:, None])
    with pytest.raises(
        UserError, match=r"^memory\.csv column t0: the target changes by 1 in every training window"
    ):
        make_dataset(series, 4, outputs="change")
