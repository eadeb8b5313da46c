"""The encoder's graph: its nodes, their widths and limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from pydantic import TypeAdapter, ValidationError

from quant_model.design import shape_from_dict
from quant_model.families import Encoder
from quant_model.graph import graph_of
from quant_model.kinds.linear import Linear
from tests.quant_model.strategies import encoders

SHAPE = Encoder(window=8, features=3, d_model=12, heads=4, ffn_width=20, layers=2, outputs=2, repeats=3)


@given(encoders())
@settings(max_examples=30)
def test_names_cover_the_graph(shape: Encoder) -> None:
    graph = graph_of(shape)
    names = [node.name for node in graph.nodes]
    assert len(set(names)) == len(names) == 3 + (10 + (shape.repeats > 1)) * shape.layers
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
