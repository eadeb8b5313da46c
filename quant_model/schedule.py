"""When each engine works: the one place from which cost model and generator take cycles and buffer depths.

Rows stream: an engine starts on a row when the row lies complete in its input buffer and a place for its own
row is free behind it. Where an inference is a single row, whose way through engines in series is what counts,
an engine that reads in order starts as soon as the rest will lie there in time. All engines have fixed
periods, so everything follows in closed form. A store is a barrier: who reads it waits until all rows of the
window lie there. Between barriers the engines form a chain whose last row leaves at ``sum of latencies +
(rows - 1) * longest period``; a buffer of ``ceil(lifetime / longest period)`` rows, lifetime being the clocks
from reserving a row's place to giving it back, never slows it down. The engine in front of a barrier alone
works on both sides of it: it fills the buffer behind it ahead of time. No buffer holds more than a window,
except where stores hold two: there windows overlap, and buffers across the barrier hold the rows that this
takes, as they do where a window is one row: the next one comes when the store has given that row's place
back, while what follows still works. Where the last row alone asks, the last barrier opens for that one,
which passes one engine after the other. (Max-plus algebra of event graphs: Baccelli et al., "Synchronization
and Linearity", 1992, chapter 2.)

The schedule walks the graph, whose numbers are one design's or arrays over many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from quant_model.arithmetic import Number, at_least, at_most, ceil_div, largest, pick
from quant_model.arrivals import Arrivals, Even, Timing, last, through
from quant_model.booth import booth
from quant_model.convolutions import Convolutions, replay
from quant_model.graph import Graph
from quant_model.node import Node, Work
from quant_model.pipeline import PIPELINE
from quant_model.stages import Stage, stages
from quant_model.throughput import BarrierTimes, StoreTimes, barrier_limits, store_rounds

OUTPUT = "output"
"""The name of the buffer behind the last node."""


@dataclass(frozen=True)
class Schedule:
    """The timing of a network on its accelerator; of many networks, arrays."""

    timings: Mapping[str, Timing]
    """By engine with a pace."""
    buffer_rows: Mapping[str, Number]
    """Rows in an engine's input buffer (residual: of the waiting stream; where it holds lines, from the pixel
    in the middle on); ``output``: behind the last."""
    cycles: Number
    """Clocks from a window's first input beat to its last output beat, when nothing stalls."""
    interval: Number
    """Clocks from window to window in an endless back-to-back stream, on average: an upper bound that is
    nearly always met (:mod:`quant_model.throughput`)."""


def mac_latency(node: Node, work: Work) -> Number:
    """Clocks from a group's last product to its results: ``hdl/vhdl/mac_lane.vhd``."""
    x_bits, w_bits = work.factors
    in_luts = PIPELINE.mac_lut + booth(x_bits, node.unsigned_factor, w_bits).stages
    return pick(node.engine.in_dsp, PIPELINE.mac_dsp, in_luts)


def timings(graph: Graph) -> dict[str, Timing]:
    """By engine with a pace, its timing."""
    return {name: timing(graph, graph.by_name[name]) for name in stages(graph.outline).delays}


def timing(graph: Graph, node: Node) -> Timing:
    """The timing of an engine of the graph with a pace, in the build of ``node``.

    Raises:
        ValueError: it has none.
    """
    plan = stages(graph.outline)
    own = _timing(node, plan.delays.get(node.name, 0))
    if node.work is None or node.name not in plan.in_order:
        return own
    early = pick(graph.input.rows == 1, _early(own, node.engine.lanes), 0)
    return own._replace(latency=own.latency - early, early=early)


def _early(own: Timing, lanes: Number) -> Number:
    """Clocks by which who reads an engine's rows in order may start before a row's last element lies there.

    It needs an element a clock at most, and so may start as many clocks before the last lies there as there
    are elements before it: with the next element from then on, since nothing else tells the time.
    """
    start = (own.groups - 1) * (own.period - lanes)
    group, clock = start // own.period, start % own.period
    told = pick(clock < lanes, start, (group + 1) * own.period)
    return (own.groups - 1) * own.period + lanes - 1 - told


def _timing(node: Node, wait: int) -> Timing:
    """The same where no row is told early; what follows adds ``wait`` clocks before the row is written."""
    work, row = node.work, node.row_clocks
    if row is not None:
        return Timing(row, 1, row, 0, row - 1 + PIPELINE.read + PIPELINE.write + wait, row)
    if work is None:
        raise ValueError(f"{node.name} takes rows at no pace of its own")
    lanes = node.engine.lanes
    groups, period = work.outputs // lanes, at_least(work.inner, lanes)
    mac = mac_latency(node, work)
    last_step = (groups - 1) * period + work.inner - 1
    fixed = work.before + PIPELINE.read + PIPELINE.collect + PIPELINE.write + wait
    latency = last_step + fixed + mac + lanes - 1 + work.after
    return Timing(work.inner, groups, period, mac, latency, groups * period)


def schedule(graph: Graph) -> Schedule:
    """Timings, buffer depths, cycles and interval of a graph whose multipliers are resolved."""
    return _Walk(graph, timings(graph)).schedule()


@dataclass(frozen=True)
class _Section:
    """A stage with its clocks."""

    stage: Stage
    chain: tuple[Timing, ...]
    pace: Number
    """Clocks per row of the chain."""
    latency: Number
    """Of the engine at its end."""


@dataclass(frozen=True)
class _Barrier:
    """A barrier with its clocks, and the stages before and behind it."""

    before: _Section
    behind: _Section
    stored: tuple[Timing, ...]
    stored_pace: Number
    """Clocks per row of what is stored."""
    ahead: Timing
    windows: tuple[Number, ...]
    """In its stores."""
    columns: Number
    """Of the rows that come in again where the part is repeated; 0 else."""
    passes: int

    @property
    def overlaps(self) -> Number:
        """Whether stores take a window in while the one before is read."""
        return -largest([-windows for windows in self.windows]) > 1

    @property
    def replay(self) -> Number:
        """Clocks from the last row of a pass to the first of the next."""
        return replay(self.columns)


@dataclass(frozen=True)
class _Last:
    """The barrier in front of a window's last row, with the clocks of what is stored for it."""

    stage: Stage
    stored: tuple[Timing, ...]

    @property
    def pace(self) -> Number:
        """Clocks per row of what is stored."""
        return largest([part.row for part in self.stored])


class _Walk:
    """One walk over a graph."""

    def __init__(self, graph: Graph, timings: Mapping[str, Timing]) -> None:
        self.graph, self.timings = graph, timings
        self.stages = stages(graph.outline)
        self.rows = self._stored_rows()
        self.buffers: dict[str, Number] = {}
        self.lifetimes: dict[str, Number] = {}
        """Of buffers on one side of a barrier: clocks that a place is taken."""
        self.spans: list[Number] = []
        """By barrier: clocks from the first place taken in front of it to the last row behind it."""
        first = self.stages.first
        behind = next(iter(self.stages.barriers), None)
        plain = first.even and not (behind and behind.repeated)
        self.gathering: Number = 0
        """Clocks from a window's first row before the tail to its last, where one place holds them all."""
        self.convolutions = None if plain else Convolutions(graph, first, timings, behind)
        self.first = self._entry() if self.convolutions else self._section(first, graph.input.columns)
        self.barriers = self._barriers()
        last = self.stages.last
        self.last = None if last is None else _Last(last, tuple(timings[name] for name in last.stored))
        self.times = [self._times(index) for index in range(len(self.barriers))]
        rounds = [clocks for times in self.times for clocks in store_rounds(times, times.start)]
        self.apart = pick(self.rows == 1, largest([0, *rounds]), 0)
        """Clocks between windows of one row, by the stores; of more rows, paces say how rows follow."""

    def _stored_rows(self) -> Number:
        """Rows of a window at the barriers, and at all without any."""
        if not self.stages.barriers:
            return self.graph.input.rows
        return self.graph.by_name[self.stages.barriers[0].ahead[0]].rows

    def schedule(self) -> Schedule:
        """Everything."""
        self._hold_all()
        cycles = self._cycles()
        if self.convolutions is not None:
            spans = [*self.convolutions.spans(), *self.spans, *self._tail_limits()]
            return Schedule(self.timings, self.buffers, cycles, largest(spans))
        limits = [
            *(pick(self.buffers[name] <= self.rows, time, 0) for name, time in self.lifetimes.items()),
            *self._limits(),
        ]
        return Schedule(self.timings, self.buffers, cycles, largest(limits))

    def _section(self, stage: Stage, columns: Number = 0) -> _Section:
        """A stage's clocks; the input brings an element a clock."""
        chain = tuple(self.timings[name] for name in stage.chain)
        pace = largest([*(part.row for part in chain), columns])
        return _Section(stage, chain, pace, chain[-1].latency if chain else columns)

    def _entry(self) -> _Section:
        """What feeds the first barrier behind convolutions: the last engine alone, at its own pace."""
        end = self.timings[self.stages.first.chain[-1]]
        return _Section(self.stages.first, (end,), end.row, end.latency)

    def _barriers(self) -> list[_Barrier]:
        found: list[_Barrier] = []
        by_name, passes = self.graph.by_name, self.graph.outline.passes
        before = self.first
        for stage in self.stages.barriers:
            behind = self._section(stage)
            stored = tuple(self.timings[name] for name in stage.stored)
            found.append(
                _Barrier(
                    before=before,
                    behind=behind,
                    stored=stored,
                    stored_pace=largest([part.row for part in stored]),
                    ahead=self.timings[stage.ahead[0]],
                    windows=tuple(by_name[name].engine.windows for name in stage.stores),
                    columns=by_name[stage.loop].columns if stage.loop else 0,
                    passes=passes[stage.chain[0]],
                )
            )
            before = behind
        return found

    def _times(self, index: int) -> BarrierTimes:
        """What a barrier's overlap of windows depends on."""
        own = self.barriers[index]
        before, behind = self._slowest(index)
        if index > 0:
            before = at_least(before, self._slowest(index - 1)[1])
        if index + 1 < len(self.barriers):
            behind = at_least(behind, self._slowest(index + 1)[0])
        elif self.last is not None:
            behind = at_least(behind, self.last.pace)
        chain, names = own.behind.chain, own.behind.stage.chain
        stores = []
        for name, windows in zip(own.behind.stage.stores, own.windows, strict=True):
            place = names.index(name)
            earlier = sum(part.latency for part in chain[:place])
            stores.append(
                StoreTimes(windows, earlier, chain[place].reading, self.graph.by_name[name].release)
            )
        return BarrierTimes(
            rows=self.rows,
            entry_latency=own.before.latency,
            entry_pace=before,
            pace=behind,
            stored_latency=largest([part.latency for part in own.stored]),
            stored_reading=largest([part.reading for part in own.stored]),
            replay_pace=largest([own.columns, own.stored_pace]),
            replay_latency=own.replay,
            ahead_latency=own.ahead.latency,
            ahead_reading=own.ahead.reading,
            latencies=tuple(part.latency for part in chain),
            stores=tuple(stores),
            passes=own.passes,
        )

    def _slowest(self, index: int) -> tuple[Number, Number]:
        """Clocks per row before a barrier and behind it, everything included."""
        own = self.barriers[index]
        return at_least(own.before.pace, own.stored_pace), at_least(own.behind.pace, own.ahead.row)

    def _hold(self, name: str, lifetime: Number, spacing: Number, overlaps: Number) -> None:
        """A buffer on one side of a barrier: as many rows as come while a place is taken."""
        wanted = ceil_div(lifetime, at_least(spacing, self.apart))
        rows = pick(overlaps, wanted, at_most(wanted, self.rows))
        self.buffers[name] = at_least(rows, self.buffers.get(name, 0))
        self.lifetimes[name] = at_least(lifetime, self.lifetimes.get(name, 0))

    def _hold_all(self) -> None:
        """Rows of all buffers."""
        # With no barrier there is nothing to overlap at, and windows follow each other freely.
        overlaps = self._overlaps(self.barriers[0]) if self.barriers else self._last_overlaps
        if self.convolutions is not None:
            self.buffers |= dict(self.convolutions.buffer_rows())
        else:
            self._hold_chain(self.first, self.graph.input.columns, self.first.pace, overlaps)
        for barrier, times in zip(self.barriers, self.times, strict=True):
            self._hold_barrier(barrier, times)
        if self.last is not None:
            self._hold_last(self.last)
        for name in (*self.stages.tail, OUTPUT):
            self.buffers[name] = 1

    def _overlaps(self, own: _Barrier) -> Number:
        """Whether the next window passes while one is at work: always where it is a single row."""
        return own.overlaps | (self.rows == 1)

    def _hold_last(self, own: _Last) -> None:
        """Rows for what fills the stores; of those that wait in the tail a window has one."""
        before = self._sections()[-1]
        for name, part in zip(own.stage.stored, own.stored, strict=True):
            spacing = at_least(before.pace, own.pace)
            self._hold(name, before.latency + part.reading, spacing, self._last_overlaps)
        for name, _ in (*own.stage.crossing, *own.stage.waiting):
            self.buffers[name] = 1

    @property
    def _last_overlaps(self) -> Number:
        """Whether a window can come in while the last row of the one before asks."""
        if self.last is None:
            return True
        return -largest([-self._windows(name) for name in self.last.stage.stores]) > 1

    def _windows(self, store: str) -> Number:
        return self.graph.by_name[store].engine.windows

    def _hold_chain(self, own: _Section, latency: Number, pace: Number, overlaps: Number) -> None:
        """Buffers inside a stage, whose first engine is fed with ``latency``, by rows ``pace`` apart."""
        for name, part in zip(own.stage.chain, own.chain, strict=True):
            self._hold(name, latency + part.reading, pace, overlaps)
            latency, pace = part.latency, own.pace
        for name, branch in own.stage.waiting:
            taken = sum(part.latency for part in own.chain[branch]) - self._before(name, own.chain[branch])
            self._hold(name, taken, own.pace, overlaps)

    def _hold_barrier(self, own: _Barrier, times: BarrierTimes) -> None:
        stage, overlaps = own.behind.stage, self._overlaps(own)
        feeders = [(own.before.latency, own.before.pace)]
        if stage.loop is not None:
            # Each further pass begins when all rows of the one before lie in the loop's store.
            self.buffers[stage.loop] = self.rows
            if not stage.repeated:
                feeders.append((own.replay, own.columns))
        for name, part in zip(stage.stored, own.stored, strict=True):
            for latency, spacing in feeders:
                self._hold(name, latency + part.reading, at_least(spacing, own.stored_pace), overlaps)
        # All rows of the stream wait for the barrier here.
        for name, lead in self._crossing(own, times):
            self.buffers[name] = pick(overlaps, times.crossing_rows(lead, self.apart), self.rows)
        # The engine ahead of the barrier runs on by as many rows as the first buffer behind it holds. Where
        # it is the slowest, those rows pass the others at their pace, for which the buffers are sized.
        self._hold_chain(own.behind, own.ahead.latency, at_least(own.behind.pace, own.ahead.row), overlaps)

    def _crossing(
        self, own: _Barrier, times: BarrierTimes
    ) -> Iterator[tuple[str, Callable[[Number], Number]]]:
        """Buffers across a barrier with their leads."""
        yield own.behind.stage.ahead[0], times.ahead_lead
        for name, branch in own.behind.stage.crossing:
            yield name, _Lead(times, branch, self._before(name, own.behind.chain[branch]))

    def _before(self, name: str, branch: Sequence[Timing]) -> Number:
        """Clocks between a waiting row's place given back and the next engine told of the sum."""
        return self.graph.by_name[name].delay - branch[-1].early

    def _limits(self) -> Iterator[Number]:
        """What the interval cannot be shorter than, by the conditions that the timetable keeps."""
        yield self.rows * self.first.pace
        for own, times in zip(self.barriers, self.times, strict=True):
            crossing = [(lead, self.buffers[name]) for name, lead in self._crossing(own, times)]
            yield from barrier_limits(times, crossing)
        yield from self._tail_limits()

    def _tail_limits(self) -> Iterator[Number]:
        # One row a window at the end, in each of its buffers.
        latency, late = self._sections()[-1].latency + self._reduction + self.gathering, self._late
        for index, name in enumerate(self.stages.tail):
            yield latency + self.timings[name].reading + (late if index == 1 else 0)
            latency = self.timings[name].latency
        if self.last is not None:
            yield from self._last_limits(self.last)
        columns = self.graph.output.columns
        yield latency + PIPELINE.output_next * (columns - 1) + 1
        yield PIPELINE.output_next * columns

    def _last_limits(self, own: _Last) -> Iterator[Number]:
        """The stores' rounds and those of the rows that wait, counted from a window's first row on."""
        before, tail = self._sections()[-1], [self.timings[name] for name in self.stages.tail]
        pace = at_least(before.pace, own.pace)
        yield self.rows * pace
        opened = (self.rows - 1) * pace + tail[0].latency + self._late
        for name in own.stage.stores:
            place = self.stages.tail.index(name)
            taken = sum(part.latency for part in tail[1:place]) + tail[place].reading
            release = self.graph.by_name[name].release
            yield ceil_div(opened + taken + release, self._windows(name))
        for name, branch in own.stage.crossing:
            done = tail[0].latency + self._late + sum(part.latency for part in tail[branch])
            yield before.latency + done - self._before(name, tail[branch])
        for name, branch in own.stage.waiting:
            yield sum(part.latency for part in tail[branch]) - self._before(name, tail[branch])

    @property
    def _late(self) -> Number:
        """Clocks that the last row's query waits until all rows are stored, at the most."""
        if self.last is None:
            return 0
        stored = largest([part.latency for part in self.last.stored])
        return at_least(stored - self.timings[self.stages.tail[0]].latency, 0)

    def _sections(self) -> list[_Section]:
        return [self.first, *(barrier.behind for barrier in self.barriers)]

    @property
    def _joins(self) -> bool:
        """Whether the tail's first engine reads all rows of a window as one."""
        edges = (edge for name in self.stages.tail[:1] for edge in self.graph.by_name[name].inputs)
        return any(edge.joins is not None for edge in edges)

    @property
    def _reduction(self) -> int:
        reducing = self.stages.reducing
        return self.graph.by_name[reducing].delay if reducing else 0

    def _cycles(self) -> Number:
        stream = self._stream()
        for own in self.barriers:
            opened = stream[0].clock - own.before.latency
            if self.convolutions is not None and own is self.barriers[0]:
                opened = self.convolutions.opened
            for number in range(own.passes):
                if number > 0:
                    stream = self._again(own, last(stream, self.rows) + own.replay)
                stream = self._passed(own, stream)
            self.spans.append(last(stream, self.rows) - opened)
        end = last(stream, self.rows) + self._reduction
        if self._joins:
            self.gathering = end - largest([pick(rows.row == 0, rows.clock, 0) for rows in stream])
        tail = [self.timings[name].latency for name in self.stages.tail]
        if self.last is not None:
            # The last row's query is there; are all keys and values?
            stored = [through(stream, part) for part in self.last.stored]
            end = largest([end, *self._held_back(self.last, stream, stored)])
            behind = [tail.pop(0), *(part.latency for part in self.last.stored)]
            end = largest(
                [*(end + latency for latency in behind), *(last(rows, self.rows) for rows in stored)]
            )
        end = end + sum(tail)
        return end + PIPELINE.output_first + PIPELINE.output_next * (self.graph.output.columns - 1)

    def _held_back(
        self, own: _Last, stream: Sequence[Arrivals], stored: Sequence[Sequence[Arrivals]]
    ) -> Iterator[Number]:
        """When the last row comes at the earliest since it needs a place in the buffers of what is stored.

        Each buffer is no deeper than the slowest of the engines behind them needs: a quicker one's may make
        rows wait for places again and again, the slowest one's for its pace from the first such wait on.
        """
        feeding = self._sections()[-1].latency
        for name, part, rows in zip(own.stage.stored, own.stored, stored, strict=True):
            depth, taken = self.buffers[name], feeding + part.reading
            beyond = self.rows - depth
            waits, rest = (self.rows - 1) // depth, (self.rows - 1) % depth
            given_back = last(rows, beyond) - part.latency + taken
            again = largest([last(stream, 1 + rest), last(stream, 1) + rest * part.row]) + waits * taken
            yield pick(beyond > 0, at_least(given_back, again), 0)

    def _stream(self) -> list[Arrivals]:
        """The rows in front of all barriers."""
        if self.convolutions is not None:
            return self.convolutions.stream
        columns = self.graph.input.columns
        stream: list[Arrivals] = [Even(0, columns, columns)]
        for part in self.first.chain:
            stream = through(stream, part)
        return stream

    def _again(self, own: _Barrier, start: Number) -> list[Arrivals]:
        """The rows of a further pass in front of the barrier; the first leaves the loop at ``start``."""
        stream: list[Arrivals] = [Even(0, start, own.columns)]
        if own.behind.stage.repeated and self.convolutions is not None:
            return self.convolutions.again(stream)
        return stream

    def _passed(self, own: _Barrier, stream: Sequence[Arrivals]) -> list[Arrivals]:
        """The rows behind a barrier's chain, given those in front of it."""
        stored = [last(through(stream, part), self.rows) for part in own.stored]
        rows = through(stream, own.ahead)
        start = largest([*stored, *(pick(a.row == 0, a.clock, 0) for a in rows)])
        first = own.behind.chain[0]
        rows.append(Even(0, start, first.row))
        ahead = self.buffers[own.behind.stage.chain[0]]
        rows.append(Even(ahead, start + first.reading + own.ahead.latency, own.ahead.row))
        for part in own.behind.chain:
            rows = through(rows, part)
        return rows


@dataclass(frozen=True)
class _Lead:
    """The lead of rows that wait for a branch across a barrier."""

    times: BarrierTimes
    branch: slice
    delay: int

    def __call__(self, start: Number) -> Number:
        return self.times.waiting_lead(start, self.branch, self.delay)
