"""The schedule's closed form against the row handshake played through, row by row."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quant_model.arithmetic import largest_divisor
from quant_model.design import DesignPoint, uniform_design
from quant_model.engine import Engine
from quant_model.families import Encoder, Stream
from quant_model.graph import INPUT, graph_of
from quant_model.kinds.attention import Context, Scores
from quant_model.kinds.linear import Linear
from quant_model.kinds.pooling import Pooling
from quant_model.kinds.repeat import Repeat
from quant_model.kinds.residual import Residual
from quant_model.network import Network, build_network
from quant_model.node import Node
from quant_model.schedule import Schedule, schedule, timing, timings
from quant_model.stages import stages
from tests.designs import random_design, resolved_designs, uniform_build

ENDLESS = 10**6

_THROUGH_ADDER = 4  # hdl/vhdl/residual_adder.vhd
_THROUGH_POOL = 4  # hdl/vhdl/pooling_engine.vhd
_VALUES_LEFT = 3  # hdl/vhdl/context_engine.vhd: values are read behind the last step
_THROUGH_LOOP = 2  # hdl/vhdl/repeat_loop.vhd
_FIRST_BEAT, _NEXT_BEAT = 3, 4  # hdl/vhdl/output_stream.vhd


class DeadlockError(Exception):
    """Every engine waits for another."""


class Handshake:
    """Windows in an idle accelerator: the clock in which each row starts in each engine.

    The rules in the VHDL's headers, nothing else: a row starts in an engine as soon as the row before is
    through, the source's row lies complete in the input buffer, and every buffer behind the engine has a
    place, one that its reader has given back. No closed form, no idea of which engine is the slowest.

    The rows of a repeated layer are numbered through its passes; those of the last pass are rows 0, 1, ... of
    what follows. Rows of back-to-back windows are numbered through as well (not with repeated layers).
    """

    def __init__(
        self, network: Network, plan: Schedule, buffer_rows: Mapping[str, int], windows: int = 1
    ) -> None:
        self.network, self.plan, self.buffer_rows = network, plan, buffer_rows
        self.rows, self.windows = int(network.input.rows), windows
        self.outputs = int(network.output.columns)
        # Behind a pooling, or where the last row alone asks, rows are numbered by windows.
        self.single = {node.name for node in network.nodes if int(node.rows) == 1}
        self.loops = {node.back: node for node in network.nodes if isinstance(node, Repeat)}
        self.behind = {name: tuple(self._readers(name)) for name in (INPUT, *network.by_name)}
        self.occupied = {name: int(timing.row) for name, timing in plan.timings.items()}
        self.occupied |= {loop.name: int(loop.columns) for loop in self.loops.values()}
        self.occupied[INPUT] = int(network.input.columns)
        self.starts: dict[tuple[str, int], int] = {}
        ends = {name: self._rows_of(name) * windows for name in (INPUT, *plan.timings)}
        waiting = dict.fromkeys(ends, 0)
        for loop in self.loops.values():
            layer = loop.name.split(".")[0]
            waiting[loop.name] = self.rows  # the rows of the first pass come from before the loop
            ends |= {name: self.rows * loop.passes for name in (loop.name, *ends) if name.startswith(layer)}
        while waiting:
            started = len(self.starts)
            for name in tuple(waiting):
                while waiting[name] < ends[name] and self._start(name, waiting[name]):
                    waiting[name] += 1
                if waiting[name] == ends[name]:
                    del waiting[name]
            if len(self.starts) == started:
                raise DeadlockError(", ".join(waiting))

    def _rows_of(self, name: str) -> int:
        return 1 if name in self.single else self.rows

    @property
    def cycles(self) -> int:
        """From the first input beat to the last output beat."""
        return self.end(0)

    def end(self, window: int) -> int:
        """The clock of a window's last output beat."""
        return self._sent(window) + _FIRST_BEAT + _NEXT_BEAT * (self.outputs - 1)

    def _sent(self, window: int) -> int:
        """The clock in which the output stream takes a window's row."""
        complete = self._complete("head", window)
        if window == 0:
            return complete
        return max(complete, self._sent(window - 1) + _NEXT_BEAT * self.outputs)

    def _start(self, name: str, row: int) -> bool:
        """Note when the row starts; false while something that it waits for has not happened."""
        try:
            self.starts[name, row] = max((0, *self._conditions(name, row)))
        except KeyError:
            return False
        return True

    def _conditions(self, name: str, row: int) -> Iterator[int]:
        if (name, row - 1) in self.starts:
            yield self.starts[name, row - 1] + self.occupied[name]
        if name != INPUT:
            for source, needed in self._sources(self.network.by_name[name], row):
                yield self._complete(source, needed)
        for reader, skipped in self.behind[name]:
            if name in self.single or getattr(reader, "last_of", None) is None:
                yield from self._place(reader, row - skipped)
            elif (row + 1) % self.rows == 0:
                yield from self._place(reader, row // self.rows)
        yield from self._earlier_windows(name, row)

    def _earlier_windows(self, name: str, row: int) -> Iterator[int]:
        """What a row waits for that belongs to a window before its own."""
        timings, rows = self.plan.timings, self._rows_of(name)
        first = row % rows == 0
        if self.windows == 1 or name == INPUT:
            return
        if name == "head":
            if row > 0:
                yield self._sent(row - 1) + _NEXT_BEAT * (self.outputs - 1) + 1
            return
        window, last = row // rows, row - row % rows - 1
        if name.endswith("context") and first and row > 0:
            yield self.starts[name, last] + timings[name].reading + _VALUES_LEFT
        for node in self.network.consumers(name):
            stored = (isinstance(node, Scores) and node.key == name) or (
                isinstance(node, Context) and node.value == name
            )
            if stored and window >= self.network.design.engines[node.name].windows:
                before = window - self.network.design.engines[node.name].windows + 1
                freed = before * self._rows_of(node.name) - 1
                left = _VALUES_LEFT if isinstance(node, Context) else 0
                yield self.starts[node.name, freed] + timings[node.name].reading + left
            if isinstance(node, Residual) and node.branch == name and (row + 1) % self.rows == 0:
                pooled = any(isinstance(reader, Pooling) for reader in self.network.consumers(node.name))
                if pooled and window > 0:
                    yield self.starts["head", window - 1] + timings["head"].reading

    def _sources(self, node: Node, row: int) -> Iterator[tuple[str, int]]:
        """Rows that must be complete before ``row`` starts."""
        last_of_pass = row // self.rows * self.rows + self.rows - 1
        if node.name in self.single:
            last_of_pass = row * self.rows + self.rows - 1
        match node:
            case Linear() if node.last_of is not None:
                yield node.source, last_of_pass
            case Linear():
                yield node.source, row
            case Scores():
                yield node.query, row
                yield node.key, last_of_pass
                (context,) = self.network.consumers(node.name)
                assert isinstance(context, Context)
                yield context.value, last_of_pass
            case Context():
                yield node.scores, row
            case Repeat():
                yield node.back, last_of_pass - self.rows

    def _complete(self, name: str, row: int) -> int:
        """The clock from which a reader may start on the row."""
        if name == INPUT:
            return self.starts[name, row] + self.occupied[name]
        match node := self.network.by_name[name]:
            case Residual():
                return self._complete(node.branch, row)
            case Pooling():
                last = self._before(node.source) + (row + 1) * self.rows - 1
                return self._complete(node.source, last) + _THROUGH_POOL
            case Repeat() if row < self.rows:
                return self._complete(node.stream, self._before(node.stream) + row)
            case Repeat():
                return self.starts[name, row] + int(node.columns) + _THROUGH_LOOP
        return self.starts[name, row] + int(self.plan.timings[name].latency)

    def _before(self, name: str) -> int:
        """Rows of a layer's output that only its own next passes read."""
        return self.rows * (self.loops[name].passes - 1) if name in self.loops else 0

    def _readers(self, name: str, skipped: int = 0) -> Iterator[tuple[Node, int]]:
        """Who has a row buffer behind a producer, and the producer's rows that do not come there at first.

        Key store, value store and the loop's store have room for all rows.
        """
        skipped += self._before(name)
        for node in self.network.consumers(name):
            match node:
                case Residual() if node.branch == name:
                    # A branch's rows pass the adder at once, to the readers of the sum.
                    yield from self._readers(node.name, skipped)
                case Repeat():
                    yield from self._readers(node.name, skipped)
                case Scores() if node.key == name:
                    pass
                case Context() if node.value == name:
                    pass
                case _:
                    yield node, skipped

    def _place(self, reader: Node, row: int) -> Iterator[int]:
        """The clock in which the reader's buffer has given back the place that the row takes."""
        pooled = any(
            isinstance(self.network.by_name[name], Pooling) for name in reader.sources if name != INPUT
        )
        if reader.name not in self.buffer_rows or pooled:
            return  # the pooling engine takes any row; a window has only one row for the head
        earlier = row - self.buffer_rows[reader.name]
        if earlier < 0:
            return
        if isinstance(reader, Residual):
            # Given back with the branch's last element, which is then still in the adder.
            yield self._complete(reader.name, earlier) - _THROUGH_ADDER
        else:
            yield self.starts[reader.name, earlier] + self.plan.timings[reader.name].reading


def with_window(design: DesignPoint, window: int) -> DesignPoint:
    """The same design for a longer window and one pass; scores' lanes still divide it."""
    assert isinstance(design.shape, Encoder)
    shape = dataclasses.replace(design.shape, window=window, repeats=1)
    engines = {}
    for name, node in graph_of(shape).by_name.items():
        lanes = largest_divisor(design.engines[name].lanes, node.lane_limit)
        engines[name] = dataclasses.replace(design.engines[name], lanes=lanes)
    return dataclasses.replace(design, shape=shape, engines=engines)


@settings(max_examples=120)
@given(resolved_designs(largest=24, window=20))
def test_cycles_equal_the_handshake_played_through(design: DesignPoint) -> None:
    network = build_network(design)
    plan = schedule(network)
    assert plan.cycles == Handshake(network, plan, plan.buffer_rows).cycles


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("window", [3, 8])
def test_a_query_engine_slower_than_the_others(window: int, layers: int) -> None:
    """It runs ahead of the barrier, and those rows leave closer to one another than the last ones."""
    shape = Encoder(window=window, features=3, d_model=8, heads=1, ffn_width=16, layers=layers, outputs=2)
    design = uniform_design(shape, lanes=8, multiplier="lut")
    slow = {f"layer{n}.query": Engine(lanes=1, multiplier="lut", memory="logic") for n in range(layers)}
    network = build_network(design.with_engines(slow))
    plan = schedule(network)
    assert plan.cycles == Handshake(network, plan, plan.buffer_rows).cycles


@pytest.mark.parametrize("slower", ["key", "value"])
@pytest.mark.parametrize("window", [2, 3, 4, 8])
def test_a_last_row_waits_for_places_in_the_buffer_of_the_quicker_store(window: int, slower: str) -> None:
    """That buffer is as deep as the slower one's pace asks for: at first, rows come closer to one another."""
    shape = Encoder(
        window=window, features=1, d_model=9, heads=3, ffn_width=4, layers=1, outputs=1, readout="last"
    )
    lanes = {f"layer0.{name}": 3 if name == slower else 9 for name in ("key", "value")}
    design = uniform_design(shape, 2, 2, stream_bits=9, multiplier="lut")
    design = design.with_engines(
        {name: dataclasses.replace(design.engines[name], lanes=count) for name, count in lanes.items()}
    )
    network = build_network(design)
    plan = schedule(network)
    assert plan.cycles == Handshake(network, plan, plan.buffer_rows).cycles


@given(st.data())
def test_who_reads_in_order_starts_as_early_as_elements_allow(data: st.DataObject) -> None:
    """With every lanes and pace: an element is there before it is read, and an earlier one would not do."""
    lanes, features, groups = (data.draw(st.integers(1, 12)) for _ in range(3))
    shape = Stream(window=2, features=1, d_model=lanes * groups, heads=1, ffn_width=4, layers=1, outputs=1)
    engine = Engine(lanes=lanes, multiplier="lut", memory="logic")
    design = uniform_design(dataclasses.replace(shape, features=features)).with_engines({"embed": engine})
    own = timings(build_network(design))["embed"]
    written = [group * own.period + lane for group in range(own.groups) for lane in range(lanes)]
    columns = len(written)
    to_come = own.to_come(columns)
    started = written[columns - 1 - to_come]
    assert own.early == written[-1] - started
    assert all(clock <= started + place for place, clock in enumerate(written))
    if to_come < columns - 1:
        earlier = written[columns - 2 - to_come]
        assert any(clock > earlier + place for place, clock in enumerate(written))


def test_only_single_rows_are_taken_before_they_are_complete() -> None:
    """Attention needs whole rows, the input's elements come when they like, windows' rows need not hurry."""
    shape = Stream(window=4, features=1, d_model=8, heads=2, ffn_width=8, layers=2, outputs=1)
    found = timings(build_network(uniform_build(shape, 8, lanes=8)))
    early = {name for name, own in found.items() if own.early}
    assert early == {
        "embed",
        *(f"layer{n}.{name}" for n in range(2) for name in ("context", "project", "expand", "contract")),
    }
    window = Encoder(window=4, features=1, d_model=8, heads=2, ffn_width=8, layers=2, outputs=1)
    assert not any(own.early for own in timings(build_network(uniform_build(window, 8, lanes=8))).values())


def test_what_passes_elements_on_has_no_timing() -> None:
    shape = Stream(window=4, features=1, d_model=8, heads=2, ffn_width=8, layers=1, outputs=1)
    network = build_network(uniform_build(shape, 8))
    with pytest.raises(ValueError, match="at no pace of its own"):
        timing(network, network.by_name["layer0.ffn_residual"])


@settings(max_examples=40)
@given(resolved_designs(largest=16, window=12))
def test_no_buffer_slows_the_rows_down(design: DesignPoint) -> None:
    """Only the query engine would run further ahead if the buffer in front of the scores were deeper, and a
    last row that alone asks would come sooner if those in front of keys and values were."""
    network = build_network(design)
    plan = schedule(network)
    bounded = {name for name in plan.buffer_rows if name.endswith("scores")}
    bounded |= set() if (last := stages(network.outline).last) is None else set(last.stored)
    endless = {name: rows if name in bounded else ENDLESS for name, rows in plan.buffer_rows.items()}
    assert Handshake(network, plan, endless).cycles == plan.cycles


def interval_played(design: DesignPoint, windows: int = 14, settled: int = 6) -> float:
    """Clocks from window to window of the handshake, on average behind the first few."""
    network = build_network(design)
    plan = schedule(network)
    played = Handshake(network, plan, plan.buffer_rows, windows)
    return (played.end(windows - 1) - played.end(settled - 1)) / (windows - settled)


def once(design: DesignPoint) -> DesignPoint:
    """The design without repeated layers."""
    return with_window(design, design.graph.input.rows)


@settings(max_examples=60)
@given(resolved_designs(largest=16, window=8))
def test_windows_follow_one_another_at_least_as_often(design: DesignPoint) -> None:
    network = build_network(once(design))
    timings = schedule(network).timings
    work = max(network.by_name[name].rows * timing.row for name, timing in timings.items() if name != "head")
    assert work <= schedule(network).interval
    assert interval_played(network.design) <= schedule(network).interval


def test_the_interval_is_mostly_met() -> None:
    """Exactly where stores hold two windows, within a fifth where producers run ahead of a single one."""
    designs = [once(random_design(Random(seed))) for seed in range(60)]
    ratios = [schedule(build_network(one)).interval / interval_played(one) for one in designs]
    assert max(ratios) < 1.3
    double = [ratio for one, ratio in zip(designs, ratios, strict=True) if overlapping(one)]
    assert len(double) > 5
    assert sorted(double)[len(double) // 2] == 1.0
    assert max(double) < 1.15


def one_window(design: DesignPoint) -> DesignPoint:
    """The same design with stores of a single window: its buffers hold what one window needs."""
    single = {name: dataclasses.replace(engine, windows=1) for name, engine in design.engines.items()}
    return design.with_engines(single)


def overlapping(design: DesignPoint) -> bool:
    """True when every store holds two windows."""
    return all(
        engine.windows == 2 for name, engine in design.engines.items() if name.endswith(("scores", "context"))
    )


@settings(max_examples=8)
@given(resolved_designs(largest=12, window=12))
def test_one_row_less_slows_a_long_window_down(design: DesignPoint) -> None:
    network = build_network(with_window(one_window(design), 96))
    plan = schedule(network)
    for name, rows in plan.buffer_rows.items():
        part = name.split(".")[-1]
        # The input's rows may come before they are needed, and queries wait for the barrier: there one less
        # is enough at times.
        if rows == 1 or part in ("embed", "query"):
            continue
        smaller = {**plan.buffer_rows, name: rows - 1}
        if part == "attention_residual":
            with pytest.raises(DeadlockError):
                Handshake(network, plan, smaller)
        else:
            assert Handshake(network, plan, smaller).cycles > plan.cycles, name
