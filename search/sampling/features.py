"""Arithmetics as the error model sees them: columns between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.sampling.encoding import Encoding, Ints
from search.space.design_space import DesignSpace

__all__ = ["Features"]

Floats = npt.NDArray[np.float64]
_NONE = 0.5
"""What a shape's number of 0 counts as, on a scale of logarithms: as far below 1 as 2 is above."""


@dataclass(frozen=True)
class Features:
    """Columns of :meth:`Encoding.arithmetic`, scaled; those that the space leaves no choice of are dropped.

    Shapes by their logarithm, a number that the family does not have as the smallest. Bits b by 2**-b, the
    step of a quantiser of fixed range: 1 for the fewest bits that the space offers, 0 for the most, and 0 for
    a tensor that the network does not have.
    """

    low: Floats
    """Of each column after the transformation, ``(columns,)``."""
    span: Floats
    """0 where the space leaves no choice."""
    shapes: int
    """Columns, the first ones, that are the shape's."""
    groups: Floats
    """``(open columns, 3)``: means over weights, over the residual stream with input and pool, over the other
    tensors."""

    @classmethod
    def of(cls, encoding: Encoding) -> Features:
        """The scale of a space."""
        lows, spans = [], []
        space = encoding.space
        for name in encoding.arithmetic_names:
            own = space.parameters[space.parameter_of.get(name, name)]
            places = range(1, len(own) + 1)
            values = np.array(places if isinstance(own[0], str) else own, dtype=np.float64)
            if name in space.snapped:
                values = np.append(values, 1.0)
            moved = np.log2(np.maximum(values, _NONE)) if name in space.shape_parameters else 2.0**-values
            lows.append(moved.min())
            spans.append(np.ptp(moved))
        names = [name for name, span in zip(encoding.arithmetic_names, spans, strict=True) if span > 0]
        kinds = [_kind(name, space) for name in names]
        groups = np.array([[kind == group for group in range(3)] for kind in kinds], dtype=np.float64)
        groups = groups.reshape(len(names), 3) if names else np.zeros((1, 3))
        shapes = len(space.shape_parameters)
        return cls(np.array(lows), np.array(spans), shapes, groups / np.maximum(groups.sum(axis=0), 1.0))

    def __call__(self, arithmetic: Ints) -> Floats:
        """The columns, ``(rows, open columns)``; a single column of zeros when nothing is open."""
        shapes = self.shapes
        table = arithmetic.astype(np.float64)
        moved = np.empty_like(table)
        moved[:, :shapes] = np.log2(np.maximum(table[:, :shapes], _NONE))
        moved[:, shapes:] = np.where(table[:, shapes:] > 0, 2.0 ** -table[:, shapes:], 0.0)
        scaled = (np.maximum(moved, self.low) - self.low)[:, self.span > 0] / self.span[self.span > 0]
        return scaled if scaled.shape[1] else np.zeros((len(table), 1))


def _kind(column: str, space: DesignSpace) -> int | None:
    """Weights, tensors that all others pass through, other tensors; ``None`` for shapes."""
    if column.endswith(".weight_bits"):
        return 0
    if column.endswith(".activation_bits"):
        return 1 if space.is_passed_through(column) else 2
    return None
