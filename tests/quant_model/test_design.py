"""Design points: names, ranges, JSON, identity."""

from __future__ import annotations

import dataclasses
import json
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.design import DesignPoint, shape_from_dict, uniform_design
from quant_model.engine import Engine
from quant_model.errors import UserError
from quant_model.families import Encoder
from tests.quant_model.strategies import designs, encoders

SHAPE = Encoder(window=24, features=1, d_model=16, heads=2, ffn_width=64, layers=1, outputs=1)
DESIGN = uniform_design(SHAPE, lanes=4)


@given(designs())
@settings(max_examples=40)
def test_json_and_pickle_keep_a_design(design: DesignPoint) -> None:
    text = design.to_json()
    for again in (DesignPoint.from_json(text, "test"), pickle.loads(pickle.dumps(design))):
        assert again == design
        assert hash(again) == hash(design)
        assert again.digest == design.digest
        assert again.to_json() == text


@given(designs(), st.data())
@settings(max_examples=40)
def test_every_choice_is_part_of_the_identity(design: DesignPoint, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(design.weight_bits)))
    bits = data.draw(st.integers(2, 8).filter(lambda bits: bits != design.weight_bits[name]))
    other = dataclasses.replace(design, weight_bits={**design.weight_bits, name: bits})
    assert other != design
    assert other.digest != design.digest


@given(encoders(), st.integers(1, 100))
def test_lanes_are_the_most_that_divide(shape: Encoder, wanted: int) -> None:
    design = uniform_design(shape, lanes=wanted)
    for node in design.graph.nodes:
        lanes, limit = design.engines[node.name].lanes, node.lane_limit
        assert limit % lanes == 0
        assert lanes <= wanted
        assert not [n for n in range(lanes + 1, min(wanted, limit) + 1) if limit % n == 0]


def test_the_stream_may_be_wider() -> None:
    tensors = DESIGN.graph.tensors
    assert max(tensors["embed"].bits) == 16
    assert max(tensors["pool"].bits) == 8
    wide = uniform_design(SHAPE, 4, 4, stream_bits=12)
    streams = {name for name, tensor in tensors.items() if tensor.role == "stream"}
    assert {name for name, bits in wide.activation_bits.items() if bits == 12} == streams


@given(encoders())
@settings(max_examples=40)
def test_a_shape_survives_its_json(shape: Encoder) -> None:
    """The default family is not named: files from before there were families are read and stay the same."""
    data = shape.as_dict()
    assert "family" not in data
    for text in (data, {"family": "encoder", **data}):
        again = shape_from_dict(text)
        assert again == shape
        assert again.digest == shape.digest


def test_digests_stay_what_they_were() -> None:
    """Studies look up parents and designs of earlier versions by them."""
    assert SHAPE.digest == "b643eec1ca8c39cb"
    assert DESIGN.digest == "19db832149addd72"


@pytest.mark.parametrize("data", [{}, {"family": "unknown"}, {"family": 3}, {"window": 24}])
def test_what_is_no_shape_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"family|window|features"):
        shape_from_dict(data)


def test_resolved_means_that_nothing_is_left_to_auto() -> None:
    assert not DESIGN.is_resolved
    engines = {
        node.name: dataclasses.replace(
            DESIGN.engines[node.name],
            multiplier="dsp" if "multiplier" in node.offers else None,
            buffer="block",
            memory="block" if node.memories else None,
        )
        for node in DESIGN.graph.nodes
    }
    assert DESIGN.with_engines(engines).is_resolved
    assert not DESIGN.with_engines({**engines, "pool": Engine()}).is_resolved


def test_a_design_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        DESIGN.weight_bits["embed"] = 2  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        DESIGN.shape = SHAPE  # type: ignore[misc]


def edited(path: list[str], value: Any) -> str:
    """The design's JSON with one value changed, or removed when it is None."""
    content = json.loads(DESIGN.to_json())
    part = content
    for key in path[:-1]:
        part = part[key]
    if value is None:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return json.dumps(content)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["weight_bits", "embed"], 0),
        (["weight_bits", "embed"], 9),
        (["weight_bits", "embed"], "8"),
        (["weight_bits", "embed"], 4.5),
        (["weight_bits", "embed"], True),
        (["weight_bits", "embed"], None),
        (["weight_bits", "wrong"], 4),
        (["activation_bits", "pool"], 12),
        (["activation_bits", "embed"], 17),
        (["activation_bits", "layer0.scores"], None),
        (["architecture", "heads"], 3),
        (["architecture", "window"], 1),
        (["architecture", "wrong"], 1),
        (["architecture", "family"], "unknown"),
        (["engines", "embed", "lanes"], 3),
        (["engines", "embed", "lanes"], 0),
        (["engines", "embed", "memory"], "distributed"),
        (["engines", "embed", "memory"], None),
        (["engines", "embed", "multiplier"], "none"),
        (["engines", "embed", "buffer"], "logic"),
        (["engines", "embed", "wrong"], 1),
        (["engines", "pool", "memory"], "block"),
        (["engines", "pool", "multiplier"], "lut"),
        (["engines", "pool", "windows"], 2),
        (["engines", "layer0.scores", "memory"], "logic"),
        (["engines", "layer0.value"], None),
        (["engines"], []),
    ],
)
def test_a_wrong_value_is_a_user_error_that_names_the_file(path: list[str], value: Any) -> None:
    with pytest.raises(UserError, match=r"^design\.json") as caught:
        DesignPoint.from_json(edited(path, value), "design.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3", '"text"'])
def test_what_is_no_design_is_a_user_error(text: str) -> None:
    with pytest.raises(UserError, match=r"^design\.json"):
        DesignPoint.from_json(text, "design.json")
