"""Back-to-back windows: how many clocks apart they follow one another in an endless stream.

A bound that is proven, and nearly always met: a periodic timetable in which every row of every engine has its
clock is written down, and the period is made as long as each condition of the row handshake demands. Engines
that work as soon as they can are never later than any timetable that keeps the conditions, so that windows
leave at least as often (event graphs are monotone: Baccelli et al., "Synchronization and Linearity", 1992,
chapters 2 and 9).

The timetable: between two barriers all engines move at the pace of the slowest of them. Scores of a window
start when its keys and values are stored; every engine starts a row as soon as its source has it. Its period
is the longest of

* an engine's own work;
* a key or value store's round: from the first row written, through the last row read, to the place given
  back, shared by the windows that it holds;
* a row buffer's round: from a row's place reserved to the place given back, over the rows it holds.

Formulas work on numbers and, given another ``largest``, on arrays over many designs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["CONTEXT_RELEASE", "Largest", "LayerTimes", "head_limits", "layer_limits"]

Number = Any
"""An int, or an array of them."""
Largest = Callable[[Sequence[Number]], Number]

CONTEXT_RELEASE = 2
"""Clocks from the context engine's last step to the value store's: ``hdl/vhdl/context_engine.vhd``."""
_RESIDUAL, _POOL = 3, 3
_OUTPUT_NEXT = 3


@dataclass(frozen=True)
class LayerTimes:
    """What one layer's overlap depends on, in clocks; ``latency`` and ``reading`` as in a ``Timing``."""

    rows: Number
    entry_latency: Number
    """Of the engine that feeds the layer."""
    entry_pace: Number
    """Clocks per row of everything before the layer's barrier, its keys and values included."""
    pace: Number
    """Clocks per row of everything behind the barrier, the next layer's keys and values included."""
    key_latency: Number
    """The longer of key's and value's."""
    key_reading: Number
    """The longer of key's and value's."""
    replay_pace: Number
    """Clocks per row in which a repeated layer's rows come in again."""
    replay_latency: Number
    """From the last row of a pass to the first of the next."""
    query_latency: Number
    query_reading: Number
    scores_latency: Number
    scores_reading: Number
    context_reading: Number
    to_project: Number
    """Latencies of scores, context and project."""
    through: Number
    """Latencies from scores to contract."""
    passes: Number
    key_windows: Number
    value_windows: Number

    def stored(self, pace: Number, largest: Largest) -> Number:
        """From the first row of a pass, which come ``pace`` apart, to the scores' start."""
        queries = self.query_latency + (self.rows - 1) * (pace - self.pace)
        return largest([(self.rows - 1) * pace + self.key_latency, self.query_latency, queries])

    def query_lead(self, start: Number) -> Number:
        """From a first row's place reserved at the query engine to the place given back.

        ``start`` is that of the pass's scores, seen from the first row complete.
        """
        return self.entry_latency + start - self.query_latency + self.query_reading

    def residual_lead(self, start: Number) -> Number:
        """The same in the store of the waiting stream."""
        return self.entry_latency + start + self.to_project - _RESIDUAL

    def crossing_rows(self, lead: Callable[[Number], Number], largest: Largest) -> Number:
        """Rows of a buffer across the barrier with which windows overlap; ``lead`` is one of those above."""
        late = lead(self.stored(self.entry_pace, largest)) - (self.rows - 1) * self.entry_pace
        return self.rows + largest([-(-late // largest([self.pace, self.entry_pace])) - 1, 0 * self.rows])


def layer_limits(
    own: LayerTimes, query_rows: Number, residual_rows: Number, largest: Largest
) -> Iterator[Number]:
    """Periods that a layer needs at least; the buffers that cross its barrier hold so many rows.

    Clocks are counted from the first row of a window complete in front of the layer.
    """
    rows, pace = own.rows, own.pace
    again = own.passes > 1
    start = own.stored(own.entry_pace, largest)
    restart = own.stored(own.replay_pace, largest)
    around = (rows - 1) * pace + own.through + own.replay_latency
    last_arrival = again * (start + (own.passes - 2) * restart + (own.passes - 1) * around)
    last_start = last_arrival + start + again * (restart - start)
    # The engines' own work.
    yield rows * own.entry_pace
    yield last_start - start + rows * pace
    yield last_start - start + (rows - 1) * pace + own.context_reading + CONTEXT_RELEASE
    yield again * (own.entry_latency + last_arrival + (rows - 1) * own.replay_pace + own.key_reading)
    yield again * (last_arrival + rows * own.replay_pace)
    # The stores. With several passes two windows never hold more than the last pass and the next first one.
    emptied = last_start + (rows - 1) * pace
    yield -(-(emptied + own.scores_reading) // own.key_windows)
    yield -(-(emptied + own.scores_latency + own.context_reading + CONTEXT_RELEASE) // own.value_windows)
    # Buffers across the barrier.
    yield from _crossing(own, own.query_lead(last_start), query_rows, again)
    yield from _crossing(own, own.residual_lead(last_start), residual_rows, again)


def _crossing(own: LayerTimes, lead: Number, buffer_rows: Number, again: Number) -> Iterator[Number]:
    """Periods that a buffer needs which is filled at ``entry_pace`` and emptied at ``pace``.

    Row ``i`` gives its place to the row that comes ``buffer_rows`` later: ``whole`` windows and ``spare``
    rows. Conditions are linear in ``i``: the ends of each range are enough. Behind a repeated layer's last
    pass only the next window's first one is close enough to matter.
    """
    rows, once = own.rows, 1 - again
    extra = buffer_rows - rows
    beyond = extra - (rows - 1)
    spare = once * (buffer_rows % rows) + again * (extra - (beyond > 0) * beyond)
    whole = once * (buffer_rows // rows) + again
    for row in (0, rows - 1 - spare):
        yield -(-(lead + row * own.pace - (row + spare) * own.entry_pace) // whole)
    for row in (rows - spare, rows - 1):
        late = lead + row * own.pace - (row + spare - rows) * own.entry_pace
        yield (spare > 0) * once * -(-late // (whole + 1))


def head_limits(
    last_latency: Number, head_reading: Number, head_latency: Number, outputs: Number
) -> Iterator[Number]:
    """Periods that the end of the accelerator needs: one row per window in each of its buffers."""
    yield last_latency + _POOL + head_reading
    yield head_latency + _OUTPUT_NEXT * (outputs - 1) + 1
    yield _OUTPUT_NEXT * outputs
