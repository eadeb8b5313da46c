"""The ONNX file against the golden model: the same integers, whatever the design."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings

from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.formats import IntArray
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from quant_model.onnx_export import INPUT, OPSET, OUTPUT, to_onnx
from quant_model.random_model import random_integer_model
from tests.models import EXTREMES, extreme_model
from tests.quant_model.strategies import designs

WINDOWS = 200


def run(model: IntegerModel, windows: IntArray) -> IntArray:
    session = onnxruntime.InferenceSession(
        to_onnx(model).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (forecast,) = session.run([OUTPUT], {INPUT: windows})
    assert isinstance(forecast, np.ndarray)
    return forecast


def windows_of(model: IntegerModel, count: int = WINDOWS) -> IntArray:
    port = model.network.input
    low, high = port.format.low, port.format.high
    drawn = np.random.default_rng(5).integers(low, high + 1, (count, model.network.sees, port.columns))
    # The corners of the range too.
    drawn[0], drawn[1] = low, high
    return drawn


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(design=designs(largest=8))
def test_every_integer_equals_the_golden_model(design: DesignPoint) -> None:
    model = random_integer_model(build_network(design), 1)
    windows = windows_of(model)
    np.testing.assert_array_equal(run(model, windows), model.forward(windows))


@pytest.mark.parametrize("bits", [2, 8])
def test_a_network_of_ordinary_size_equals_the_golden_model(bits: int) -> None:
    shape = Encoder(window=24, features=3, d_model=16, heads=2, ffn_width=64, layers=2, outputs=3)
    model = random_integer_model(build_network(uniform_design(shape, bits, bits)), bits)
    windows = windows_of(model)
    np.testing.assert_array_equal(run(model, windows), model.forward(windows))


@pytest.mark.parametrize("plan", EXTREMES)
def test_accumulators_at_their_bounds(plan: str) -> None:
    shape = Encoder(window=6, features=2, d_model=8, heads=2, ffn_width=16, layers=1, outputs=2)
    model = extreme_model(build_network(uniform_design(shape, 8, 8, stream_bits=16)), EXTREMES[plan])
    windows = windows_of(model, 50)
    np.testing.assert_array_equal(run(model, windows), model.forward(windows))


def test_the_file_says_what_a_reader_needs() -> None:
    shape = Encoder(window=4, features=2, d_model=4, heads=1, ffn_width=8, layers=1, outputs=1, repeats=2)
    model = random_integer_model(build_network(uniform_design(shape)), 3)
    proto = to_onnx(model, {"unit": "kW"})
    assert [(one.domain, one.version) for one in proto.opset_import] == [("", OPSET)]
    assert {node.domain for node in proto.graph.node} == {""}
    properties = {entry.key: entry.value for entry in proto.metadata_props}
    assert properties["unit"] == "kW"
    assert DesignPoint.from_json(properties["design"], "properties") == model.network.design
    produced = {output for node in proto.graph.node for output in node.output}
    # Every tensor of the design can be found by its name, a repeated layer's second pass too.
    assert {node.name for node in model.network.nodes if node.kind != "repeat"} <= produced
    assert "layer0.ffn_residual.pass2" in produced
    weights = next(one for one in proto.graph.initializer if one.name == "layer0.query.weights")
    assert weights.data_type == onnx.TensorProto.INT8
    assert sum(one.name == "layer0.query.weights" for one in proto.graph.initializer) == 1
