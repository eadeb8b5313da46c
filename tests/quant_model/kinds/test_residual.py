"""Residual additions: room for the rounding constant."""

from __future__ import annotations

from hypothesis import given, settings

from quant_model.design import DesignPoint
from quant_model.kinds.residual import Residual
from tests.quant_model.kinds.samples import nodes
from tests.quant_model.strategies import designs


@given(designs())
@settings(max_examples=30)
def test_a_residual_has_room_for_its_rounding_constant(design: DesignPoint) -> None:
    """In the zero bits below a shifted stream, or in the branch's bias adder."""
    for node in nodes(design, Residual):
        for difference in node.stream_shift_range:
            branch, stream = max(-difference, 0), max(difference, 0)
            half = 1 << (node.max_shift(branch, stream) - 1) if node.max_shift(branch, stream) else 0
            assert half < 1 << stream or half <= node.branch_bound << branch
