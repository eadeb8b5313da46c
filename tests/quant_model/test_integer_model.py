"""The golden model: against a second implementation, at the ends of its ranges, and through its file."""

from __future__ import annotations

import dataclasses
import json
from functools import cache
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.design import DesignPoint, uniform_design
from quant_model.errors import UserError
from quant_model.families import Encoder
from quant_model.formats import IntArray
from quant_model.input_scale import InputScale
from quant_model.integer_model import IntegerModel
from quant_model.network import Network, build_network
from quant_model.node import Parameters
from quant_model.random_model import random_integer_model
from tests.quant_model.reference import Reference
from tests.quant_model.strategies import designs

SEEDS = st.integers(0, 2**32)
SHAPE = Encoder(window=4, features=2, d_model=6, heads=2, ffn_width=5, layers=1, outputs=2)


def small_network(bits: int = 6) -> Network:
    return build_network(uniform_design(SHAPE, bits, bits))


@cache
def small_model(seed: int) -> IntegerModel:
    return random_integer_model(small_network(), seed)


def random_windows(model: IntegerModel, count: int, seed: int) -> IntArray:
    port = model.network.input
    rng = np.random.default_rng(seed)
    return rng.integers(port.format.low, port.format.high + 1, (count, model.network.sees, port.columns))


@given(designs(largest=8), SEEDS)
@settings(max_examples=40)
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
        assert rows.shape == (4, model.network.rows_alone[node.name], node.columns)
        assert node.output.low <= rows.min(), node.name
        assert rows.max() <= node.output.high, node.name


@given(designs(), SEEDS)
@settings(max_examples=30)
def test_file_round_trip(design: DesignPoint, seed: int) -> None:
    model = random_integer_model(build_network(design), seed)
    text = model.to_json()
    again = IntegerModel.from_json(text, "model.json")
    assert again.to_json() == text
    assert again.network.design == model.network.design
    values = np.random.default_rng(seed).standard_normal((3, model.network.input.columns))
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
@settings(max_examples=10)
def test_many_windows_give_what_each_gives_alone(seed: int) -> None:
    model = random_integer_model(small_network(), seed)
    windows = random_windows(model, 300, seed)
    together = model.forward(windows)
    assert together.shape == (300, SHAPE.outputs)
    for index in (0, 255, 256, 299):
        assert np.array_equal(together[index], model.forward(windows[index : index + 1])[0])
    assert model.forward(windows[:0]).shape == (0, SHAPE.outputs)


@given(st.integers(0, 9), st.floats(-1e4, 1e4, width=32))
def test_inputs_are_rounded_half_up_and_saturated(seed: int, value: float) -> None:
    model = small_model(seed)
    target, scale = model.network.input.format, model.input_scale
    window = np.full((1, SHAPE.window, SHAPE.features), value, np.float32)
    found = model.quantize_input(window)
    for feature, (offset, step) in enumerate(zip(scale.offset.tolist(), scale.step.tolist(), strict=True)):
        # In Python's floats, which are the host's: IEEE 754, 64 bits.
        expected = min(max(floor((value - offset) / step + 0.5), target.low), target.high)
        assert np.all(found[..., feature] == expected)


@given(st.integers(0, 9), st.floats(allow_nan=False, width=32))
@settings(max_examples=50)
def test_without_a_scale_of_its_own_the_input_s_step_is_its_exponent_s(seed: int, value: float) -> None:
    model = small_model(seed)
    model = IntegerModel(model.network, dataclasses.replace(model.parameters, input_scale=None))
    again = IntegerModel.from_json(model.to_json(), "model.json")
    assert again.parameters.input_scale is None
    target, step = model.network.input.format, 2.0 ** model.exponents["input"]
    window = np.full((1, SHAPE.window, SHAPE.features), value, np.float32)
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


def test_another_build_has_the_same_integers() -> None:
    model = small_model(1)
    wide = uniform_design(SHAPE, 6, 6, lanes=3, multiplier="lut", memory="block", windows=2)
    built = model.built_as(wide)
    assert built.network.design == wide != model.network.design
    windows = np.random.default_rng(1).integers(-32, 32, (7, SHAPE.window, SHAPE.features))
    assert np.array_equal(built.forward(windows), model.forward(windows))
    for other in (uniform_design(SHAPE, 6, 7), uniform_design(dataclasses.replace(SHAPE, ffn_width=6), 6, 6)):
        with pytest.raises(ValueError, match="shape or bits differ"):
            model.built_as(other)


def test_forecasts_are_the_accumulators_times_their_scale() -> None:
    model = random_integer_model(small_network(), 3)
    windows = np.random.default_rng(3).standard_normal((5, SHAPE.window, SHAPE.features))
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
    bound = network.weighted[1].bias_bound
    far = model.parameters.linear["layer0.project"].exponent + 40
    refused = [
        with_linear(model, "layer0.query", weights=own.weights + 64),
        with_linear(model, "layer0.query", weights=own.weights[:, :-1]),
        with_linear(model, "layer0.query", bias=np.full_like(own.bias, bound + 1)),
        with_linear(model, "layer0.query", bias=own.bias[0]),
        with_linear(model, "layer0.project", exponent=far),
        *(with_exponent(model, name, change) for name in ("embed", "pool") for change in (40, -40)),
        with_exponent(model, "layer0.ffn_residual", 60),
        with_exponent(model, "layer0.query", 40),
    ]
    for parameters in refused:
        with pytest.raises(ValueError, match=r"weight|bias|shift|scales"):
            IntegerModel(network, parameters)
