"""Small spaces are listed to their end, large ones never."""

from __future__ import annotations

import itertools

from search.space.budget import Budget
from search.space.design_space import DesignSpace
from search.space.remaining import Remaining
from tests.search.sampling.asking import spec_of
from tests.search.sampling.test_samplers import HALF_FITS, SMALL, UNIFORM


def designs(text: str) -> tuple[DesignSpace, Budget]:
    spec = spec_of(text)
    return DesignSpace(spec), Budget.of(spec)


def test_nothing_is_left_once_all_that_fit_were_tried() -> None:
    space, budget = designs(SMALL)
    remaining, tried = Remaining(space, budget), set[str]()
    for weights in (6, 4):
        for lanes in (2, 1):
            assert not remaining.is_none(tried)
            tried.add(budget.propose(space.design({"weight_bits": weights, "lanes": lanes})).design.digest)
    assert len(tried) == 4
    assert remaining.is_none(tried)
    assert Remaining(space, budget).is_none(tried)


def test_what_does_not_fit_is_not_waited_for() -> None:
    space, budget = designs(HALF_FITS)
    every = [budget.propose(space.design(choice)) for choice in _choices(space)]
    fitting = {one.design.digest for one in every if one.fits}
    assert 0 < len(fitting) < len({one.design.digest for one in every})
    assert Remaining(space, budget).is_none(fitting)
    assert not Remaining(space, budget).is_none(fitting - {next(iter(fitting))})


def test_a_space_in_which_nothing_fits_has_nothing() -> None:
    assert Remaining(*designs(SMALL.replace('name = "xc7s15"', 'name = "xc7s15"\nlimit = 0.001'))).is_none(())


def test_nobody_knows_what_a_large_space_still_holds() -> None:
    space, budget = designs(UNIFORM.replace('granularity = "uniform"', ""))
    remaining = Remaining(space, budget)
    assert not remaining.is_listed
    assert not remaining.is_none(set())


def _choices(space: DesignSpace) -> list[dict[str, object]]:
    return [dict(zip(space.open, values, strict=True)) for values in itertools.product(*space.open.values())]
