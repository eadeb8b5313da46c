"""Components of a residual addition."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from cost_model.component import Part
from cost_model.expected import residual_bits, residual_filled_bits
from cost_model.kinds import purposes
from cost_model.kinds.kind import Cost, Of
from cost_model.kinds.linear import last_row_parts
from quant_model.arithmetic import Number, at_least
from quant_model.kinds.linear import Linear
from quant_model.kinds.residual import Residual

__all__ = ["COST"]


def _fan_in(node: Residual, of: Of) -> Number:
    """Products in a sum of the branch."""
    return cast(Linear, of.graph.by_name[node.branch]).in_features


def _bits(node: Residual, of: Of) -> tuple[Number, Number, Number]:
    return residual_bits(node.branch_bound, _fan_in(node, of), node.stream_format.bits, node.output.bits)


def unused(node: Residual, of: Of) -> Number:
    """Low bits of the branch that the sum does not depend on."""
    return _bits(node, of)[0]


def filled(node: Residual, of: Of) -> Number:
    """Bits of the sum's format that are not constant."""
    stream, out = node.stream_format.bits, node.output.bits
    return residual_filled_bits(node.branch_bound, _fan_in(node, of), stream, out)


def parts(node: Residual, of: Of) -> Iterator[Part]:
    """The waiting stream's store and the adder."""
    entities, rows = of.entities, of.rows(node)
    branch_low, stream_low, kept = _bits(node, of)
    buffer = entities.row_buffer("residual_buffer", node.columns, rows)
    yield Part("buffer", buffer, purposes.BUFFERS, "buffer")
    yield from last_row_parts(node.last_of, node.columns, of)
    stream = node.stream_format.bits
    waiting = at_least(stream - stream_low, 1)
    ram = entities.ram(node.columns * rows, stream, node.engine.buffer_in_block, waiting)
    yield Part("ram", ram, purposes.BUFFERS, "adder", "buffer.ram")
    branch = at_least(node.branch_format.bits - branch_low, 1)
    adder = entities.residual_adder(node.columns, branch, kept, filled(node, of))
    yield Part("adder", adder, purposes.RESIDUALS, "adder")


COST = Cost(parts, filled, unused)
