"""Whether any design of a space keeps all limits, told before the first trial; if none, what has to give.

Estimates cost microseconds, so a space is searched for designs that need little: from random, level and
uniform choices the best few are improved parameter by parameter, as far as it goes. What does not fit by a
wide margin is thus told with certainty; close to the border "none was found" is what it means.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from search.sampling.candidates import Candidates
from search.sampling.encoding import Encoding, Rows
from search.sampling.evaluation import constraints_of
from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.identity import seed_from

__all__ = ["Shortage", "shortage"]

Floats = npt.NDArray[np.float64]
Merit = Callable[[Floats], Floats]
"""How far builds are from what is wanted, ``(choices, builds)``, by their constraints."""

_POOL = 1200
"""Choices that the search begins with, about half of them uniform."""
_CLIMBERS = 4
"""Of these, how many are improved."""
_STEPS = 60
"""Improvements at most."""
_FAR = 1e6
"""Larger than any constraint."""
_DIGITS = 4
"""Of the limits that are proposed."""
_WIDEN = "widen [space]: smaller d_model, window or bits, more lanes where it is too slow"


@dataclass(frozen=True)
class Shortage:
    """Why no design of a space fits."""

    path: tuple[str, ...]
    """The key of the study file that allows too little."""
    problem: str
    remedy: str


def shortage(space: DesignSpace, budget: Budget) -> Shortage | None:
    """What keeps all designs from fitting; ``None`` when one that fits was found.

    Args:
        space: What is chosen from.
        budget: What a design must fit.
    """
    return _Reach(space, budget).shortage()


@dataclass(frozen=True, eq=False)
class _Reach:
    space: DesignSpace
    budget: Budget

    def shortage(self) -> Shortage | None:
        nearest = self._least(_excess)
        if np.all(nearest <= 0):
            return None
        place = {name: k for k, name in enumerate(self._names)}
        limit_of = self.budget.limit_of
        asked = [name for name, value in self._named(nearest) if value > 0 or limit_of(name)]
        alone = {name: self._least(_only(place[name])) for name in asked}
        hard = {name: float(needs[place[name]]) for name, needs in alone.items() if needs[place[name]] > 0}
        wanted = list(hard) or asked
        single = {name: self._least(_others_first(place[name])) for name in wanted}
        if any(np.all(needs <= 0) for needs in (*alone.values(), *single.values())):
            return None
        ways = [self._way(needs) for name, needs in single.items() if self._is_only(name, needs)]
        remedy = " or ".join(dict.fromkeys(ways)) or self._way(nearest)
        path = max((self._path(name) for name in wanted), key=lambda path: path[0] == "constraints")
        return Shortage(path, self._problem(hard, nearest), f"allow {remedy}, or {_WIDEN}")

    def _problem(self, hard: dict[str, float], nearest: Floats) -> str:
        if hard:
            found = ", ".join(self._shown(name, value) for name, value in hard.items())
            return f"no design of the space needs so little: the least is {found}"
        found = ", ".join(self._shown(name, value) for name, value in self._named(nearest) if value > 0)
        return f"no design of the space keeps all limits at once: the nearest one needs {found}"

    def _is_only(self, name: str, needs: Floats) -> bool:
        """Whether nothing but one limit is exceeded."""
        return all((value > 0) == (other == name) for other, value in self._named(needs))

    def _least(self, merit: Merit) -> Floats:
        """The constraints of the best build that was found."""
        rows, tables = self._pool
        rows, tables, scores = _best(rows, tables, merit, _CLIMBERS)
        every = np.ones(rows.shape[1], dtype=np.bool_)
        for _ in range(_STEPS):
            near, _ = self._candidates.neighbours(rows, every)
            # A design that fits ends all questions.
            if not len(near) or np.all(tables <= 0, axis=-1).any():
                break
            together = np.concatenate([rows, near]), np.concatenate([tables, self._constraints(near)])
            rows, tables, better = _best(*together, merit, _CLIMBERS)
            if better[0] >= scores[0]:
                break
            scores = better
        flat = tables.reshape(-1, tables.shape[-1])
        fitting = np.flatnonzero(np.all(flat <= 0, axis=-1))
        if len(fitting):
            return np.array(flat[fitting[0]])
        return self._exact(rows, tables[0, int(np.argmin(merit(tables[:1])[0]))])

    def _exact(self, rows: Rows, found: Floats) -> Floats:
        """Where the budget chooses the lanes, its choice may fit although no uniform one does."""
        if not self.budget.auto_lanes:
            return found
        for row in rows:
            assessment = self.budget.propose(self.space.design(self._encoding.choice(row)))
            if assessment.fits:
                return np.array(list(assessment.constraints.values()), dtype=np.float64)
        return found

    def _constraints(self, rows: Rows) -> Floats:
        return constraints_of(rows, self._encoding, self.budget)

    @cached_property
    def _pool(self) -> tuple[Rows, Floats]:
        generator = np.random.default_rng(seed_from(self.space.spec.study.seed, "reach"))
        drawn = self._candidates.pool(generator, self._encoding.random(generator, 0), _POOL // 2)
        rows = np.unique(np.concatenate([drawn, self._uniform(generator, _POOL // 2)]), axis=0)
        return rows, self._constraints(rows)

    def _uniform(self, generator: np.random.Generator, count: int) -> Rows:
        """Choices in which all engines and tensors choose alike: the ends of what is reached are such."""
        endings = [name.rpartition(".")[2] for name in self._encoding.names]
        kinds = {ending: index for index, ending in enumerate(dict.fromkeys(endings))}
        levels = generator.choice((0.0, 0.5, 1.0), size=(count, max(len(kinds), 1)), p=(0.4, 0.2, 0.4))
        columns = np.array([kinds[ending] for ending in endings], dtype=np.int64)
        rows: Rows = np.rint(levels[:, columns] * (self._encoding.sizes - 1)).astype(np.int64)
        return rows

    @cached_property
    def _encoding(self) -> Encoding:
        return Encoding(self.space)

    @cached_property
    def _candidates(self) -> Candidates:
        return Candidates(self._encoding, {})

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return self.budget.constraint_names

    def _named(self, values: Floats) -> Iterator[tuple[str, float]]:
        return zip(self._names, map(float, values), strict=True)

    def _path(self, name: str) -> tuple[str, str]:
        key = self.budget.limit_of(name)
        if key is None:
            return "device", "limit"
        return ("device", "period") if self.budget.is_pace(key) else ("constraints", key)

    def _shown(self, name: str, value: float) -> str:
        key = self.budget.limit_of(name)
        if key is None:
            share = self.budget.room[name]
            return f"{100 * (value + share):.1f} % of the device's {name} (of at most {100 * share:g} %)"
        most = self.budget.most[key]
        return f"{key} {(value + 1) * most:.{_DIGITS}g} (of at most {most:g})"

    def _way(self, needs: Floats) -> str:
        """The keys with which a design of these needs fits."""
        over = [name for name, value in self._named(needs) if value > 0]
        keys = {key: needs[self._names.index(name)] for name in over if (key := self.budget.limit_of(name))}
        ways = [self._allowed(key, value) for key, value in keys.items()]
        if len(keys) < len(over):
            used = max(
                value + self.budget.room[name]
                for name, value in self._named(needs)
                if name in self.budget.room
            )
            share = math.ceil(1000 * used) / 1000
            larger = f"a device {used:.2f} times as large as {self.budget.device_name}"
            ways.append(f"[device] limit = {share:g}" if share <= 1 else larger)
        return " with ".join(ways)

    def _allowed(self, key: str, value: float) -> str:
        """The key with the least round number that allows what is needed."""
        needed = (value + 1) * self.budget.most[key]
        if key in self.budget.room:
            return f"{key} = {math.ceil(needed - 1e-9)}"
        step = 10.0 ** (math.floor(math.log10(needed)) + 1 - _DIGITS)
        enough = math.ceil(needed / step) * step
        if self.budget.is_pace(key):
            return f"[device] period = {1e-6 * enough:.10g}"
        return f"{key} = {enough:.10g}"


def _excess(constraints: Floats) -> Floats:
    found: Floats = np.maximum(constraints, 0.0).sum(axis=-1)
    return found


def _only(k: int) -> Merit:
    """The constraint ``k``, whatever becomes of the others."""
    return lambda constraints: constraints[..., k]


def _others_first(k: int) -> Merit:
    """The constraint ``k``, where all others hold; else by how much they do not."""

    def merit(constraints: Floats) -> Floats:
        others = _excess(np.delete(constraints, k, axis=-1))
        return np.where(others > 0, _FAR + others, constraints[..., k])

    return merit


def _best(rows: Rows, tables: Floats, merit: Merit, count: int) -> tuple[Rows, Floats, Floats]:
    """The best different choices with their constraints and merits."""
    scores = merit(tables).min(axis=1)
    order = np.argsort(scores, kind="stable")
    _, first = np.unique(rows[order[: 50 * count]], axis=0, return_index=True)
    chosen = order[np.sort(first)[:count]]
    return rows[chosen], tables[chosen], scores[chosen]
