"""Design points: names, ranges, JSON, identity."""

from __future__ import annotations

import dataclasses
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.design import (
    Architecture,
    DesignPoint,
    Engine,
    activation_names,
    activation_range,
    engine_kinds,
    engine_names,
    lane_limit,
    linear_names,
    linear_shape,
    memory_choices,
    snap_lanes,
    stream_names,
    uniform_design,
)
from quant_model.errors import UserError
from tests.quant_model.strategies import architectures, designs

ARCHITECTURE = Architecture(window=24, features=1, d_model=16, heads=2, ffn_width=64, layers=1, outputs=1)
DESIGN = uniform_design(ARCHITECTURE, lanes=4)


@given(designs())
def test_json_and_pickle_keep_a_design(design: DesignPoint) -> None:
    text = design.to_json()
    for again in (DesignPoint.from_json(text, "test"), pickle.loads(pickle.dumps(design))):
        assert again == design
        assert hash(again) == hash(design)
        assert again.digest == design.digest
        assert again.to_json() == text


@given(designs(), st.data())
def test_every_choice_is_part_of_the_identity(design: DesignPoint, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(linear_names(design.architecture)))
    bits = data.draw(st.integers(2, 8).filter(lambda bits: bits != design.weight_bits[name]))
    other = dataclasses.replace(design, weight_bits={**design.weight_bits, name: bits})
    assert other != design
    assert other.digest != design.digest


@given(architectures())
def test_names_cover_the_graph(arch: Architecture) -> None:
    names = engine_names(arch)
    assert len(set(names)) == len(names) == 3 + (10 + (arch.repeats > 1)) * arch.layers
    assert set(linear_names(arch)) < set(names)
    assert set(stream_names(arch)) < set(activation_names(arch))
    assert linear_shape(arch, "embed") == (arch.features, arch.d_model)
    assert linear_shape(arch, "layer0.expand") == (arch.d_model, arch.ffn_width)
    assert linear_shape(arch, "layer0.contract") == (arch.ffn_width, arch.d_model)
    assert linear_shape(arch, "head") == (arch.d_model, arch.outputs)


@given(architectures(), st.integers(1, 100), st.data())
def test_snapped_lanes_are_the_most_that_divide(arch: Architecture, wanted: int, data: st.DataObject) -> None:
    engine = data.draw(st.sampled_from(engine_names(arch)))
    limit = lane_limit(arch, engine)
    lanes = snap_lanes(arch, engine, wanted)
    assert limit % lanes == 0
    assert lanes <= wanted
    assert not [n for n in range(lanes + 1, min(wanted, limit) + 1) if limit % n == 0]


def test_the_stream_may_be_wider() -> None:
    assert max(activation_range(ARCHITECTURE, "embed")) == 16
    assert max(activation_range(ARCHITECTURE, "pool")) == 8
    wide = uniform_design(ARCHITECTURE, 4, 4, stream_bits=12)
    assert {n for n, bits in wide.activation_bits.items() if bits == 12} == set(stream_names(ARCHITECTURE))


def test_resolved_means_that_nothing_is_left_to_auto() -> None:
    assert not DESIGN.is_resolved
    kinds = engine_kinds(ARCHITECTURE)
    engines = {
        name: dataclasses.replace(
            engine,
            multiplier="dsp" if memory_choices(kinds[name]) else None,
            buffer="block",
            memory="block" if memory_choices(kinds[name]) else None,
        )
        for name, engine in DESIGN.engines.items()
    }
    assert DESIGN.with_engines(engines).is_resolved
    assert not DESIGN.with_engines({**engines, "pool": Engine()}).is_resolved


def test_a_design_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        DESIGN.weight_bits["embed"] = 2  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        DESIGN.architecture = ARCHITECTURE  # type: ignore[misc]


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
        (["engines", "embed", "lanes"], 3),
        (["engines", "embed", "lanes"], 0),
        (["engines", "embed", "memory"], "distributed"),
        (["engines", "embed", "memory"], None),
        (["engines", "embed", "multiplier"], "none"),
        (["engines", "embed", "buffer"], "logic"),
        (["engines", "embed", "wrong"], 1),
        (["engines", "pool", "memory"], "block"),
        (["engines", "pool", "multiplier"], "lut"),
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
