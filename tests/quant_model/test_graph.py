"""The graph: who reads whom, what is computed in which order, what a shape alone tells."""

from __future__ import annotations

from hypothesis import given, settings

from quant_model.design import DesignPoint
from quant_model.families import Encoder
from quant_model.graph import graph_of
from quant_model.network import build_network
from tests.quant_model.strategies import designs, encoders


@given(encoders())
@settings(max_examples=25)
def test_every_node_reads_what_was_made_before_it(shape: Encoder) -> None:
    graph = graph_of(shape)
    made = {graph.input.name}
    for node, sources in graph.steps:
        assert set(sources) <= made
        made.add(node.name)
    assert made == {graph.input.name, *graph.by_name}


@given(designs())
@settings(max_examples=25)
def test_a_network_has_the_outline_of_its_shape(design: DesignPoint) -> None:
    network = build_network(design)
    assert network.outline is graph_of(design.shape)
    for node in network.nodes:
        other = network.outline.by_name[node.name]
        assert (node.kind, node.inputs, node.offers) == (other.kind, other.inputs, other.offers)
    assert network.passes == network.outline.passes
    assert network.macs == sum(node.macs * network.passes[node.name] for node in network.nodes)


@given(encoders())
@settings(max_examples=25)
def test_readers_are_the_edges_seen_from_the_other_end(shape: Encoder) -> None:
    graph = graph_of(shape)
    edges = {(e.source, n.name, e.type) for n in graph.nodes for e in n.inputs if e.type != "loop"}
    names = (graph.input.name, *graph.by_name)
    assert edges == {(name, n.name, e.type) for name in names for n, e in graph.readers(name)}
    assert not graph.readers(graph.last.name)
