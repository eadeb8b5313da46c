"""Whether a space has anything left to try: small spaces come to an end before their trials do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Container, Iterator

from search.space.budget import Budget
from search.space.design_space import DesignSpace

__all__ = ["MOST_LISTED", "Remaining"]

MOST_LISTED = 4096
"""Spaces of at most so many choices are listed in full."""


class Remaining:
    """Looks for a design that fits and that nobody has tried yet, from where it last found one.

    All looks together therefore assess each design at most once.

    Args:
        space: What is chosen from.
        budget: What a design must fit.
    """

    def __init__(self, space: DesignSpace, budget: Budget) -> None:
        self._space = space
        self._budget = budget
        self._others = self._fitting()
        self._next: str | None = next(self._others, None) if self.is_listed else None

    @property
    def is_listed(self) -> bool:
        """Whether the space is small enough to be listed in full."""
        return math.prod(map(len, self._space.open.values())) <= MOST_LISTED

    def is_none(self, tried: Container[str]) -> bool:
        """True when every design that fits was tried; False, too, for a space too large to be listed.

        Args:
            tried: Digests of resolved designs; what was in it once stays in it.
        """
        while self._next is not None and self._next in tried:
            self._next = next(self._others, None)
        return self._next is None and self.is_listed

    def _fitting(self) -> Iterator[str]:
        """The digests of all resolved designs that fit."""
        seen: set[str] = set()
        for values in itertools.product(*self._space.open.values()):
            design = self._space.design(dict(zip(self._space.open, values, strict=True)))
            if design.digest in seen:
                continue
            seen.add(design.digest)
            assessment = self._budget.propose(design)
            if assessment.fits:
                yield assessment.design.digest
