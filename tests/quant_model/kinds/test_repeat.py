"""Repetition: each pass reads what the one before made, on one scale."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import pytest

from quant_model.design import uniform_design
from quant_model.families import Encoder
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from quant_model.random_model import random_integer_model

SHAPE = Encoder(window=4, features=2, d_model=6, heads=2, ffn_width=5, layers=2, outputs=1, repeats=3)


def test_a_pass_reads_what_the_one_before_made() -> None:
    model = random_integer_model(build_network(uniform_design(SHAPE, 6, 6)), 1)
    network, found = model.network, {}
    found["input"] = np.random.default_rng(0).integers(-32, 32, (3, SHAPE.window, SHAPE.features))

    def evaluate(names: Iterable[str]) -> None:
        for name in names:
            sources = (found[source] for source in network.by_name[name].sources)
            found[name] = network.by_name[name].evaluate(
                model.parameters, model.source_exponents(name), *sources
            )

    evaluate(["embed"])
    for layer in ("layer0", "layer1"):
        part = [name for name in network.by_name if name.startswith(layer)]
        evaluate(part)
        for _ in range(SHAPE.repeats - 1):
            found[f"{layer}.repeat"] = found[f"{layer}.ffn_residual"]
            evaluate(part[1:])
    evaluate(["pool", "head"])
    assert np.array_equal(found["head"][:, 0], model.forward(found["input"]))


def test_another_scale_at_the_end_of_the_loop_is_refused() -> None:
    model = random_integer_model(build_network(uniform_design(SHAPE, 6, 6)), 1)
    exponents = dict(model.parameters.exponents)
    exponents["layer0.ffn_residual"] += 1
    with pytest.raises(ValueError, match=r"layer0.repeat: .* must have the same scale"):
        IntegerModel(model.network, dataclasses.replace(model.parameters, exponents=exponents))
