"""The hybrid's graph: its nodes, their rows and widths, what is repeated, what is refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from pydantic import ValidationError

from quant_model.design import shape_from_dict
from quant_model.families import Hybrid
from quant_model.graph import graph_of
from quant_model.kinds.linear import Linear
from quant_model.raster import Raster
from tests.quant_model.strategies import hybrids

SHAPE = Hybrid(
    window=784,
    height=28,
    features=1,
    stem=16,
    stem_stride=2,
    stages=2,
    growth=2,
    steps=4,
    heads=2,
    attention_steps=2,
    outputs=10,
)


@given(hybrids())
@settings(max_examples=40)
def test_names_and_rows_follow_from_the_shape(shape: Hybrid) -> None:
    graph = graph_of(shape)
    names = [node.name for node in graph.nodes]
    blocks = shape.stages * (7 + (shape.steps > 1))
    attention = (8 + (shape.attention_steps > 1)) * (shape.attention_steps > 0)
    pools = shape.pooling == "mean"
    assert len(set(names)) == len(names) == blocks + attention + 1 + pools
    last = graph.by_name["pool" if pools else "head"].sources[0]
    assert graph.by_name[last].rows == shape.raster_of(shape.stages - 1).rows
    assert graph.by_name["head"].rows == 1
    assert (graph.input.rows, graph.input.columns) == (shape.window, shape.features)
    assert graph.sees == shape.window
    assert graph.warm_up == 0
    assert shape_from_dict(shape.as_dict()) == shape


def test_the_shape_of_the_pictures() -> None:
    graph = graph_of(SHAPE)
    sizes = {
        "stem.convolution": (196, 9, 16),
        "stage0.pointwise0": (196, 16, 16),
        "stage1.convolution": (49, 144, 32),
        "stage1.pointwise1": (49, 32, 32),
        "attention.embed": (49, 32, 32),
        "head": (1, 32, 10),
    }
    for name, expected in sizes.items():
        node = graph.by_name[name]
        assert isinstance(node, Linear)
        assert (node.rows, node.in_features, node.columns) == expected
    assert SHAPE.raster_of(1) == Raster(7, 7)
    assert (SHAPE.width, SHAPE.channels) == (28, 32)
    assert SHAPE.brief == "hybrid 28x28x1 c16/2 x2 S2 s4 h2 a2"
    assert SHAPE.summary == (
        "hybrid, 28 x 28 pixels, blocks of 16, 32 channels applied 4 times, "
        "attention with 2 heads applied 2 times"
    )


def test_without_pooling_the_head_reads_every_pixel() -> None:
    shape = dataclasses.replace(SHAPE, pooling="none")
    head = graph_of(shape).by_name["head"]
    assert isinstance(head, Linear)
    assert (head.source, head.rows, head.in_features, head.columns) == ("attention.residual", 1, 49 * 32, 10)
    assert shape.brief == f"{SHAPE.brief} all"
    assert shape.summary == f"{SHAPE.summary}, read from all pixels"
    # Studies and design files of before know no pooling.
    assert "pooling" not in SHAPE.as_dict()


def test_blocks_are_computed_step_by_step_and_tied() -> None:
    graph = graph_of(SHAPE)
    assert graph.passes["stage0.depthwise0"] == graph.passes["stage1.residual"] == 4
    assert graph.passes["attention.scores"] == 2
    assert graph.passes["stage1.convolution"] == graph.passes["attention.embed"] == 1
    assert graph.tied == (
        "stem.convolution",
        "stage0.residual",
        "stage1.convolution",
        "stage1.residual",
        "attention.embed",
        "attention.residual",
    )
    once = graph_of(dataclasses.replace(SHAPE, steps=1, attention_steps=0))
    assert not once.tied
    assert not once.loops


def test_a_series_is_an_image_of_one_line() -> None:
    shape = dataclasses.replace(SHAPE, window=24, height=1, features=3)
    first = graph_of(shape).by_name["stem.convolution"]
    assert isinstance(first, Linear)
    assert (first.rows, first.in_features) == (12, 9)
    assert shape.summary.startswith("hybrid, window 24, ")


def test_a_choice_of_parameters_is_snapped() -> None:
    choice = {name: getattr(SHAPE, name) for name in Hybrid.parameters} | {"stem": 6, "heads": 5}
    shape = Hybrid.chosen(choice, features=1, outputs=10)
    assert shape == dataclasses.replace(SHAPE, stem=6, heads=4)
    many = Hybrid.chosen(choice | {"stem": np.array([6, 5])}, features=1, outputs=10)
    assert many.heads.tolist() == [4, 5]  # type: ignore[attr-defined]
    assert many.example == shape


def test_numbers_that_a_shape_does_not_use_make_no_other_shape() -> None:
    """Nothing is trained twice."""
    choice = {name: getattr(SHAPE, name) for name in Hybrid.parameters}
    plain = choice | {"stages": 1, "attention_steps": 0}
    shapes = {
        Hybrid.chosen(plain | {"growth": growth, "heads": heads}, 1, 10)
        for growth in (1, 2)
        for heads in (1, 4)
    }
    assert shapes == {dataclasses.replace(SHAPE, stages=1, attention_steps=0, growth=1, heads=1)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 3}, r"height \(3\) must divide the number of pixels \(784\)"),
        ({"heads": 3}, r"heads \(3\) must divide the last stage's channels \(32\)"),
    ],
)
def test_a_shape_that_does_not_exist(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(SHAPE, **change)


@pytest.mark.parametrize("change", [{"stem_stride": 3}, {"stages": 0}, {"steps": 17}, {"stem": 4.0}])
def test_a_file_with_a_number_out_of_range(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        shape_from_dict(SHAPE.as_dict() | change)
