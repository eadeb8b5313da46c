"""The encoder's graph: its nodes, their widths and limits."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter, ValidationError

from quant_model.design import shape_from_dict
from quant_model.families import Encoder, Stream
from quant_model.graph import graph_of
from quant_model.kinds.linear import Linear
from tests.quant_model.strategies import encoders

SHAPE = Encoder(window=8, features=3, d_model=12, heads=4, ffn_width=20, layers=2, outputs=2, repeats=3)


@given(encoders())
@settings(max_examples=30)
def test_names_cover_the_graph(shape: Encoder) -> None:
    graph = graph_of(shape)
    names = [node.name for node in graph.nodes]
    ends = 3 if shape.readout == "mean" else 2
    assert len(set(names)) == len(names) == ends + (10 + (shape.repeats > 1)) * shape.layers
    assert {node.name for node in graph.weighted} < set(names)
    # Probabilities are inside the context engine, the input comes from outside.
    inside = {f"layer{layer}.probability" for layer in range(shape.layers)}
    assert set(graph.tensors) - set(names) == {"input", *inside}


@given(encoders())
@settings(max_examples=30)
def test_widths_are_those_of_the_shape(shape: Encoder) -> None:
    graph = graph_of(shape)
    widths = {
        "embed": (shape.features, shape.d_model),
        "layer0.query": (shape.d_model, shape.d_model),
        "layer0.expand": (shape.d_model, shape.ffn_width),
        "layer0.contract": (shape.ffn_width, shape.d_model),
        "head": (shape.d_model, shape.outputs),
    }
    for name, expected in widths.items():
        node = graph.by_name[name]
        assert isinstance(node, Linear)
        assert (node.in_features, node.columns) == expected
    assert (graph.input.rows, graph.input.columns) == (shape.window, shape.features)
    assert (graph.output.rows, graph.output.columns) == (1, shape.outputs)
    assert (graph.input.values, graph.output.values) == (shape.window * shape.features, shape.outputs)


def test_a_repeated_layer_s_output_is_tied_to_what_it_reads() -> None:
    graph = graph_of(SHAPE)
    assert graph.tied == ("embed", "layer0.ffn_residual", "layer1.ffn_residual")
    assert {last: entry.name for last, entry in graph.loops.items()} == {
        f"layer{layer}.ffn_residual": f"layer{layer}.repeat" for layer in range(2)
    }
    once = {"embed", "pool", "head"}
    assert graph.passes == {name: 1 if name in once else 3 for name in graph.by_name}
    assert not graph_of(Encoder(8, 3, 12, 4, 20, 2, 2)).tied


@pytest.mark.parametrize(("name", "value"), [("window", 1), ("heads", 5), ("layers", 0), ("outputs", 17)])
def test_numbers_out_of_range_are_refused(name: str, value: int) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Encoder).validate_python({**SHAPE.as_dict(), name: value})
    with pytest.raises(ValueError, match=name):
        shape_from_dict({**SHAPE.as_dict(), name: value})


LAST = Encoder(window=8, features=3, d_model=12, heads=4, ffn_width=20, layers=2, outputs=2, readout="last")


def test_with_readout_last_one_row_asks_in_the_last_layer() -> None:
    graph = graph_of(LAST)
    assert "pool" not in graph.by_name
    stored = {"layer1.key", "layer1.value"}
    single = {node.name for node in graph.nodes if node.rows == 1}
    assert single == {name for name in graph.by_name if name.startswith("layer1")} - stored | {"head"}
    rows = graph.rows_alone
    assert {name for name in graph.by_name if rows[name] == 1} == single
    scores = graph.by_name["layer1.scores"]
    assert (scores.rows, scores.columns, scores.lane_limit) == (1, 4 * 8, 8)
    mean = graph_of(dataclasses.replace(LAST, readout="mean"))
    assert graph.macs < 0.7 * mean.macs


def test_the_default_readout_is_that_of_files_from_before() -> None:
    assert "readout" not in SHAPE.as_dict()
    assert shape_from_dict(SHAPE.as_dict()) == SHAPE
    assert shape_from_dict(LAST.as_dict()) == LAST
    assert len({LAST.digest, dataclasses.replace(LAST, readout="mean").digest}) == 2


def test_the_last_row_asks_once() -> None:
    with pytest.raises(ValueError, match="no layer is repeated"):
        dataclasses.replace(LAST, repeats=2)
    with pytest.raises(ValueError, match="newest row"):
        Stream(8, 3, 12, 4, 20, 2, 2, readout="last")
