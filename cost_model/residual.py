"""Components of a residual addition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cost_model import entities
from cost_model.arithmetic import Number, at_least
from cost_model.component import Usage
from cost_model.expected import residual_bits, residual_filled_bits
from cost_model.sums import linear_widths
from quant_model.linear import Linear
from quant_model.residual import Residual

__all__ = ["ResidualShape", "filled_output", "shape", "usages"]


@dataclass(frozen=True, slots=True)
class ResidualShape:
    """What a residual addition's cost depends on: numbers, or arrays over many designs."""

    columns: Number
    inputs: Number
    """Of the branch, as its other numbers."""
    x_bits: Number
    x_signed: bool
    w_bits: Number
    stream_bits: Number
    out_bits: Number
    rows: Number
    """Rows that wait."""
    buffer_block: Number


def shape(node: Residual, branch: Linear, rows: int) -> ResidualShape:
    """The shape of a network's node, given the engine whose sums it takes and the rows that wait."""
    return ResidualShape(
        columns=node.columns,
        inputs=branch.in_features,
        x_bits=branch.input.bits,
        x_signed=branch.input.signed,
        w_bits=branch.weight.bits,
        stream_bits=node.stream_format.bits,
        out_bits=node.output.bits,
        rows=rows,
        buffer_block=node.engine.buffer == "block",
    )


def filled_output(own: ResidualShape) -> Number:
    """Bits of the sum's format that are not constant."""
    bound, _, _ = linear_widths(own.inputs, own.x_bits, own.x_signed, own.w_bits)
    return residual_filled_bits(bound, own.inputs, own.stream_bits, own.out_bits)


def usages(own: ResidualShape) -> Iterator[tuple[str, Usage]]:
    """The waiting stream's store and the adder."""
    bound, _, total = linear_widths(own.inputs, own.x_bits, own.x_signed, own.w_bits)
    branch_low, stream_low, kept = residual_bits(bound, own.inputs, own.stream_bits, own.out_bits)
    yield "buffer", entities.row_buffer("residual_buffer", own.columns, own.rows)
    waiting = at_least(own.stream_bits - stream_low, 1)
    yield "ram", entities.ram(own.columns * own.rows, own.stream_bits, own.buffer_block, waiting)
    branch = at_least(total - branch_low, 1)
    yield "adder", entities.residual_adder(own.columns, branch, kept, filled_output(own))
