"""A dataset that a small network learns in a second, a noisy daily wave; networks with given integers."""

from __future__ import annotations

import numpy as np
import torch

from quant_model.data import Dataset, Series, make_dataset
from quant_model.families import Encoder
from quant_model.integer_model import IntegerModel
from quant_model.training import TrainingSettings
from quant_model.training.quant_network import QuantNetwork

WINDOW = 8
SETTINGS = TrainingSettings(epochs=3, parent_epochs=6, batch_size=32)


def wave_dataset(rows: int = 700, features: int = 1, seed: int = 0) -> Dataset:
    """Windows of sine waves with noise; the first feature is the target."""
    return make_dataset(wave_series(rows, features, seed), WINDOW)


def wave_series(rows: int = 700, features: int = 1, seed: int = 0) -> Series:
    """Sine waves with noise; the first feature is the target."""
    rng = np.random.default_rng(seed)
    hours = np.arange(rows)
    columns = [
        np.sin(2 * np.pi * hours / (WINDOW * (1 + index))) + 0.1 * rng.standard_normal(rows)
        for index in range(features)
    ]
    values = np.stack(columns, axis=1)
    return Series(
        name="wave.csv",
        sha256="0" * 64,
        time=np.datetime64("2020-01-01T00", "us") + hours * np.timedelta64(1, "h"),
        step=np.timedelta64(1, "h"),
        position=hours.astype(np.int64),
        feature_names=tuple(f"f{index}" for index in range(features)),
        target_names=("f0",),
        features=values,
        targets=values[:, :1],
    )


def small_shape(dataset: Dataset, heads: int = 1, layers: int = 1, repeats: int = 1) -> Encoder:
    """The smallest encoder that still has every part."""
    return Encoder(
        window=dataset.window,
        features=dataset.features,
        d_model=4 * heads,
        heads=heads,
        ffn_width=8,
        layers=layers,
        outputs=dataset.outputs,
        repeats=repeats,
    )


def load(model: IntegerModel) -> QuantNetwork:
    """The trainable form of an integer model: thresholds at the exponents, units at the integers."""
    network = QuantNetwork(model.network)
    weighted = model.network.weighted
    linears = [model.parameters.linear[node.name] for node in weighted]
    inputs = [model.source_exponents(node.name)[0] for node in weighted]
    own_scale, formats = model.parameters.exponents, network.rules.formats
    thresholds = [own_scale[name] + own.bits - own.signed for name, own in formats.items()]
    with torch.no_grad():
        network.weights.copy_(torch.from_numpy(np.concatenate([own.weights.ravel() for own in linears])))
        biases = [own.bias for own in linears] + list(model.parameters.biases.values())
        network.biases.copy_(torch.from_numpy(np.concatenate([own.ravel() for own in biases])))
        network.weight_units.copy_(torch.tensor([own.exponent for own in linears]))
        accumulators = [own.exponent + source for own, source in zip(linears, inputs, strict=True)]
        accumulators += [sum(model.source_exponents(name)) for name in model.parameters.biases]
        network.bias_units.copy_(torch.tensor(accumulators))
        reach = [own.exponent + node.weight.bits - 1 for own, node in zip(linears, weighted, strict=True)]
        network.weight_thresholds.copy_(torch.tensor(reach))
        network.thresholds.copy_(torch.tensor(thresholds))
    return network.eval()
