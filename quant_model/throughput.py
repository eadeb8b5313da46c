"""Back-to-back windows: how many clocks apart they follow one another in an endless stream.

A bound that is proven, and nearly always met: a periodic timetable in which every row of every engine has its
clock is written down, and the period is made as long as each condition of the row handshake demands. Engines
that work as soon as they can are never later than any timetable that keeps the conditions, so that windows
leave at least as often (event graphs are monotone: Baccelli et al., "Synchronization and Linearity", 1992,
chapters 2 and 9).

The timetable: between two barriers all engines move at the pace of the slowest of them. A stage's rows of a
window start when everything that it reads from stores lies there; every engine starts a row as soon as its
source has it. Its period is the longest of

* an engine's own work;
* a store's round: from the first row written, through the last row read, to the place given back, shared by
  the windows that it holds;
* a row buffer's round: from a row's place reserved to the place given back, over the rows it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from quant_model.arithmetic import Number, at_least, at_most, ceil_div, largest

__all__ = ["BarrierTimes", "StoreTimes", "barrier_limits", "store_rounds"]


@dataclass(frozen=True)
class StoreTimes:
    """A store of all rows of a window, in clocks."""

    windows: Number
    """That it holds."""
    before: Number
    """From a row's start behind the barrier to its start in the engine that reads the store."""
    reading: Number
    """From there until the row's last word is read."""
    release: int
    """From there until a place is given back."""


@dataclass(frozen=True)
class BarrierTimes:
    """What the overlap of windows at one barrier depends on, in clocks.

    ``latency`` and ``reading`` as in a :class:`quant_model.schedule.Timing`.
    """

    rows: Number
    entry_latency: Number
    """Of the engine that feeds the barrier's."""
    entry_pace: Number
    """Clocks per row of everything before the barrier, what is stored for it included."""
    pace: Number
    """Clocks per row of everything behind the barrier, what is stored for the next one included."""
    stored_latency: Number
    """The longest of the engines whose rows are stored."""
    stored_reading: Number
    """The longest of the engines whose rows are stored."""
    replay_pace: Number
    """Clocks per row in which a repeated part's rows come in again."""
    replay_latency: Number
    """From the last row of a pass to the first of the next."""
    ahead_latency: Number
    """Of the engine that runs ahead of the barrier."""
    ahead_reading: Number
    latencies: tuple[Number, ...]
    """Of the chain behind the barrier."""
    stores: tuple[StoreTimes, ...]
    passes: int

    @property
    def through(self) -> Number:
        """From a row's start behind the barrier to the row complete behind the chain."""
        return sum(self.latencies)

    def opened(self, pace: Number) -> Number:
        """From the first row of a pass, which come ``pace`` apart, to the barrier's opening."""
        ahead = self.ahead_latency + (self.rows - 1) * (pace - self.pace)
        return largest([(self.rows - 1) * pace + self.stored_latency, self.ahead_latency, ahead])

    def ahead_lead(self, start: Number) -> Number:
        """From a first row's place reserved at the engine that runs ahead to the place given back.

        ``start`` is the pass's opening, seen from the first row complete.
        """
        return self.entry_latency + start - self.ahead_latency + self.ahead_reading

    def waiting_lead(self, start: Number, branch: slice, delay: int) -> Number:
        """The same of rows that wait for a part of the chain and are read ``delay`` clocks before its end."""
        return self.entry_latency + start + sum(self.latencies[branch]) - delay

    @property
    def start(self) -> Number:
        """From the first row of a window's first pass to the barrier's opening."""
        return self.opened(self.entry_pace)

    def crossing_rows(self, lead: Callable[[Number], Number], apart: Number) -> Number:
        """Rows of a buffer across the barrier with which windows overlap.

        ``lead`` is one of those above; rows follow each other no closer than ``apart`` clocks.
        """
        late = lead(self.start) - (self.rows - 1) * self.entry_pace
        beyond = ceil_div(late, largest([self.pace, self.entry_pace, apart])) - 1
        return self.rows + at_least(beyond, 0)


def barrier_limits(
    own: BarrierTimes, crossing: Sequence[tuple[Callable[[Number], Number], Number]]
) -> Iterator[Number]:
    """Periods that a barrier needs at least.

    Clocks are counted from the first row of a window complete in front of the barrier.

    Args:
        own: the barrier.
        crossing: of each buffer across it, the lead and the rows that it holds.
    """
    rows, pace = own.rows, own.pace
    again = own.passes > 1
    start = own.start
    restart = own.opened(own.replay_pace)
    around = (rows - 1) * pace + own.through + own.replay_latency
    last_arrival = again * (start + (own.passes - 2) * restart + (own.passes - 1) * around)
    last_start = last_arrival + start + again * (restart - start)
    # The engines' own work.
    yield rows * own.entry_pace
    yield last_start - start + rows * pace
    for store in own.stores:
        yield last_start - start + (rows - 1) * pace + store.reading + store.release
    yield again * (own.entry_latency + last_arrival + (rows - 1) * own.replay_pace + own.stored_reading)
    yield again * (last_arrival + rows * own.replay_pace)
    # With several passes two windows never hold more than the last pass and the next first one.
    yield from store_rounds(own, last_start)
    for lead, buffer_rows in crossing:
        yield from _crossing(own, lead(last_start), buffer_rows, again)


def store_rounds(own: BarrierTimes, start: Number) -> Iterator[Number]:
    """Of each store, clocks from a place taken to the place given back, over the windows that it holds.

    ``start`` is the opening of a window's last pass.
    """
    emptied = start + (own.rows - 1) * own.pace
    for store in own.stores:
        yield ceil_div(emptied + store.before + store.reading + store.release, store.windows)


def _crossing(own: BarrierTimes, lead: Number, buffer_rows: Number, again: bool) -> Iterator[Number]:
    """Periods that a buffer needs which is filled at ``entry_pace`` and emptied at ``pace``.

    Row ``i`` gives its place to the row that comes ``buffer_rows`` later: ``whole`` windows and ``spare``
    rows. Conditions are linear in ``i``: the ends of each range are enough. Behind a repeated part's last
    pass only the next window's first one is close enough to matter.
    """
    rows = own.rows
    extra = buffer_rows - rows
    spare = at_most(extra, rows - 1) if again else buffer_rows % rows
    whole = 1 if again else buffer_rows // rows
    for row in (0, rows - 1 - spare):
        yield ceil_div(lead + row * own.pace - (row + spare) * own.entry_pace, whole)
    if not again:
        for row in (rows - spare, rows - 1):
            late = lead + row * own.pace - (row + spare - rows) * own.entry_pace
            yield (spare > 0) * ceil_div(late, whole + 1)
