"""The scales of what a host computes around a model that was trained on a dataset."""

from __future__ import annotations

import itertools

from quant_model.data import Dataset
from quant_model.host import Host, Line, Plus
from quant_model.integer_model import IntegerModel

__all__ = ["added_values", "host"]


def host(model: IntegerModel, dataset: Dataset) -> Host:
    """The scales of a model that was trained on a dataset: normalisation and quantisation in one."""
    scale, one = model.input_scale, 2.0 ** model.exponents[model.network.output.name]
    offsets = dataset.feature_mean + dataset.feature_std * scale.offset
    steps = dataset.feature_std * scale.step
    features = zip(dataset.feature_names, offsets, steps, strict=True)
    scales, added = (dataset.target_mean, dataset.target_std * one), added_values(dataset)
    outputs = zip(dataset.output_names, *scales, added, strict=True)
    return Host(
        low=int(model.network.input.format.low),
        high=int(model.network.input.format.high),
        inputs=tuple(Line(name, float(offset), float(step)) for name, offset, step in features),
        outputs=tuple(Line(name, float(offset), float(step), plus) for name, offset, step, plus in outputs),
    )


def added_values(dataset: Dataset) -> tuple[Plus | None, ...]:
    """By output, the value that the host adds."""
    targets = itertools.cycle(dataset.target_names)
    return tuple(
        None if rows is None else Plus(target, rows)
        for rows, target in zip(dataset.rows_back, targets, strict=False)
    )
