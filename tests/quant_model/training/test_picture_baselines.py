"""Baselines of pictures learn the handwritten digits; pictures are augmented as seeds say."""

from __future__ import annotations

import numpy as np
import torch

from quant_model.training.baselines import baselines
from quant_model.training.loop import Windows
from tests.quant_model.data.images.samples import digits_dataset


def test_logistic_regression_and_a_cnn_learn_digits() -> None:
    dataset = digits_dataset()
    found = baselines(None, dataset, None, seed=0)
    assert [one.name for one in found] == ["most frequent class", "logistic regression", "CNN, float"]
    majority, linear, cnn = (one.test for one in found)
    assert majority > 0.85
    assert linear < 0.1
    assert cnn < 0.05
    assert found[1:] == baselines(None, dataset, None, seed=0)[1:]


def test_batches_are_augmented_with_the_generator_s_numbers() -> None:
    chosen = np.arange(40)[:, None]
    plain, moved = (Windows.of(digits_dataset(shift=shift)) for shift in (0, 1))
    still, _ = plain.batch(chosen, np.random.default_rng(0))
    first, truth = moved.batch(chosen, np.random.default_rng(0))
    again, _ = moved.batch(chosen, np.random.default_rng(0))
    other, _ = moved.batch(chosen, np.random.default_rng(1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert not torch.equal(first, still)
    assert torch.equal(truth, plain.y[:40])
    assert torch.equal(still, torch.from_numpy(plain.x[:40]))
