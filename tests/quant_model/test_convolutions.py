"""The schedule of hybrids against the row handshake played through, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.design import DesignPoint
from quant_model.families import Hybrid
from quant_model.graph import INPUT, Plan
from quant_model.kinds.attention import Context, Scores
from quant_model.kinds.linear import Linear
from quant_model.kinds.pooling import Pooling
from quant_model.kinds.repeat import Repeat
from quant_model.kinds.residual import Residual
from quant_model.network import Network, build_network
from quant_model.node import Node, paced
from quant_model.pipeline import PIPELINE
from quant_model.raster import Raster
from quant_model.schedule import Schedule, schedule
from tests.designs import drawn, random_hybrid, uniform_build

ENDLESS = 10**6
Row = tuple[str, int]


class Played:
    """One window in an idle accelerator: the clock in which each row starts in each engine.

    The rules in the headers of the VHDL, nothing else. Rows of a repeated part are numbered through its
    passes; those of the last pass are rows 0, 1, ... of what follows.
    """

    def __init__(self, network: Network, plan: Schedule, places: Mapping[str, int]) -> None:
        self.network, self.plan, self.places = network, plan, places
        self.starts: dict[Row, int] = {}
        passes = network.passes
        waiting = {INPUT: 0}
        ends = {INPUT: int(network.input.rows)}
        for node in network.nodes:
            if paced(node) or isinstance(node, Repeat):
                # The rows of a loop's first pass come from before it.
                waiting[node.name] = int(node.rows) if isinstance(node, Repeat) else 0
                ends[node.name] = int(node.rows) * passes[node.name]
        while waiting:
            before = len(self.starts)
            for name in tuple(waiting):
                while waiting[name] < ends[name] and self._started(name, waiting[name]):
                    waiting[name] += 1
                if waiting[name] == ends[name]:
                    del waiting[name]
            assert len(self.starts) > before, f"a deadlock: {waiting}"

    @property
    def cycles(self) -> int:
        sent = PIPELINE.output_first + PIPELINE.output_next * (int(self.network.output.columns) - 1)
        return self.complete("head", 0) + sent

    def complete(self, name: str, row: int) -> int:
        """The clock from which a reader may start on the row; KeyError while that is not known."""
        if name == INPUT:
            return self.starts[name, row] + int(self.network.input.columns)
        match node := self.network.by_name[name]:
            case Residual():
                return self.complete(node.branch, row)
            case Pooling():
                end = self.before(node.source) + int(node.window) - 1
                return self.complete(node.source, end) + PIPELINE.pool
            case Repeat() if row < node.rows:
                return self.complete(node.stream, self.before(node.stream) + row)
            case Repeat():
                return self.starts[name, row] + int(node.columns) + PIPELINE.replay
        return self.starts[name, row] + int(self.plan.timings[name].latency)

    def before(self, name: str) -> int:
        """Rows of a node that only further passes read."""
        entry = self.network.loops.get(name)
        return 0 if entry is None else (entry.loop_passes - 1) * int(self.network.by_name[name].rows)

    def _started(self, name: str, row: int) -> bool:
        try:
            self.starts[name, row] = max((0, *self._conditions(name, row)))
        except KeyError:
            return False
        return True

    def _conditions(self, name: str, row: int) -> Iterator[int]:
        if (name, row - 1) in self.starts:
            yield self.starts[name, row - 1] + self._occupied(name)
        if name != INPUT:
            for source, needed in self._sources(self.network.by_name[name], row):
                yield self.complete(source, self.before(source) * self._outside(name, source) + needed)
        for reader, skipped in self._readers(name, 0):
            yield from self._place(reader, row - skipped)

    def _occupied(self, name: str) -> int:
        if name == INPUT:
            return int(self.network.input.columns)
        node = self.network.by_name[name]
        return int(node.columns if isinstance(node, Repeat) else self.plan.timings[name].row)

    def _outside(self, name: str, source: str) -> bool:
        """Whether a reader stands behind the loop whose last node it reads."""
        return self.network.passes[name] == 1 and source in self.network.loops

    def _sources(self, node: Node, row: int) -> Iterator[Row]:
        """Rows that must be complete before ``row`` starts."""
        rows = int(node.rows)
        end = row // rows * rows + rows - 1
        if node.raster is not None:
            yield node.sources[0], row // rows * node.raster.rows + below(node.raster, row % rows)
            return
        match node:
            case Scores():
                yield node.query, row
                yield node.key, end
                (context,) = self.network.consumers(node.name)
                assert isinstance(context, Context)
                yield context.value, end
            case Context():
                yield node.scores, row
            case Repeat():
                yield node.back, end - rows
            case Linear() if node.joins is not None:
                yield node.sources[0], int(node.joins) - 1
            case _:
                yield node.sources[0], row

    def _readers(self, name: str, skipped: int) -> Iterator[tuple[Node, int]]:
        """Who has places of its own behind a producer, and the rows that do not come there at first."""
        skipped += self.before(name)
        for node, edge in self.network.readers(name):
            if edge.type == "direct" and not node.reduces:
                yield from self._readers(node.name, skipped)
            elif edge.type in ("stream", "lines", "wait"):
                yield node, skipped

    def _place(self, reader: Node, row: int) -> Iterator[int]:
        """The clock in which the reader has given back the place that the row takes."""
        places = self.places.get(reader.name, ENDLESS)
        freed = row - places
        if reader.raster is not None:
            freed = first_beyond(reader.raster, freed)
        if freed < 0 or reader.name == "head":
            return
        if isinstance(reader, Residual):
            yield self.complete(reader.name, freed) - PIPELINE.residual
        else:
            yield self.starts[reader.name, freed] + self.plan.timings[reader.name].reading


def below(image: Raster, centre: int) -> int:
    """The last pixel of the line below a centre's, or of its own where that is the last."""
    line = centre // -(-image.length // image.stride) * image.stride
    return (min(line + 1, image.lines - 1) + 1) * image.length - 1


def first_beyond(image: Raster, pixel: int) -> int:
    """The centre behind which only pixels beyond this one count, of images one after another; -1 for none."""
    if pixel < 0:
        return -1
    window, own = divmod(pixel, image.rows)
    across = -(-image.length // image.stride)
    centres = [
        line * image.length + column * image.stride
        for line in range(0, image.lines, image.stride)
        for column in range(across)
    ]
    beyond = next((place for place, centre in enumerate(centres) if centre > own), len(centres))
    return window * len(centres) + beyond - 1


def hybrids(largest: int = 8) -> st.SearchStrategy[DesignPoint]:
    random = st.randoms(use_true_random=False)
    return st.builds(random_hybrid, random=random, largest=st.just(largest))


@settings(max_examples=150)
@given(hybrids())
def test_cycles_equal_the_handshake_played_through(design: DesignPoint) -> None:
    network = build_network(design)
    plan = schedule(network)
    assert Played(network, plan, plan.buffer_rows).cycles == plan.cycles


@settings(max_examples=60)
@given(hybrids())
def test_no_buffer_slows_the_rows_down(design: DesignPoint) -> None:
    """But the one in front of the scores, which bounds how far queries run ahead."""
    network = build_network(design)
    plan = schedule(network)
    scores = {node.name: plan.buffer_rows[node.name] for node in network.nodes if isinstance(node, Scores)}
    assert Played(network, plan, scores).cycles == plan.cycles


@dataclass(frozen=True)
class Mixed(Hybrid):
    """Convolutions and attention in one block that is repeated: a kind of block that no family has."""

    family: ClassVar[str] = "mixed"

    def nodes(self, plan: Plan) -> Iterator[Node]:
        """All of one stage and of the attention, the loop around both."""
        found = {node.name: node for node in super().nodes(plan)}
        stream = found["stage0.repeat"]
        assert isinstance(stream, Repeat)
        found["stage0.repeat"] = replace(stream, back="attention.residual")
        last = found["attention.residual"]
        assert isinstance(last, Residual)
        found["attention.residual"] = replace(last, stream="stage0.repeat")
        for part in ("query", "key", "value"):
            linear = found[f"attention.{part}"]
            assert isinstance(linear, Linear)
            found[linear.name] = replace(linear, source="attention.embed")
        yield from found.values()


@settings(max_examples=60)
@given(st.randoms(use_true_random=False))
def test_convolutions_and_attention_in_one_repeated_block(random: Random) -> None:
    shape = Mixed(
        window=20,
        height=random.choice([1, 2, 4, 5]),
        features=2,
        stem=4,
        stem_stride=random.choice([1, 2]),
        stages=1,
        growth=1,
        steps=random.randint(2, 4),
        heads=random.choice([1, 2]),
        attention_steps=1,
        outputs=2,
    )
    network = build_network(drawn(random, shape))
    assert network.passes["stage0.depthwise0"] == network.passes["attention.scores"] == shape.steps
    plan = schedule(network)
    assert Played(network, plan, plan.buffer_rows).cycles == plan.cycles
    assert plan.interval <= plan.cycles


@pytest.mark.parametrize("lanes", [1, 4, 16])
def test_a_picture_of_ordinary_size(lanes: int) -> None:
    shape = Hybrid(256, 16, 3, 16, 1, 3, 1, 3, 2, 2, 10)
    network = build_network(uniform_build(shape, 4, lanes=lanes))
    plan = schedule(network)
    assert Played(network, plan, plan.buffer_rows).cycles == plan.cycles


def test_buffers_are_a_part_of_large_pictures() -> None:
    """Three lines and a little, not the picture."""
    network = build_network(uniform_build(Hybrid(1024, 32, 3, 8, 1, 1, 1, 1, 1, 0, 10), 4, lanes=8))
    held = schedule(network).buffer_rows
    lined = [name for name, node in network.by_name.items() if node.raster is not None]
    assert all(2 * 32 < held[name] < 3 * 32 for name in lined)
    assert held["stage0.residual"] < 5 * 32


def test_a_window_is_never_held_longer_than_it_takes() -> None:
    for seed in range(40):
        network = build_network(random_hybrid(Random(seed)))
        plan = schedule(network)
        work = [plan.timings[n.name].row * n.rows * network.passes[n.name] for n in network.nodes if paced(n)]
        assert max(work) <= plan.interval <= plan.cycles
