"""Choices worth a look: random ones, and variations of the best so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from search.sampling.encoding import Encoding, Ints, Rows
from search.space.remaining import MOST_LISTED

__all__ = ["Candidates"]

_CHANGES = 2.0
"""Parameters that a mutation changes on average, besides one that it always does."""
_STEP = 0.7
"""Share of changes of a number that go to a neighbouring value."""
_JITTER = 0.5
"""Share of bits that leave the common level of a level choice, by one."""
_FRUGAL = 0.5
"""Share of random choices that are built with the fewest lanes."""
_NEAR = 2
"""Places that a number moves at most from a choice to its neighbours."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Draws choices.

    Attributes:
        encoding: What they mean.
        fixed: Parameters that are given, with the positions of their values.
    """

    encoding: Encoding
    fixed: Mapping[int, int]

    @classmethod
    def of(cls, encoding: Encoding, given: Mapping[str, Any]) -> Candidates:
        """With some parameters given, by name; what the space does not know is left out."""
        fixed = {}
        for column, name in enumerate(encoding.names):
            values = encoding.space.open[name]
            if name in given and given[name] in values:
                fixed[column] = values.index(given[name])
        return cls(encoding, fixed)

    def pool(self, generator: np.random.Generator, parents: Rows, count: int) -> Rows:
        """About ``count`` different choices; all of them when the space is no larger."""
        free = [size for column, size in enumerate(self.encoding.sizes) if column not in self.fixed]
        if np.sum(np.log(free)) <= np.log(MOST_LISTED) + 1e-9:
            return self._kept(self._all())
        if not len(parents):
            half = count // 2
            drawn = [self._random(generator, count - half), self._levels(generator, half)]
        else:
            part = count // 4
            drawn = [
                self._random(generator, part),
                self._levels(generator, part),
                self._mutated(generator, parents[generator.integers(len(parents), size=part)]),
                self._mutated(generator, self._crossed(generator, parents, count - 3 * part)),
            ]
        return np.unique(self._kept(np.concatenate(drawn)), axis=0)

    def neighbours(self, rows: Rows, columns: npt.NDArray[np.bool_]) -> tuple[Rows, Ints]:
        """Choices that differ from a row in one parameter, and which row each belongs to.

        Numbers move by one or two places, everything else to any value.

        Args:
            rows: The choices.
            columns: Which parameters may change.
        """
        sizes = self.encoding.sizes
        moves = [
            (column, position)
            for column in range(len(sizes))
            if columns[column] and column not in self.fixed
            for position in range(int(sizes[column]))
        ]
        if not moves or not len(rows):
            return rows[:0], np.empty(0, dtype=np.int64)
        where, positions = np.array(moves, dtype=np.int64).T
        near = np.repeat(rows, len(moves), axis=0)
        owners = np.repeat(np.arange(len(rows)), len(moves))
        every = np.arange(len(near))
        where, positions = np.tile(where, len(rows)), np.tile(positions, len(rows))
        apart = np.abs(near[every, where] - positions)
        new = (apart > 0) & ((apart <= _NEAR) | ~self.encoding.ordered[where])
        near[every, where] = positions
        return near[new], owners[new]

    def _kept(self, rows: Rows) -> Rows:
        for column, position in self.fixed.items():
            rows[:, column] = position
        return rows

    def _all(self) -> Rows:
        axes = [
            [self.fixed[column]] if column in self.fixed else range(size)
            for column, size in enumerate(self.encoding.sizes)
        ]
        # Without any parameter there is one choice: the empty one.
        return np.array(list(product(*axes)), dtype=np.int64)

    def _random(self, generator: np.random.Generator, count: int) -> Rows:
        return self._frugal(generator, self.encoding.random(generator, count))

    def _levels(self, generator: np.random.Generator, count: int) -> Rows:
        """Choices whose bits lie around a common level: independent ones never come near the extremes."""
        rows = self._random(generator, count)
        for kind in (self._weights, self._activations):
            level = generator.random((count, 1))
            top = self.encoding.sizes[kind] - 1
            near = np.rint(level * top).astype(np.int64)
            near += generator.choice((-1, 0, 1), size=near.shape, p=(_JITTER / 2, 1 - _JITTER, _JITTER / 2))
            rows[:, kind] = np.clip(near, 0, top)
        return rows

    def _frugal(self, generator: np.random.Generator, rows: Rows) -> Rows:
        few = generator.random(len(rows)) < _FRUGAL
        rows[np.ix_(few, self._lanes)] = self._fewest
        return rows

    def _mutated(self, generator: np.random.Generator, rows: Rows) -> Rows:
        count, columns = rows.shape
        sizes = self.encoding.sizes
        changed = generator.random(rows.shape) < _CHANGES / columns
        changed[np.arange(count), generator.integers(columns, size=count)] = True
        steps = rows + generator.choice((-1, 1), size=rows.shape)
        far = self.encoding.random(generator, count)
        near = self.encoding.ordered & (generator.random(rows.shape) < _STEP)
        new = np.where(near, np.clip(steps, 0, sizes - 1), far)
        found: Rows = np.where(changed, new, rows)
        return found

    def _crossed(self, generator: np.random.Generator, parents: Rows, count: int) -> Rows:
        first, second = (parents[generator.integers(len(parents), size=count)] for _ in range(2))
        found: Rows = np.where(generator.random(first.shape) < 0.5, first, second)
        return found

    @cached_property
    def _lanes(self) -> Ints:
        return self._columns("lanes")

    @cached_property
    def _fewest(self) -> Ints:
        """Where the smallest number of lanes stands, by column of :attr:`_lanes`."""
        values = [self.encoding.space.open[self.encoding.names[column]] for column in self._lanes]
        return np.array([one.index(min(one, key=int)) for one in values], dtype=np.int64)

    @cached_property
    def _weights(self) -> Ints:
        return self._columns("weight_bits")

    @cached_property
    def _activations(self) -> Ints:
        names = self.encoding.names
        weights = set(self._weights.tolist())
        return np.array(
            [i for i, name in enumerate(names) if name.endswith("_bits") and i not in weights], dtype=np.int64
        )

    def _columns(self, ending: str) -> Ints:
        names = self.encoding.names
        return np.array([i for i, name in enumerate(names) if name.endswith(ending)], dtype=np.int64)
