"""Faults by fast arithmetic against models whose word was changed, evaluated as a whole."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hdl.playback import random_vectors
from quant_model.families import Encoder
from quant_model.faults import Faults, noticed, word_counts
from quant_model.integer_model import IntegerModel
from quant_model.kinds.attention import Context
from quant_model.kinds.linear import Linear
from quant_model.network import build_network
from quant_model.node import LinearParameters
from quant_model.random_model import random_integer_model
from tests.designs import uniform_build

SMALL = Encoder(window=4, features=2, d_model=4, heads=2, ffn_width=4, layers=1, outputs=2)


def with_fault(model: IntegerModel, node: int, word: int) -> IntegerModel:
    """The same model with one word changed, past the checks that would refuse it."""
    faulty = model.network.nodes[node]
    parameters, network = model.parameters, model.network
    if isinstance(faulty, Linear):
        own = parameters.linear[faulty.name]
        arrays = {"weights": own.weights.copy(), "bias": own.bias.copy()}
        part, bits = (
            ("weights", faulty.weight.bits) if word < own.weights.size else ("bias", faulty.total.bits)
        )
        place = word if part == "weights" else word - own.weights.size
        # Two's complement, as a memory holds it.
        stored = (int(arrays[part].flat[place]) % (1 << bits)) ^ (1 << (bits - 1))
        arrays[part].flat[place] = stored - (1 << bits) if stored >> (bits - 1) else stored
        changed = LinearParameters(arrays["weights"], arrays["bias"], own.exponent)
        linear = {**parameters.linear, faulty.name: changed}
        parameters = dataclasses.replace(parameters, linear=linear)
    else:
        assert isinstance(faulty, Context)
        table = faulty.table.copy()
        table[word] ^= 1 << (faulty.probability.bits - 1)
        kind = type("Faulty", (Context,), {"table": table})
        wrong = kind(**{one.name: getattr(faulty, one.name) for one in dataclasses.fields(faulty)})
        nodes = tuple(wrong if one is faulty else one for one in network.nodes)
        network = dataclasses.replace(network, nodes=nodes)
    found = object.__new__(IntegerModel)
    object.__setattr__(found, "network", network)
    object.__setattr__(found, "parameters", parameters)
    return found


@pytest.mark.parametrize(
    "shape", [SMALL, dataclasses.replace(SMALL, layers=2, repeats=2)], ids=["once", "repeated"]
)
def test_a_fault_is_noticed_where_the_changed_model_differs(shape: Encoder) -> None:
    model = random_integer_model(build_network(uniform_build(shape, 4)), 3)
    windows = random_vectors(model.network.input, 6, seed=1)
    faults, right = Faults.of(model), model.forward(windows)
    assert len(faults) == sum(word_counts(model))
    found = noticed(model, faults, windows)
    slow = [
        (with_fault(model, node, word).forward(windows) != right).any(axis=1)
        for node, word in zip(faults.nodes.tolist(), faults.words.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(found, np.stack(slow))
    assert 0.3 < found.any(axis=1).mean() <= 1.0
