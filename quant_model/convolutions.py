"""The timing of convolutions and of repeated parts without a barrier: where rows change and lines wait.

Behind a line's wait rows come in bursts, and a stride leaves fewer of them: no pace is that of a whole stage.
A buffer here is deep enough for its own two engines: with ``ceil((latency + reading) / longer period)`` rows,
the round from a row's place reserved to the place given back takes no longer than the slower engine takes for
these rows anyway, so that no wait for a place can delay a window (a cycle of the event graph that is no
longer than one beside it: Baccelli et al., "Synchronization and Linearity", 1992, chapter 2).

Windows follow one another as one alone passes, each so much later that no engine has two rows to work on and
every place is free when it is taken: a bound, since a window that waits at its entry may catch up behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from quant_model.arithmetic import Number, at_least, at_most, ceil_div, largest
from quant_model.arrivals import Arrivals, Even, Timing, last, through
from quant_model.graph import Graph
from quant_model.node import Node
from quant_model.pipeline import PIPELINE
from quant_model.stages import Stage

__all__ = ["Convolutions", "replay"]


def replay(columns: Number) -> Number:
    """Clocks from the last row of a pass to the first of the next, which has so many columns."""
    return columns + PIPELINE.replay


@dataclass
class _Track:
    """An engine of the chain, with its rows over all passes."""

    node: Node
    timing: Timing
    feeders: list[tuple[Number, Number]]
    """Latency and clocks per row of what its rows come from."""
    opened: Number
    """When the first of them is started there, and with it a place taken."""
    first: Number = 0
    """When its own first row is complete."""
    last: Number = 0
    """When its own last row is complete."""

    @property
    def released(self) -> Number:
        """When the last place in front of it is given back."""
        return self.last - self.timing.latency + self.timing.reading


@dataclass
class Convolutions:
    """The chain in front of any barrier."""

    graph: Graph
    stage: Stage
    timings: Mapping[str, Timing]
    behind: Stage | None = None
    """The stage behind the first barrier."""
    tracks: dict[str, _Track] = field(default_factory=dict)
    stream: list[Arrivals] = field(default_factory=list)
    """The rows behind it."""

    def __post_init__(self) -> None:
        columns = self.graph.input.columns
        self.stream = [Even(0, columns, columns)]
        feeder, opened = (columns, columns), 0
        loops = {part.start: (name, part) for name, part in self.stage.loops}
        place = 0
        while place < len(self.stage.chain):
            name, part = loops.get(place, ("", slice(place, place + 1)))
            engines = self.stage.chain[part]
            for engine in engines:
                timing = self.timings[engine]
                self.tracks[engine] = _Track(self.graph.by_name[engine], timing, [feeder], opened)
                self.stream = self._passed(self.stream, [engine])
                self.tracks[engine].first = first = self.stream[0].clock
                opened, feeder, place = first - timing.latency, (timing.latency, timing.row), place + 1
            if name:
                self._repeat(name, engines)
        if self.repeated and self.behind is not None and self.behind.loop is not None:
            columns = self.graph.by_name[self.behind.loop].columns
            self.tracks[self.repeated[0]].feeders.append((replay(columns), columns))

    @property
    def repeated(self) -> list[str]:
        """Engines that further passes of the part with the first barrier go through, too."""
        return self.behind.repeated if self.behind is not None else []

    def again(self, stream: Sequence[Arrivals]) -> list[Arrivals]:
        """The rows of such a pass in front of the barrier."""
        return self._passed(stream, self.repeated)

    @property
    def opened(self) -> Number:
        """When a window takes its first place of all that holds it around the first barrier."""
        first = self.repeated[0] if self.repeated else None
        if first is not None:
            return self.tracks[first].opened
        end = self.tracks[self.stage.chain[-1]]
        return end.first - end.timing.latency

    def _passed(self, stream: Sequence[Arrivals], engines: Sequence[str]) -> list[Arrivals]:
        """Rows behind some engines; the last pass through them tells when they end."""
        found = list(stream)
        for engine in engines:
            track = self.tracks[engine]
            found = through(found, track.timing, track.node.raster)
            track.last = last(found, track.node.rows)
        return found

    def _repeat(self, name: str, engines: Sequence[str]) -> None:
        """The further passes, which are all alike."""
        node = self.graph.by_name[name]
        columns, rows = node.columns, node.rows
        self.tracks[engines[0]].feeders.append((replay(columns), columns))
        done = last(self.stream, rows)
        more = self.graph.outline.passes[engines[0]] - 1
        alone = last(self._passed([Even(0, 0, columns)], engines), rows)
        start = done + (more - 1) * (replay(columns) + alone) + replay(columns)
        self.stream = self._passed([Even(0, start, columns)], engines)

    def buffer_rows(self) -> Iterator[tuple[str, Number]]:
        """Rows of every buffer: places of a line buffer, of what waits for a branch, of a loop."""
        for name, track in self.tracks.items():
            rows = largest([_held(*feeder, track.timing) for feeder in track.feeders])
            if (image := track.node.raster) is not None:
                # While a line is worked on, the lines that the next one needs come in.
                lines = (image.stride + 1) * image.length
                rows = at_most(lines + image.stride * (rows + 1), image.rows)
            yield name, rows
        for name, part in self.stage.waiting:
            yield name, at_most(self._waiting(part), self.graph.by_name[name].rows)
        for name, _ in self.stage.loops:
            yield name, self.graph.by_name[name].rows

    def _waiting(self, part: slice) -> Number:
        """Rows of a stream that a branch is behind.

        It has lines to wait for: one for each convolution, one under way. Between two convolutions a line
        passes at the pace of the slowest engine there, and every engine takes its latency.
        """
        engines = [self.tracks[name] for name in self.stage.chain[part]][1:]
        lines, line, way, pace = 0, 0, 0, 0
        for track in engines:
            if (image := track.node.raster) is not None:
                way, pace, line = way + at_least(line - 1, 0) * pace, 0, image.length
                lines += line
            way, pace = way + track.timing.latency, at_least(pace, track.timing.row)
        slowest = largest([track.timing.row for track in engines])
        forks = [ceil_div(latency + way, at_least(row, slowest)) for latency, row in engines[0].feeders]
        return lines + line + largest(forks)

    def spans(self) -> Iterator[Number]:
        """Clocks by which windows must be apart, by what each of them holds."""
        rows = dict(self.buffer_rows())
        for name, track in self.tracks.items():
            yield track.last - track.first + track.timing.row
            image, (_, row) = track.node.raster, track.feeders[0]
            # A stride gives places back by whole lines.
            early = rows[name] - 1 if image is None or image.stride == 1 else 0
            yield track.released - track.opened - early * at_most(row, track.timing.row)
        for name, part in self.stage.waiting:
            _, entry, *_, end = [self.tracks[engine] for engine in self.stage.chain[part]]
            early = (rows[name] - 1) * at_most(entry.feeders[0][1], end.timing.row)
            yield end.last - entry.opened - early


def _held(latency: Number, row: Number, reader: Timing) -> Number:
    return ceil_div(latency + reader.reading, at_least(row, reader.row))
