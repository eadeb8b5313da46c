"""One proposal: thousands of designs that fit, and the one with the largest expected gain in hypervolume."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_model.data.outcomes import ERROR, is_outcome
from search.sampling.acquisition import Front
from search.sampling.candidates import Candidates
from search.sampling.encoding import Encoding, Ints, Rows
from search.sampling.error_model import ErrorModel, Forecast, fit_error_model
from search.sampling.evaluation import Known, evaluate
from search.sampling.features import Features
from search.sampling.hearsay import Hearsay
from search.sampling.history import Observed
from search.space.budget import Budget
from search.space.design_space import DesignSpace, Value, first_choices
from search.space.pareto import non_dominated

__all__ = ["Proposer"]

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Merit = Callable[[Rows, Known], Floats]
"""How good choices are that fit and are new; larger is better."""

_STARTUP = 4
"""Trials before the model is asked, the uniform designs included."""
_POOL = 1200
"""Choices that a proposal begins with."""
_POOL_LANES = 400
"""The same where the budget chooses the lanes: each is then estimated several times."""
_CLIMBERS = 4
"""Of these, how many are improved parameter by parameter."""
_CLIMBS = 3
"""Steps of improvement at most."""
_CLIMBS_LANES = 2
"""The same where the budget chooses the lanes."""
_DESCENTS = 12
"""Steps towards the budget at most, when no choice of the pool fits."""
_MODELLED = 500
"""Trials that the model sees at most: the time grows with the third power of their number."""
_CHECKED = 30
"""Best choices that are estimated once more as single designs; nearly always the first one does."""
_CHECKED_LANES = 3
"""The same where the budget chooses the lanes, which takes a while for each."""
_REBUILT = 500
"""Choices that are looked at for a design that is new in lanes or memories alone."""
_MARGIN = 0.3
"""The reference point lies behind the front by this share of the front's extent."""
_HOPELESS = 1.2
"""Errors count as no larger than this times the reference point's."""
_CERTAIN = 1e-6
"""Deviation of an error that is no objective."""


@dataclass(frozen=True, eq=False)
class Proposer:
    """Proposes designs of a study.

    Attributes:
        space: What is chosen from.
        budget: What a design must fit.
        heard: What other studies trained, as :meth:`Hearsay.from_json` reads it.
    """

    space: DesignSpace
    budget: Budget
    heard: Sequence[Mapping[str, Any]] = ()

    def propose(
        self, observed: Observed, generator: np.random.Generator, given: Mapping[str, Any]
    ) -> dict[str, Value]:
        """A choice of all open parameters.

        It fits the budget and has an arithmetic that the study has not seen, if such a one was found; else a
        design that it has not seen; else the choice that exceeds the budget least.

        Args:
            observed: The study's other trials.
            generator: Of the random draws.
            given: Parameters that are chosen already, by name.
        """
        own = _Round(self, observed, generator, Candidates.of(self.encoding, given))
        first = [row for row in self._first if self.keys(row[None])[0] not in observed.arithmetics]
        # Others, who are choosing at this moment, take the ones before.
        if not given and len(first) > observed.undecided:
            return own.built(first[observed.undecided])
        return own.choice()

    @cached_property
    def encoding(self) -> Encoding:
        """Choices as rows."""
        return Encoding(self.space)

    @cached_property
    def features(self) -> Features:
        """Arithmetics as columns."""
        return Features.of(self.encoding)

    @cached_property
    def hearsay(self) -> Hearsay:
        """What other studies trained."""
        return Hearsay.from_json(self.heard, self.encoding)

    @cached_property
    def objectives(self) -> tuple[str, ...]:
        """All of the study."""
        return tuple(self.space.spec.study.objectives)

    @cached_property
    def known(self) -> tuple[str, ...]:
        """The objectives that the estimate tells."""
        return tuple(name for name in self.objectives if not is_outcome(name))

    @cached_property
    def trained(self) -> tuple[str, ...]:
        """The objectives that only training tells."""
        return self.space.spec.study.trained

    @cached_property
    def _first(self) -> list[Ints]:
        rows = [self.encoding.row(choice) for choice in first_choices(self.space, self.budget)]
        return [row for row in rows if row is not None]

    @cached_property
    def within_depth(self) -> Flags:
        """All parameters but the network's depth: designs of one depth are estimated together, so quickly."""
        return np.array([name not in ("layers", "repeats") for name in self.encoding.names], dtype=np.bool_)

    def evaluated(self, rows: Rows) -> Known:
        """The known objectives of choices, and by how much they exceed the budget."""
        return evaluate(rows, self.encoding, self.budget, self.known)

    def columns(self, rows: Rows) -> Floats:
        """The error model's view of choices."""
        return self.features(self.encoding.arithmetic(rows))

    def keys(self, rows: Rows) -> list[bytes]:
        """Equal for equal arithmetics."""
        return [row.tobytes() for row in self.encoding.arithmetic(rows)]

    def unseen(self, rows: Rows, observed: Observed) -> Flags:
        """Which choices have an arithmetic that the study has not seen."""
        return np.array([key not in observed.arithmetics for key in self.keys(rows)], dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class _Round:
    """The work on one proposal."""

    proposer: Proposer
    observed: Observed
    generator: np.random.Generator
    candidates: Candidates

    def choice(self) -> dict[str, Value]:
        pool = self._pool()
        known = self.proposer.evaluated(pool)
        if not known.fits.any():
            pool, known = self._descended(pool, known)
        if not known.fits.any():
            return self.proposer.encoding.choice(pool[np.argmin(known.excess)])
        new = known.fits & self.proposer.unseen(pool, self.observed)
        if not new.any():
            return self._another_build(pool[known.fits])
        pool, known = pool[new], known.part(new)
        if self._knows_enough:
            climbed = self._climbed(pool, known, self._gain, self.proposer.within_depth)
            return self._checked(*climbed, self._gain)
        return self.built(pool[self._most_unlike(pool)])

    def built(self, row: Ints) -> dict[str, Value]:
        """The arithmetic of a row that fits, built so that it needs the least of all known objectives."""
        build = ~self.proposer.encoding.arithmetic_columns
        climbed = self._climbed(row[None], self.proposer.evaluated(row[None]), self._saving, build)
        return self._checked(*climbed, self._saving)

    @cached_property
    def _knows_enough(self) -> bool:
        observed = self.observed
        return len(observed.trained) > 0 and len(observed.trained) + len(observed.running) >= _STARTUP

    def _pool(self) -> Rows:
        count = _POOL_LANES if self.proposer.budget.auto_lanes else _POOL
        return self.candidates.pool(self.generator, self.observed.trained[self._best_known], count)

    @cached_property
    def _best_known(self) -> Ints:
        """The positions of the trained designs on the front."""
        return non_dominated(self.observed.values)

    def _descended(self, pool: Rows, known: Known) -> tuple[Rows, Known]:
        """From the choices that exceed the budget least, parameter by parameter, until some fit."""
        best = np.argsort(known.excess, kind="stable")[:_CLIMBERS]
        rows, excess = pool[best], known.excess[best]
        every = np.ones(pool.shape[1], dtype=np.bool_)
        for _ in range(_DESCENTS):
            near, owners = self.candidates.neighbours(rows, every)
            if not len(near):
                break
            around = self.proposer.evaluated(near)
            if around.fits.any():
                return near, around
            following, rest = _improved(rows, -excess, near, -around.excess, owners)
            if np.array_equal(following, rows):
                break
            rows, excess = following, -rest
        return rows, self.proposer.evaluated(rows)

    def _climbed(self, pool: Rows, known: Known, merit: Merit, columns: Flags) -> tuple[Rows, Floats]:
        """Choices with their merit: the pool's, and what its best became by changing ``columns``."""
        merits = merit(pool, known)
        best = self._different(pool, np.argsort(-merits, kind="stable"), _CLIMBERS)
        rows, own = pool[best], merits[best]
        found, scores = [pool], [merits]
        for _ in range(_CLIMBS_LANES if self.proposer.budget.auto_lanes else _CLIMBS):
            near, owners = self.candidates.neighbours(rows, columns)
            if not len(near):
                break
            around = self.proposer.evaluated(near)
            allowed = around.fits & self.proposer.unseen(near, self.observed)
            near, owners, around = near[allowed], owners[allowed], around.part(allowed)
            merits = merit(near, around)
            found.append(near)
            scores.append(merits)
            following, gained = _improved(rows, own, near, merits, owners)
            moved = gained > own
            if not moved.any():
                break
            rows, own = following[moved], gained[moved]
        return np.concatenate(found), np.concatenate(scores)

    def _different(self, pool: Rows, order: Ints, count: int) -> list[int]:
        """The first few of an order whose arithmetics differ."""
        chosen: dict[bytes, int] = {}
        head = order[: 20 * count]
        for index, key in zip(head, self.proposer.keys(pool[head]), strict=True):
            chosen.setdefault(key, int(index))
        return list(chosen.values())[:count]

    def _gain(self, rows: Rows, known: Known) -> Floats:
        """Expected gain in hypervolume; where that vanishes, below 0 by how far the design is off."""
        forecasts = self._forecasts(rows)
        gain = self._front.expected_gain(forecasts, known.objectives)
        trained, others = self._references
        off = np.sum(_medians(forecasts) / trained, axis=1) + np.sum(known.objectives / others, axis=1)
        return np.where(gain > 0, gain, -off)

    def _saving(self, rows: Rows, known: Known) -> Floats:
        """How little is used, all known objectives alike."""
        saving: Floats = -np.sum(np.log(known.objectives + 1e-9), axis=1)
        return saving

    def _forecasts(self, rows: Rows) -> list[Forecast]:
        """What to expect of choices, by objective that is trained; where none is, one that is certain."""
        if not self._models:
            return [Forecast(np.full(len(rows), np.log(_CERTAIN)), np.full(len(rows), _CERTAIN))]
        columns = self.proposer.columns(rows)
        return [model.forecast(columns) for model in self._models]

    @cached_property
    def _shown(self) -> Ints:
        """The positions of the trained designs that the model sees."""
        return _most_telling(self.observed.values, _MODELLED)

    @cached_property
    def _trained_models(self) -> list[ErrorModel]:
        """The models of what came out, by objective that is trained."""
        columns = self.proposer.columns(self.observed.trained[self._shown])
        errors = self._told(self.proposer.trained)[self._shown]
        return [
            self._trained_model(name, columns, errors[:, place], self._references[0][place])
            for place, name in enumerate(self.proposer.trained)
        ]

    def _trained_model(self, name: str, columns: Floats, errors: Floats, reference: float) -> ErrorModel:
        # How bad a bad one is does not matter, and would stretch the scale of those that do.
        errors = np.minimum(errors, _HOPELESS * reference)
        features, heard = self.proposer.features, self.proposer.hearsay.part(_MODELLED - len(errors))
        if name == ERROR and len(heard):
            told = np.minimum(heard.levelled(features, columns, errors), _HOPELESS * reference)
            columns = np.concatenate([heard.columns(features), columns])
            errors = np.concatenate([told, errors])
        return fit_error_model(columns, errors, features.groups)

    @cached_property
    def _models(self) -> list[ErrorModel]:
        """The models after the trials that others have in hand came to what they expect of them."""
        if not self._trained_models or not len(self.observed.running):
            return self._trained_models
        running = self.proposer.columns(self.observed.running)
        return [model.believing(running) for model in self._trained_models]

    @cached_property
    def _front(self) -> Front:
        """What is reached, with what the running trials are expected to reach.

        Of the trained designs as the model sees them, not as they came out: a lucky training is no better
        design ("plug-in": Picheny et al., "A benchmark of kriging-based infill criteria for noisy
        optimization", Structural and Multidisciplinary Optimization 2013).
        """
        running = self.observed.running
        trained = _medians(self._forecasts(np.concatenate([self.observed.trained[self._shown], running])))
        known = self._told(self.proposer.known)[self._shown]
        known = np.concatenate([known, self.proposer.evaluated(running).objectives])
        best = non_dominated(np.hstack([trained, known]))
        reference, others = self._references
        return Front.of(
            trained[best, 0],
            np.hstack([known, trained[:, 1:]])[best],
            float(reference[0]),
            np.concatenate([others, reference[1:]]),
        )

    def _told(self, names: Sequence[str]) -> Floats:
        """What the trained designs came to in some objectives, ``(trained, names)``."""
        return self.observed.values[:, [self.proposer.objectives.index(name) for name in names]]

    @cached_property
    def _references(self) -> tuple[Floats, Floats]:
        """The reference point: of the trained objectives (1 where none is), and of the known ones.

        Every other time it lies close behind the front, which makes the front dense. Else it lies where
        designs end to fit: then a large design with a lower error than all before counts, too, however far
        it lies from the others. Without that a front of small designs keeps a search among small ones.
        """
        values, objectives = self.observed.values, self.proposer.objectives
        front = values[self._best_known]
        worst, best = front.max(axis=0), front.min(axis=0)
        extent = np.maximum(worst - best, np.abs(worst) / 3)
        point = dict(zip(objectives, worst + _MARGIN * np.where(extent > 0, extent, 1.0), strict=True))
        if (len(values) + len(self.observed.running) + self.observed.undecided) % 2 == 0:
            largest = dict(zip(objectives, values.max(axis=0), strict=True))
            for name in self.proposer.known:
                end = self.proposer.budget.most_of(name)
                point[name] = max(point[name], largest[name] if end is None else end)
        trained = [point[name] for name in self.proposer.trained] or [1.0]
        return np.array(trained), np.array([point[name] for name in self.proposer.known])

    def _most_unlike(self, pool: Rows) -> int:
        """The choice whose arithmetic lies farthest from all that were tried."""
        tried = np.concatenate([self.observed.trained, self.observed.running])
        if not len(tried):
            return 0
        own, others = self.proposer.columns(pool), self.proposer.columns(tried)
        distance = np.min(np.sum((own[:, None] - others[None]) ** 2, axis=2), axis=1)
        return int(np.argmax(distance))

    def _checked(self, rows: Rows, merits: Floats, merit: Merit) -> dict[str, Value]:
        """The best of all that the estimate of a single design confirms."""
        proposer, order = self.proposer, np.argsort(-merits, kind="stable")
        if self.observed.undecided:
            # Others, who are choosing at this moment, see the same trials and take the ones before.
            different = self._different(rows, order, self.observed.undecided + 1)
            order = np.concatenate([different[-1:], order])
        best: tuple[float, Ints] | None = None
        lanes_chosen = proposer.budget.auto_lanes
        for row in rows[order[: _CHECKED_LANES if lanes_chosen else _CHECKED]]:
            assessment = proposer.budget.propose(proposer.space.design(proposer.encoding.choice(row)))
            if not assessment.fits:
                continue
            if not lanes_chosen:
                return proposer.encoding.choice(row)
            told = [float(proposer.budget.fact(name, assessment.estimate)) for name in proposer.known]
            exact = np.array([told])
            reached = float(merit(row[None], Known(exact, np.zeros(1)))[0])
            if best is None or reached > best[0]:
                best = reached, row
        return proposer.encoding.choice(rows[order[0]] if best is None else best[1])

    def _another_build(self, rows: Rows) -> dict[str, Value]:
        """When all arithmetics are known: a design that differs in lanes or memories, if there is one."""
        proposer = self.proposer
        choices = [proposer.encoding.choice(row) for row in self.generator.permutation(rows)[:_REBUILT]]
        for choice in choices:
            assessment = proposer.budget.propose(proposer.space.design(choice))
            if assessment.fits and assessment.design.digest not in self.observed.digests:
                return choice
        return choices[0]


def _medians(forecasts: Sequence[Forecast]) -> Floats:
    """``(designs, forecasts)``."""
    return np.column_stack([one.median for one in forecasts])


def _improved(rows: Rows, own: Floats, near: Rows, merits: Floats, owners: Ints) -> tuple[Rows, Floats]:
    """Each row, or the best of its neighbours where that one is better; with their merits."""
    rows, own = rows.copy(), own.copy()
    order = np.argsort(merits, kind="stable")
    for index in order:
        owner = owners[index]
        if merits[index] > own[owner]:
            rows[owner], own[owner] = near[index], merits[index]
    return rows, own


def _most_telling(values: Floats, count: int) -> Ints:
    """Positions of the trials nearest to the front in any direction, in the order of the trials."""
    if len(values) <= count:
        return np.arange(len(values))
    ranks = np.argsort(np.argsort(values, axis=0, kind="stable"), axis=0) + 1.0
    weights = np.random.default_rng(0).dirichlet(np.ones(values.shape[1]), size=32)
    scores = np.max(weights[:, None, :] * ranks[None], axis=2)
    places = np.argsort(np.argsort(scores, axis=1, kind="stable"), axis=1).min(axis=0)
    return np.sort(np.argsort(places, kind="stable")[:count])
