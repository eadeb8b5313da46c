"""Training for classes and anomalies: losses, the golden model's error, the LSTM to compare with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from quant_model.data import (
    Dataset,
    Series,
    make_dataset,
    persistence,
    prediction_error,
)
from quant_model.design import uniform_design
from quant_model.network import build_network
from quant_model.training import TrainingSettings, train
from quant_model.training.baselines import baselines, lstm_baseline
from quant_model.training.losses import loss_of
from tests.quant_model.training.samples import WINDOW, small_shape, wave_series

SETTINGS = TrainingSettings(epochs=3, parent_epochs=6, batch_size=32)


def states_series(rows: int = 700) -> Series:
    """A wave whose height tells one of three states; the first state is the most frequent."""
    rng = np.random.default_rng(0)
    state = np.array([0, 1, 0, 2])[np.arange(rows) // 20 % 4]
    wave = (1 + 2 * state) * np.sin(2 * np.pi * np.arange(rows) / 5) + 0.2 * rng.standard_normal(rows)
    return replace(
        wave_series(rows),
        features=wave[:, None],
        targets=state[:, None].astype(np.float64),
        target_names=("state",),
        classes=("low", "middle", "high"),
    )


def states_dataset() -> Dataset:
    return make_dataset(states_series(), WINDOW, task="classify")


def test_a_classifier_learns_and_its_error_is_the_golden_model_s() -> None:
    dataset = states_dataset()
    network = build_network(uniform_design(small_shape(dataset), 6, 6))

    result = train(network, dataset, SETTINGS, 1)

    outputs = result.integer_model.predict(dataset.validation.x)
    assert result.validation_error == prediction_error(dataset, dataset.validation, outputs)
    # Fake-quantised evaluation found the same error as the integers.
    assert result.validation_error == min(epoch.validation_error for epoch in result.history)
    naive = prediction_error(dataset, dataset.validation, persistence(dataset.validation))
    assert result.validation_error < 0.5 * naive
    told = result.integer_model.forward(result.integer_model.quantize_input(dataset.test.x[:])).argmax(axis=1)
    assert (told == result.integer_model.predict(dataset.test.x).argmax(axis=1)).all()


def test_an_anomaly_detector_is_trained_as_a_forecast() -> None:
    forecast = make_dataset(wave_series(), WINDOW)
    anomaly = make_dataset(wave_series(), WINDOW, task="anomaly")
    network = build_network(uniform_design(small_shape(forecast), 6, 6))

    settings = replace(SETTINGS, epochs=1, parent_epochs=1)
    models = [train(network, dataset, settings, 1).integer_model for dataset in (forecast, anomaly)]

    assert models[0].to_json() == models[1].to_json()


def test_the_loss_of_classes_counts_all_classes_alike() -> None:
    dataset = states_dataset()
    loss = loss_of(dataset)
    truth = torch.from_numpy(np.array(dataset.train.y))
    outputs = torch.from_numpy(np.random.default_rng(0).normal(size=truth.shape).astype(np.float32))

    probability = torch.softmax(outputs, 1)[truth.bool()]
    by_class = [-torch.log(probability)[truth.argmax(1) == index].mean() for index in range(3)]

    assert float(loss(outputs, truth)) == pytest.approx(float(sum(by_class)) / 3, rel=1e-5)


@pytest.mark.parametrize("task", ["forecast", "classify"])
def test_an_lstm_learns_and_comes_out_the_same_again(task: str) -> None:
    dataset = states_dataset() if task == "classify" else make_dataset(wave_series(), WINDOW)
    before = torch.random.get_rng_state()

    found = lstm_baseline(dataset, 3)

    assert lstm_baseline(dataset, 3) == found
    assert (torch.random.get_rng_state() == before).all()
    naive = persistence(dataset.validation), persistence(dataset.test)
    assert found.validation < 0.5 * prediction_error(dataset, dataset.validation, naive[0])
    assert found.test < 0.5 * prediction_error(dataset, dataset.test, naive[1])


def test_all_baselines_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    series = wave_series()
    dataset = make_dataset(series, WINDOW)
    found = baselines(series, dataset, WINDOW, 1)
    names = [one.name for one in found]
    assert names == ["persistence", "seasonal persistence", "ridge regression", "LSTM, float"]
    # With steps that no training survives.
    monkeypatch.setattr("quant_model.training.baselines._LEARNING_RATE", 1e30)
    assert baselines(series, dataset, WINDOW, 1) == found[:-1]
