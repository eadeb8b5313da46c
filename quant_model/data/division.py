"""Which rows of a series are for training, for validation, for test: by time, or by whole groups.

Groups are subjects, machines, stations: with them validation and test hold those that training never saw.
They are divided so that every split holds every class, if that can be, and has its share of the windows, of
each class as of all: stratification as in K. Sechidis et al., "On the Stratification of Multi-Label Data",
ECML PKDD 2011, for groups instead of examples and by search instead of greedily.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from quant_model.data.series import Series
from quant_model.errors import UserError

__all__ = ["SPLITS", "Division", "Rows", "Stretch", "assign_groups", "divide", "divide_as", "window_starts"]

SPLITS = ("train", "validation", "test")
Stretch = tuple[int, int]
"""First row, and the row after the last."""
Rows = slice | npt.NDArray[np.int64]
"""An index of rows."""
_Counts = npt.NDArray[np.int64]
_Candidates = npt.NDArray[np.int8]
"""Assignments ``(N, groups)`` of splits' numbers."""

_ABSENT = np.array([1e6, 1.001, 1.0])
"""What a class costs that is absent from a split. Training comes first; of the others validation, by which
designs are chosen."""
_TOLERANCE = 0.02
"""Assignments count as equally good when their splits' shares are so close to what was asked for, and a
seed chooses among them."""
_DRAWN, _IMPROVED = 2048, 8
"""Assignments that are drawn, and of them improved."""


@dataclass(frozen=True)
class Division:
    """A series' rows by split.

    Attributes:
        stretches: By split, in the order of :data:`SPLITS`; no window reaches from one into another.
        borders: Rows where validation and test begin; ``None`` where whole groups are divided.
        groups: Names of the groups by split; empty where time divides.
    """

    stretches: tuple[tuple[Stretch, ...], ...]
    borders: tuple[int, int] | None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def train(self) -> Rows:
        """Training rows."""
        if len(self.stretches[0]) == 1:
            return slice(*self.stretches[0][0])
        return np.concatenate([np.arange(*stretch) for stretch in self.stretches[0]])


def divide(series: Series, shares: tuple[float, float, float], span: int = 1, seed: int = 0) -> Division:
    """Divide a series: by whole groups where it has some, else by time, the earliest rows for training.

    Args:
        series: The series.
        shares: For training, validation and test; of the rows, or of the windows that the groups hold.
        span: Rows that the longest window takes with its targets: groups are weighed by what is left of them.
        seed: Chooses among assignments of groups that are equally good.

    Raises:
        UserError: There are less than three groups.
    """
    if series.group is not None:
        return divide_as(series, _split_groups(series, series.group, shares, span, seed))
    borders = (round(shares[0] * series.rows), round((shares[0] + shares[1]) * series.rows))
    limits = (0, *borders, series.rows)
    return Division(tuple((stretch,) for stretch in itertools.pairwise(limits)), borders)


def divide_as(series: Series, groups: Mapping[str, Sequence[str]]) -> Division:
    """Divide a series by groups whose split is known: their names by split."""
    assert series.group is not None
    number = {name: SPLITS.index(split) for split, names in groups.items() for name in names}
    split_of = [number[series.group_names[group]] for group in series.group[series.recordings]]
    stretches = tuple(
        tuple(one for one, own in zip(_recordings(series), split_of, strict=True) if own == index)
        for index in range(len(SPLITS))
    )
    return Division(stretches, None, MappingProxyType({split: tuple(groups[split]) for split in SPLITS}))


def _split_groups(
    series: Series, group: npt.NDArray[np.int64], shares: tuple[float, float, float], span: int, seed: int
) -> dict[str, tuple[str, ...]]:
    names = series.group_names
    if len(names) < len(SPLITS):
        raise UserError(
            f"{series.name} column {series.group_column}",
            f"{len(names)} groups ({', '.join(names)}): whole groups go to train, validation or test",
            "give at least three groups, or choose another column as [data] group",
        )
    first, _ = window_starts(series.position, _recordings(series), span)
    last = first + span - 1
    label = series.targets[last, 0].astype(np.int64) if series.classes else np.zeros(len(last), np.int64)
    counts = np.zeros((len(names), max(1, len(series.classes))), np.int64)
    np.add.at(counts, (group[last], label), 1)
    split_of = assign_groups(counts, shares, seed)
    return {
        split: tuple(name for name, own in zip(names, split_of, strict=True) if own == index)
        for index, split in enumerate(SPLITS)
    }


def _recordings(series: Series) -> list[Stretch]:
    """Stretches of rows that windows may lie in, gaps or not."""
    return list(itertools.pairwise((*series.recordings.tolist(), series.rows)))


def window_starts(
    position: npt.NDArray[np.int64], stretches: Sequence[Stretch], span: int
) -> tuple[npt.NDArray[np.int64], int]:
    """Find the windows within stretches of rows.

    Args:
        position: Each row's place in steps.
        stretches: No window lies in two of them.
        span: Rows from the window's first to its furthest target, both counted.

    Returns:
        The first row of every window that has no gap, and how many were left out for a gap.
    """
    reach = span - 1
    found = [np.arange(start, max(start, stop - reach)) for start, stop in stretches]
    first = np.concatenate([np.array([], np.int64), *found])
    whole = position[first + reach] - position[first] == reach
    return first[whole], int(np.count_nonzero(~whole))


def assign_groups(counts: _Counts, shares: Sequence[float], seed: int) -> npt.NDArray[np.int64]:
    """Choose a split for each group.

    The first aim is that no class is absent from a split, the second that each split has its share of all
    windows and of each class's: the best of drawn assignments are improved group by group. The same arguments
    give the same assignment.

    Args:
        counts: ``(groups, classes)`` windows; one column without classes.
        shares: Of train, validation and test; they add up to 1.
        seed: Chooses among what is equally good.

    Returns:
        ``(groups,)``, the number of its split for each group.
    """
    rng = np.random.default_rng(seed)
    columns = np.column_stack([counts, counts.sum(axis=1)])
    columns = columns[:, columns.sum(axis=0) > 0]
    if not columns.size:
        return np.zeros(len(counts), np.int64)
    candidates = _drawn(columns[:, -1], shares, rng)
    absent, uneven = _costs(_held(candidates, columns), shares)
    # Stable: of those that are equally good the first, and their order is drawn.
    order = np.lexsort((np.floor(uneven / _TOLERANCE), absent))[:_IMPROVED]
    starts = list(candidates[order])
    if absent[order[0]] > 0:
        starts.insert(0, _covering(columns > 0))
    improved = [_improved(start, columns, shares) for start in starts]
    return min(improved, key=lambda one: (one[0][0], math.floor(one[0][1] / _TOLERANCE)))[1]


def _drawn(sizes: _Counts, shares: Sequence[float], rng: np.random.Generator) -> _Candidates:
    """Groups in drawn orders, split after split filled up to its share."""
    order = rng.random((_DRAWN, len(sizes))).argsort(axis=1)
    middle = np.cumsum(sizes[order], axis=1) - sizes[order] / 2
    bounds = np.cumsum(shares)[:-1] * sizes.sum()
    candidates = np.empty(order.shape, np.int8)
    np.put_along_axis(candidates, order, (middle[..., None] > bounds).sum(axis=2).astype(np.int8), axis=1)
    return candidates


def _covering(there: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
    """An assignment that leaves as few classes absent from splits as can be, by integer programming.

    ``there``, ``(groups, columns)``, tells which group has what. Unknown are 0 or 1 for each group and split,
    then what is absent for each split and column.
    """
    # Imported late: it takes a second.
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint, milp

    (groups, columns), splits = there.shape, len(SPLITS)
    absent = splits * columns
    one_each = sparse.kron(sparse.eye(groups), np.ones((1, splits)))
    # By column and split: the groups that have it, and its absence, come to at least 1.
    cover = sparse.hstack([sparse.kron(there.T, sparse.eye(splits)), sparse.eye(absent)])
    found = milp(
        np.concatenate([np.zeros(groups * splits), np.tile(_ABSENT, columns)]),
        integrality=np.ones(groups * splits + absent),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(sparse.hstack([one_each, sparse.csr_array((groups, absent))]), 1, 1),
            LinearConstraint(cover, 1, np.inf),
        ],
    )
    return np.asarray(found.x[: groups * splits].reshape(groups, splits).argmax(axis=1), np.int8)


def _held(candidates: _Candidates, columns: _Counts) -> _Counts:
    """What each split holds, ``(N, splits, columns)``."""
    return np.stack([(candidates == index).astype(np.int64) @ columns for index in range(len(SPLITS))], 1)


def _costs(held: _Counts, shares: Sequence[float]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """What is absent, weighted, and how far shares are off, root mean square: ``(..., splits, columns)``."""
    off = held / held.sum(axis=-2, keepdims=True) - np.asarray(shares)[:, None]
    # Rounded, so that no machine's last bit decides.
    uneven = np.round(np.sqrt(np.square(off).mean(axis=(-2, -1))), 9)
    return np.count_nonzero(held == 0, axis=-1) @ _ABSENT, uneven


def _improved(
    candidate: npt.NDArray[np.int8], columns: _Counts, shares: Sequence[float]
) -> tuple[tuple[float, float], npt.NDArray[np.int64]]:
    """Move one group at a time, the one that helps most, until none does; with the costs that are left."""
    chosen = candidate.astype(np.int64)
    groups, splits = np.arange(len(chosen)), np.eye(len(SPLITS), dtype=np.int64)
    best = (math.inf, math.inf)
    while best[0] > 0 or best[1] > _TOLERANCE:
        # By group and new split: what the splits then hold.
        moves = splits[None, :, :] - splits[chosen][:, None, :]
        held = _held(chosen[None].astype(np.int8), columns) + moves[..., None] * columns[:, None, None, :]
        absent, uneven = _costs(held, shares)
        group, split = divmod(int(np.lexsort((uneven.ravel(), absent.ravel()))[0]), len(SPLITS))
        cost = (float(absent[group, split]), float(uneven[group, split]))
        if cost >= best:
            break
        best, chosen = cost, np.where(groups == group, split, chosen)
    return best, chosen
