"""The golden model: against a second implementation, at the ends of its ranges, and through its file."""

from __future__ import annotations

import dataclasses
import json
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.attention import Context, Scores, softmax_table
from quant_model.design import Architecture, DesignPoint, uniform_design
from quant_model.errors import UserError
from quant_model.formats import Format, IntArray
from quant_model.input_scale import InputScale
from quant_model.integer_model import IntegerModel
from quant_model.linear import Linear
from quant_model.network import Network, build_network
from quant_model.node import LinearParameters, Parameters
from quant_model.pooling import Pooling
from quant_model.random_model import random_integer_model
from quant_model.residual import Residual
from tests.quant_model.reference import Reference
from tests.quant_model.strategies import designs

SEEDS = st.integers(0, 2**32)
ARCHITECTURE = Architecture(window=4, features=2, d_model=6, heads=2, ffn_width=5, layers=1, outputs=2)


def small_network(bits: int = 6) -> Network:
    return build_network(uniform_design(ARCHITECTURE, bits, bits))


def random_windows(model: IntegerModel, count: int, seed: int) -> IntArray:
    arch, target = model.network.design.architecture, model.network.input
    rng = np.random.default_rng(seed)
    return rng.integers(target.low, target.high + 1, (count, arch.window, arch.features))


@given(designs(largest=8), SEEDS)
@settings(max_examples=60)
def test_every_tensor_equals_a_second_implementation(design: DesignPoint, seed: int) -> None:
    model = random_integer_model(build_network(design), seed)
    windows = random_windows(model, 2, seed)
    golden = model.tensors(windows)
    for index, window in enumerate(windows.tolist()):
        for name, expected in Reference(model).tensors(window).items():
            assert golden[name][index].tolist() == expected, name


@given(designs(), SEEDS)
@settings(max_examples=40)
def test_every_tensor_stays_within_its_format(design: DesignPoint, seed: int) -> None:
    model = random_integer_model(build_network(design), seed)
    tensors = model.tensors(random_windows(model, 4, seed))
    for node in model.network.nodes:
        rows = tensors[node.name]
        assert rows.shape == (4, node.rows, node.columns)
        assert node.output.low <= rows.min(), node.name
        assert rows.max() <= node.output.high, node.name


def extremes(rng: np.random.Generator, target: Format, *shape: int) -> IntArray:
    """Only smallest and largest values, in a mix that is drawn too: from all the same to half and half."""
    return np.where(rng.random(shape) < rng.choice([0, 0.5, 1]), target.low, target.high)


def fits(values: IntArray, target: Format) -> bool:
    return bool(target.low <= values.min() and values.max() <= target.high)


@given(designs(), SEEDS)
@settings(max_examples=60)
def test_accumulators_cannot_overflow(design: DesignPoint, seed: int) -> None:
    """With extreme weights, biases and inputs, and after every single addition."""
    rng = np.random.default_rng(seed)
    for node in build_network(design).nodes:
        if isinstance(node, Linear):
            rows = extremes(rng, node.input, node.in_features)
            weights = extremes(rng, node.weight, node.columns, node.in_features)
            sums = np.cumsum(rows * weights, axis=1)
            assert fits(sums, node.accumulator)
            bias = rng.choice([-1, 1], node.columns) * node.bias_bound
            assert fits(sums[:, -1] + bias, node.total)
            assert fits(sums[:, -1] + bias + (1 << (node.max_shift - 1)), node.total)
        elif isinstance(node, Scores):
            query = extremes(rng, node.query_format, node.d_head)
            key = extremes(rng, node.key_format, node.d_head)
            sums = np.cumsum(query * key)
            assert fits(sums, node.accumulator)
            assert fits(sums + (1 << (node.max_shift - 1)), node.total)
        elif isinstance(node, Context):
            numerators = extremes(rng, node.probability, node.rows)
            assert fits(np.cumsum(numerators), node.denominator)
            assert fits(np.cumsum(numerators * extremes(rng, node.output, node.rows)), node.accumulator)
        elif isinstance(node, Pooling):
            sums = np.cumsum(extremes(rng, node.input, node.window))
            assert fits(sums, node.total)
            assert fits(sums + (1 << (node.max_shift - 1)), node.total)


@given(designs())
@settings(max_examples=30)
def test_accumulators_are_no_wider_than_needed(design: DesignPoint) -> None:
    for node in build_network(design).nodes:
        if isinstance(node, Linear | Scores | Context):
            assert not fits(np.array([node.product_bound]), Format(node.accumulator.bits - 1))
        if isinstance(node, Linear):
            worst = node.in_features * node.input.magnitude * abs(node.weight.low)
            assert node.product_bound == worst


@given(designs(), SEEDS)
@settings(max_examples=40)
def test_context_is_the_exact_mean_rounded_half_up(design: DesignPoint, seed: int) -> None:
    network = build_network(design)
    node = next(node for node in network.nodes if isinstance(node, Context))
    rng = np.random.default_rng(seed)
    scores = rng.integers(
        node.score_format.low, node.score_format.high + 1, (1, node.rows, node.heads * node.rows)
    )
    value = extremes(rng, node.output, 1, node.rows, node.columns)
    found = node.evaluate(Parameters({}, {}), (0, 0), scores, value)
    table = softmax_table(node.score_format.bits, node.probability.bits).tolist()
    for row in range(node.rows):
        for column in range(node.columns):
            head = column // node.d_head
            own = scores[0, row, head * node.rows : (head + 1) * node.rows].tolist()
            shares = [Fraction(table[max(own) - score]) for score in own]
            mean = sum(p * v for p, v in zip(shares, value[0, :, column].tolist(), strict=True)) / sum(shares)
            assert found[0, row, column] == floor(mean + Fraction(1, 2))
            assert node.output.low <= found[0, row, column] <= node.output.high


@pytest.mark.parametrize("score_bits", range(2, 9))
@pytest.mark.parametrize("probability_bits", range(2, 9))
def test_softmax_tables_begin_full_fall_and_fit(score_bits: int, probability_bits: int) -> None:
    table = softmax_table(score_bits, probability_bits)
    assert table.shape == (2**score_bits,)
    assert table[0] == 2**probability_bits - 1
    assert np.all(np.diff(table) <= 0)
    assert table.min() >= 0


@given(designs(), SEEDS)
@settings(max_examples=30)
def test_file_round_trip(design: DesignPoint, seed: int) -> None:
    model = random_integer_model(build_network(design), seed)
    text = model.to_json()
    again = IntegerModel.from_json(text, "model.json")
    assert again.to_json() == text
    assert again.network == model.network
    values = np.random.default_rng(seed).standard_normal((3, model.network.design.architecture.features))
    assert np.array_equal(again.quantize_input(values), model.quantize_input(values))
    windows = random_windows(model, 3, seed)
    assert np.array_equal(again.forward(windows), model.forward(windows))


def test_saved_file_is_loaded(tmp_path: Path) -> None:
    model = random_integer_model(small_network(), 1)
    model.save(tmp_path / "model.json")
    assert IntegerModel.load(tmp_path / "model.json").to_json() == model.to_json()


TEXT = random_integer_model(small_network(3), 5).to_json()


@given(st.integers(0, len(TEXT) - 1), st.characters(codec="ascii"))
@settings(max_examples=300)
def test_a_changed_character_is_a_user_error(place: int, character: str) -> None:
    changed = TEXT[:place] + character + TEXT[place + 1 :]
    try:
        same = json.loads(changed) == json.loads(TEXT)
    except ValueError:
        same = False
    if same:
        assert IntegerModel.from_json(changed, "model.json").to_json() == TEXT
    else:
        with pytest.raises(UserError, match=r"^model\.json"):
            IntegerModel.from_json(changed, "model.json")


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"digest": 1}', '{"digest": "", "model": {}}', '{"digest": "", "model": []}'],
)
def test_what_is_no_model_is_a_user_error(text: str) -> None:
    with pytest.raises(UserError):
        IntegerModel.from_json(text, "model.json")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00binary", b"[" * 100_000])
def test_an_unreadable_file_is_a_user_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"model\.json"):
        IntegerModel.load(path)


@given(SEEDS)
@settings(max_examples=20)
def test_many_windows_give_what_each_gives_alone(seed: int) -> None:
    model = random_integer_model(small_network(), seed)
    windows = random_windows(model, 300, seed)
    together = model.forward(windows)
    assert together.shape == (300, ARCHITECTURE.outputs)
    for index in (0, 255, 256, 299):
        assert np.array_equal(together[index], model.forward(windows[index : index + 1])[0])
    assert model.forward(windows[:0]).shape == (0, ARCHITECTURE.outputs)


@given(SEEDS, st.floats(-1e4, 1e4, width=32))
def test_inputs_are_rounded_half_up_and_saturated(seed: int, value: float) -> None:
    model = random_integer_model(small_network(), seed)
    target, scale = model.network.input, model.input_scale
    window = np.full((1, ARCHITECTURE.window, ARCHITECTURE.features), value, np.float32)
    found = model.quantize_input(window)
    for feature, (offset, step) in enumerate(zip(scale.offset.tolist(), scale.step.tolist(), strict=True)):
        # In Python's floats, which are the host's: IEEE 754, 64 bits.
        expected = min(max(floor((value - offset) / step + 0.5), target.low), target.high)
        assert np.all(found[..., feature] == expected)


@given(SEEDS, st.floats(allow_nan=False, width=32))
def test_without_a_scale_of_its_own_the_input_s_step_is_its_exponent_s(seed: int, value: float) -> None:
    model = random_integer_model(small_network(), seed)
    model = IntegerModel(model.network, dataclasses.replace(model.parameters, input_scale=None))
    again = IntegerModel.from_json(model.to_json(), "model.json")
    assert again.parameters.input_scale is None
    target, step = model.network.input, 2.0 ** model.exponents["input"]
    window = np.full((1, ARCHITECTURE.window, ARCHITECTURE.features), value, np.float32)
    nearest = target.high if value > 1e9 else target.low if value < -1e9 else floor(value / step + 0.5)
    assert np.all(again.quantize_input(window) == min(max(nearest, target.low), target.high))


@pytest.mark.parametrize(
    ("offset", "step"),
    [
        ([0.0, 0.0], [1.0, 0.0]),
        ([0.0, 0.0], [1.0, -1.0]),
        ([0.0, np.nan], [1.0, 1.0]),
        ([0.0, 0.0], [1.0, np.inf]),
        ([0.0], [1.0, 1.0]),
        ([0.0], [1.0]),
        ([0.0] * 3, [1.0] * 3),
        ([[0.0, 0.0]], [[1.0, 1.0]]),
    ],
)
def test_input_scales_that_make_no_sense_are_refused(offset: list[float], step: list[float]) -> None:
    parameters = random_integer_model(small_network(), 0).parameters

    def build() -> IntegerModel:
        scale = InputScale(np.array(offset), np.array(step))
        return IntegerModel(small_network(), dataclasses.replace(parameters, input_scale=scale))

    with pytest.raises(ValueError, match="input"):
        build()


def test_forecasts_are_the_accumulators_times_their_scale() -> None:
    model = random_integer_model(small_network(), 3)
    windows = np.random.default_rng(3).standard_normal((5, ARCHITECTURE.window, ARCHITECTURE.features))
    integers = model.forward(model.quantize_input(windows))
    assert np.array_equal(model.predict(windows), integers * 2.0 ** model.exponents["head"])


def with_linear(model: IntegerModel, name: str, **changes: Any) -> Parameters:
    own = dataclasses.replace(model.parameters.linear[name], **changes)
    return dataclasses.replace(model.parameters, linear={**model.parameters.linear, name: own})


def with_exponent(model: IntegerModel, name: str, change: int) -> Parameters:
    exponents = dict(model.parameters.exponents)
    return dataclasses.replace(model.parameters, exponents={**exponents, name: exponents[name] + change})


def test_parameters_that_the_hardware_has_no_room_for_are_refused() -> None:
    model = random_integer_model(small_network(), 0)
    network, own = model.network, model.parameters.linear["layer0.query"]
    bound = network.linears[1].bias_bound
    far = LinearParameters(own.weights, own.bias, model.parameters.linear["layer0.project"].exponent + 40)
    refused = [
        with_linear(model, "layer0.query", weights=own.weights + 64),
        with_linear(model, "layer0.query", weights=own.weights[:, :-1]),
        with_linear(model, "layer0.query", bias=np.full_like(own.bias, bound + 1)),
        with_linear(model, "layer0.query", bias=own.bias[0]),
        with_linear(model, "layer0.project", exponent=far.exponent),
        *(with_exponent(model, name, change) for name in ("embed", "pool") for change in (40, -40)),
        with_exponent(model, "layer0.ffn_residual", 60),
        with_exponent(model, "layer0.query", 40),
    ]
    for parameters in refused:
        with pytest.raises(ValueError, match=r"weight|bias|shift|scales"):
            IntegerModel(network, parameters)


@given(designs())
@settings(max_examples=30)
def test_a_residual_has_room_for_its_rounding_constant(design: DesignPoint) -> None:
    """In the zero bits below a shifted stream, or in the branch's bias adder."""
    for node in build_network(design).nodes:
        if isinstance(node, Residual):
            for difference in node.stream_shift_range:
                branch, stream = max(-difference, 0), max(difference, 0)
                half = 1 << (node.max_shift(branch, stream) - 1) if node.max_shift(branch, stream) else 0
                assert half < 1 << stream or half <= node.branch_bound << branch
