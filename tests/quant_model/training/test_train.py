"""Training as a whole, on a series that a small network learns in a second."""

from __future__ import annotations

import dataclasses
import io
import json
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from quant_model.data import Dataset, persistence, prediction_error, rmse
from quant_model.design import uniform_design
from quant_model.errors import UserError
from quant_model.families import Encoder, Hybrid
from quant_model.families.hybrid import PoolingName
from quant_model.graph import graph_of
from quant_model.network import Network, build_network
from quant_model.training import (
    Epoch,
    FloatParent,
    StopTraining,
    TrainingDiverged,
    TrainingSettings,
    parent_key,
    train,
    train_parent,
)
from tests.quant_model.data.images.samples import digits_dataset
from tests.quant_model.training.samples import SETTINGS, small_shape, wave_dataset

SERIES: dict[str, Any] = {
    "height": 1,
    "features": 1,
    "stem": 6,
    "stem_stride": 1,
    "stages": 2,
    "growth": 1,
    "steps": 2,
}
SERIES |= {"heads": 2, "attention_steps": 2}
"""Of the smallest hybrid that still has every part."""


def network_of(dataset: Dataset, bits: int = 8) -> Network:
    return build_network(uniform_design(small_shape(dataset), bits, bits))


def validation_error(dataset: Dataset, forecast: np.ndarray) -> float:
    return rmse(dataset, dataset.validation, forecast)


def test_the_parent_learns_and_reports_the_error_of_what_it_forecasts(
    dataset: Dataset, parent: FloatParent
) -> None:
    own = validation_error(dataset, parent.predict(dataset.validation.x))
    assert parent.validation_error == own
    assert own < 0.6 * validation_error(dataset, persistence(dataset.validation))
    assert own == pytest.approx(min(epoch.validation_error for epoch in parent.history), rel=1e-3)


def test_eight_bits_come_close_to_the_parent(dataset: Dataset, parent: FloatParent) -> None:
    result = train(network_of(dataset), dataset, SETTINGS, 0, parent)
    assert result.validation_error < 1.1 * parent.validation_error


def test_the_recorded_error_is_the_golden_model_s_of_the_best_epoch(
    dataset: Dataset, parent: FloatParent
) -> None:
    seen: list[Epoch] = []
    result = train(network_of(dataset, 3), dataset, SETTINGS, 0, parent, seen.append)
    golden = validation_error(dataset, result.integer_model.predict(dataset.validation.x))
    assert result.validation_error == golden
    # Bit for bit: training evaluates what the accelerator computes.
    assert golden == min(epoch.validation_error for epoch in result.history)
    assert tuple(seen) == result.history
    assert [epoch.index for epoch in seen] == list(range(SETTINGS.epochs + 1))
    assert [epoch.train_loss is None for epoch in seen] == [True] + [False] * SETTINGS.epochs


def test_the_same_seed_gives_the_same_model(dataset: Dataset, parent: FloatParent) -> None:
    network = network_of(dataset, 4)
    first, second, other = (train(network, dataset, SETTINGS, seed, parent) for seed in (5, 5, 6))
    assert first.integer_model.to_json() == second.integer_model.to_json()
    assert first.history == second.history
    assert first.history != other.history


def test_the_same_seed_gives_the_same_parent(dataset: Dataset, parent: FloatParent) -> None:
    torch.manual_seed(99)
    before = torch.get_rng_state()
    again = train_parent(small_shape(dataset), dataset, SETTINGS, seed=1)
    assert again.to_bytes() == parent.to_bytes()
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_parent_one_is_trained(dataset: Dataset, parent: FloatParent) -> None:
    network, settings = network_of(dataset), dataclasses.replace(SETTINGS, epochs=1)
    alone = train(network, dataset, settings, 1)
    given = train(network, dataset, settings, 1, parent)
    assert alone.integer_model.to_json() == given.integer_model.to_json()


def test_what_the_callback_raises_ends_the_training(dataset: Dataset, parent: FloatParent) -> None:
    def stop(epoch: Epoch) -> None:
        if epoch.index == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        train(network_of(dataset), dataset, SETTINGS, 0, parent, stop)


def test_no_epochs_score_the_quantised_parent(dataset: Dataset, parent: FloatParent) -> None:
    settings = dataclasses.replace(SETTINGS, epochs=0)
    result = train(network_of(dataset), dataset, settings, 0, parent)
    assert [epoch.index for epoch in result.history] == [0]


def test_patience_ends_the_training(dataset: Dataset, parent: FloatParent) -> None:
    settings = dataclasses.replace(SETTINGS, epochs=50, patience=1, learning_rate=0.0)
    settings = dataclasses.replace(settings, threshold_learning_rate=0.0)
    assert len(train(network_of(dataset), dataset, settings, 0, parent).history) == 2


@pytest.mark.parametrize("rate", [1e4, 1e30])
def test_divergence_is_an_error_with_its_reason(dataset: Dataset, parent: FloatParent, rate: float) -> None:
    settings = dataclasses.replace(SETTINGS, threshold_learning_rate=rate)
    with pytest.raises(TrainingDiverged, match=r"threshold of .* is"):
        train(network_of(dataset), dataset, settings, 0, parent)


def test_a_diverging_parent_is_an_error(dataset: Dataset) -> None:
    settings = dataclasses.replace(SETTINGS, parent_learning_rate=1e30)
    with pytest.raises(TrainingDiverged, match=r"\S"):
        train_parent(small_shape(dataset), dataset, settings, 0)


def test_shapes_that_do_not_fit_are_refused(dataset: Dataset, parent: FloatParent) -> None:
    with pytest.raises(ValueError, match="window, features, outputs"):
        train(network_of(dataset), wave_dataset(features=2), SETTINGS, 0, parent)
    wider = build_network(uniform_design(small_shape(dataset, heads=2)))
    with pytest.raises(ValueError, match="another shape"):
        train(wider, dataset, SETTINGS, 0, parent)


def test_several_heads_layers_and_features_train() -> None:
    dataset = wave_dataset(features=3)
    shape = small_shape(dataset, heads=2, layers=2)
    network = build_network(uniform_design(shape, 6, 6, stream_bits=10))
    result = train(network, dataset, SETTINGS, 0)
    assert result.validation_error < validation_error(dataset, persistence(dataset.validation))


def test_repeated_layers_train(dataset: Dataset) -> None:
    shape = small_shape(dataset, layers=2, repeats=3)
    parent = train_parent(shape, dataset, SETTINGS, 1)
    # Training, evaluation and the folded network compute the same function of a repeated layer.
    best = min(epoch.validation_error for epoch in parent.history)
    assert parent.validation_error == pytest.approx(best, rel=1e-3)
    network = build_network(uniform_design(shape, 6, 6, stream_bits=8))
    result = train(network, dataset, SETTINGS, 0, parent)
    # Bit for bit: training evaluates what the accelerator computes.
    assert result.validation_error == min(epoch.validation_error for epoch in result.history)
    assert result.validation_error < 0.8 * validation_error(dataset, persistence(dataset.validation))
    exponents = result.integer_model.exponents
    assert len({exponents[name] for name in graph_of(shape).tied}) == 1
    again = FloatParent.from_bytes(parent.to_bytes(), "artifact")
    assert np.array_equal(again.predict(dataset.test.x), parent.predict(dataset.test.x))


def test_hybrids_of_a_series_train(dataset: Dataset) -> None:
    shape = Hybrid(**SERIES, window=dataset.window, outputs=dataset.outputs)
    parent = train_parent(shape, dataset, SETTINGS, 1)
    result = train(build_network(uniform_design(shape, 8, 8)), dataset, SETTINGS, 1, parent)
    assert parent.validation_error < 0.6 * validation_error(dataset, persistence(dataset.validation))
    assert result.validation_error < 1.15 * parent.validation_error


@pytest.mark.parametrize("pooling", ["mean", "none"])
def test_hybrids_of_pictures_train(pooling: PoolingName) -> None:
    digits = digits_dataset(classes=4, shift=1)
    shape = Hybrid(**{**SERIES, "height": 8, "growth": 2}, window=64, outputs=4, pooling=pooling)
    result = train(build_network(uniform_design(shape, 6, 6, stream_bits=8)), digits, SETTINGS, 1)
    outputs = result.integer_model.predict(digits.validation.x)
    assert result.validation_error == prediction_error(digits, digits.validation, outputs) < 0.15


def test_a_parent_survives_its_file(dataset: Dataset, parent: FloatParent) -> None:
    content = parent.to_bytes()
    again = FloatParent.from_bytes(content, "artifact")
    assert again.to_bytes() == content
    with np.load(io.BytesIO(content)) as file:
        header = json.loads(str(file["header"]))
    # As earlier versions wrote it, without family and readout.
    numbers = dataclasses.asdict(small_shape(dataset))
    assert header["architecture"] == {name: own for name, own in numbers.items() if name != "readout"}
    assert again.key == parent.key
    assert again.history == parent.history
    x = dataset.validation.x
    assert np.array_equal(again.predict(x), parent.predict(x))


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "flipped"])
def test_a_damaged_parent_is_a_user_error(parent: FloatParent, damage: str) -> None:
    content = parent.to_bytes()
    middle = len(content) // 2
    damaged = {
        "empty": b"",
        "text": b"no parent",
        "cut": content[:middle],
        "flipped": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
    }[damage]
    with pytest.raises(UserError, match=r"^artifact"):
        FloatParent.from_bytes(damaged, "artifact")


def test_the_key_tells_parents_apart(dataset: Dataset) -> None:
    shape = small_shape(dataset)
    keys = {
        parent_key(shape, dataset, SETTINGS, 0),
        parent_key(shape, dataset, SETTINGS, 1),
        parent_key(small_shape(dataset, heads=2), dataset, SETTINGS, 0),
        parent_key(shape, wave_dataset(seed=1), SETTINGS, 0),
        parent_key(shape, dataset, dataclasses.replace(SETTINGS, parent_epochs=7), 0),
    }
    assert len(keys) == 5
    quantised_only = dataclasses.replace(SETTINGS, epochs=9, learning_rate=1.0)
    assert parent_key(shape, dataset, quantised_only, 0) in keys


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("parent_epochs", 0),
        ("epochs", -1),
        ("batch_size", 0),
        ("learning_rate", math.nan),
        ("patience", 0),
        ("distillation", 1.5),
        ("threshold_share", 1.5),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=name):
        TrainingSettings(**{name: value})  # type: ignore[arg-type]


def test_settings_need_no_torch() -> None:
    code = "import sys; from quant_model.training import TrainingSettings; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_shapes_of_every_kind_have_a_parent_of_their_shape() -> None:
    dataset = wave_dataset(features=2)
    shape = Encoder(window=dataset.window, features=2, d_model=6, heads=3, ffn_width=5, layers=1, outputs=1)
    settings = dataclasses.replace(SETTINGS, parent_epochs=1)
    parent = train_parent(shape, dataset, settings, 0)
    assert parent.predict(dataset.test.x).shape == dataset.test.y.shape


def test_a_callback_may_stop_a_training_and_keep_its_best_epoch(
    dataset: Dataset, parent: FloatParent
) -> None:
    def stop(epoch: Epoch) -> None:
        if epoch.index == 2:
            raise StopTraining("enough")

    settings = dataclasses.replace(SETTINGS, epochs=5)
    result = train(network_of(dataset), dataset, settings, 0, parent, stop)
    assert result.stopped == "enough"
    assert len(result.history) == 3
    assert result.validation_error == min(epoch.validation_error for epoch in result.history)
    assert train(network_of(dataset), dataset, SETTINGS, 0, parent).stopped is None


def test_rates_that_only_saturate_everything_count_as_divergence(
    dataset: Dataset, parent: FloatParent
) -> None:
    settings = dataclasses.replace(SETTINGS, learning_rate=1e30)
    with pytest.raises(TrainingDiverged, match="the training loss is"):
        train(network_of(dataset), dataset, settings, 0, parent)


def test_learning_from_the_parent_brings_the_network_closer_to_it(
    dataset: Dataset, parent: FloatParent
) -> None:
    wanted = parent.predict(dataset.test.x)
    distances = []
    for share in (0.0, 1.0):
        settings = dataclasses.replace(SETTINGS, epochs=8, distillation=share)
        model = train(network_of(dataset, 5), dataset, settings, 0, parent).integer_model
        distances.append(float(np.mean((model.predict(dataset.test.x) - wanted) ** 2)))
    assert distances[1] < distances[0]


def test_scales_rest_after_their_share_of_the_training(dataset: Dataset, parent: FloatParent) -> None:
    """The first epochs are alike, and with a share of nothing no threshold learns."""
    settings = dataclasses.replace(SETTINGS, epochs=2, threshold_share=0.0)
    fixed = dataclasses.replace(SETTINGS, epochs=2, threshold_learning_rate=0.0)
    network = network_of(dataset, 4)
    assert (
        train(network, dataset, settings, 0, parent).history
        == train(network, dataset, fixed, 0, parent).history
    )


def test_the_average_of_the_last_steps_is_taken_where_it_is_better(
    dataset: Dataset, parent: FloatParent
) -> None:
    """With steps so large that the network jumps about, the average is the better one in most epochs."""
    network = network_of(dataset, bits=4)
    wild = dataclasses.replace(SETTINGS, learning_rate=0.1, epochs=4)
    averaged, plain = (
        train(network, dataset, dataclasses.replace(wild, averaging=averaging), 2, parent)
        for averaging in (True, False)
    )
    # The steps themselves are the same.
    assert [epoch.train_loss for epoch in averaged.history] == [epoch.train_loss for epoch in plain.history]
    errors = [[epoch.validation_error for epoch in result.history] for result in (averaged, plain)]
    assert all(with_average <= without for with_average, without in zip(*errors, strict=True))
    assert averaged.validation_error < plain.validation_error
    assert averaged.validation_error == min(errors[0])
