"""A small dataset that a small network learns in a second: a noisy daily wave."""

from __future__ import annotations

import numpy as np

from quant_model.data import Dataset, Series, make_dataset
from quant_model.families import Encoder
from quant_model.training import TrainingSettings

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
