"""A graph cut at its barriers."""

from __future__ import annotations

from quant_model.families import Encoder
from quant_model.graph import graph_of
from quant_model.stages import stages

SHAPE = Encoder(window=8, features=3, d_model=8, heads=2, ffn_width=16, layers=2, outputs=2, repeats=2)


def test_the_stages_of_an_encoder() -> None:
    found = stages(graph_of(SHAPE))
    assert found.first.chain == ["embed"]
    assert (found.tail, found.reducing) == (["head"], "pool")
    for index, stage in enumerate(found.barriers):
        prefix = f"layer{index}."
        part = [f"{prefix}{name}" for name in ("scores", "context", "project", "expand", "contract")]
        assert stage.chain == part
        assert stage.stored == [f"{prefix}key", f"{prefix}value"]
        assert stage.ahead == [f"{prefix}query"]
        assert stage.stores == part[:2]
        # The stream waits across the barrier for scores, context and project; behind it for the FFN.
        assert stage.crossing == [(f"{prefix}attention_residual", slice(3))]
        assert stage.waiting == [(f"{prefix}ffn_residual", slice(2, 5))]
        assert stage.loop == f"{prefix}repeat"


def test_every_engine_with_lanes_has_one_place() -> None:
    graph = graph_of(SHAPE)
    found = stages(graph)
    parts = [found.first.chain, list(found.tail)]
    parts += [stage.stored + stage.ahead + stage.chain for stage in found.barriers]
    placed = [name for part in parts for name in part]
    assert sorted(placed) == sorted(node.name for node in graph.nodes if node.work is not None)
