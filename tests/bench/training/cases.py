"""The designs and settings whose accuracy is measured."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from quant_model.data import Dataset, load_series, make_dataset
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder, Shape
from quant_model.training import TrainingSettings

DATA = Path(__file__).parents[3] / "studies" / "data"
_WINDOW = 24
_WEATHER = (
    "pm25", "dew_point", "temperature", "pressure", "wind_speed", "snow_hours", "rain_hours", "wind_north",
    "wind_east",
)  # fmt: skip

SERIES: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "sf": ("sf_traffic.csv.gz", ("occupancy",), "occupancy"),
    "beijing": ("beijing_pm25.csv.gz", _WEATHER, "pm25"),
}
"""File, features and target of each series."""


def dataset(series: str) -> Dataset:
    """A shipped series as windows of 24 hours, one hour ahead."""
    file, features, target = SERIES[series]
    return make_dataset(load_series(str(DATA / file), "time", list(features), [target]), _WINDOW)


def encoder(data: Dataset, d_model: int) -> Encoder:
    """One layer, one head, ffn_width 4 x d_model."""
    return Encoder(
        window=data.window,
        features=data.features,
        d_model=d_model,
        heads=1,
        ffn_width=4 * d_model,
        layers=1,
        outputs=data.outputs,
    )


@dataclass(frozen=True)
class Case:
    """A way to choose the bits, and how far above the float parent's error it may come."""

    title: str
    design: Callable[[Shape], DesignPoint]
    bar: float | None
    """Relative increase of the validation error; None where the case is there for comparison."""


def _mixed(shape: Shape) -> DesignPoint:
    """Weights: 8 bits at both ends, which are small; 3 in query and key, 4 elsewhere. All else 8 bits."""
    design = uniform_design(shape, 4, 8)
    own = {"embed": 8, "head": 8}
    weights = {
        name: own.get(name, 3 if name.endswith(("query", "key")) else 4) for name in design.weight_bits
    }
    return dataclasses.replace(design, weight_bits=weights)


def mean_weight_bits(design: DesignPoint) -> float:
    """Bits per weight, on average over all weights."""
    sizes = {node.name: int(node.in_features * node.columns) for node in design.graph.weighted}
    return sum(size * design.weight_bits[name] for name, size in sizes.items()) / sum(sizes.values())


CASES: Mapping[str, Case] = {
    "8": Case("8 bits", lambda a: uniform_design(a, 8, 8), 0.01),
    "6": Case("6 bits", lambda a: uniform_design(a, 6, 6), 0.03),
    "6w": Case(
        "6 bits, stream, input and pool 8",
        lambda a: uniform_design(a, 6, 6, stream_bits=8, ends_bits=8),
        0.03,
    ),
    "4": Case("4 bits, stream 8", lambda a: uniform_design(a, 4, 4, stream_bits=8), 0.10),
    "4w": Case(
        "4 bits, stream, input and pool 8",
        lambda a: uniform_design(a, 4, 4, stream_bits=8, ends_bits=8),
        0.10,
    ),
    "mixed": Case("mixed, mean weight bits below 4", _mixed, 0.04),
}

_DEFAULT = TrainingSettings()
ABLATIONS: Mapping[str, TrainingSettings] = {
    "as it is": _DEFAULT,
    "without averages": dataclasses.replace(_DEFAULT, averaging=False),
    "truth only": dataclasses.replace(_DEFAULT, distillation=0.0),
    "parent's outputs only": dataclasses.replace(_DEFAULT, distillation=1.0),
    "scales fixed after calibration": dataclasses.replace(_DEFAULT, threshold_learning_rate=0.0),
    "scales learn to the end": dataclasses.replace(_DEFAULT, threshold_share=1.0),
    "scales learn to the end, without averages": dataclasses.replace(
        _DEFAULT, threshold_share=1.0, averaging=False
    ),
    "scales at rest in the second half": dataclasses.replace(_DEFAULT, threshold_share=0.5),
    "half the epochs": dataclasses.replace(_DEFAULT, epochs=_DEFAULT.epochs // 2),
    "half the learning rate": dataclasses.replace(_DEFAULT, learning_rate=_DEFAULT.learning_rate / 2),
    "twice the learning rate": dataclasses.replace(_DEFAULT, learning_rate=_DEFAULT.learning_rate * 2),
}
"""Settings of quantised training that differ from the default in one thing; the parents are the same."""
ABLATION_CASES = ("8", "6w", "4w")
