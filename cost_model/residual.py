"""Components of a residual addition."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import entities
from cost_model.arithmetic import at_least
from cost_model.component import Usage
from cost_model.expected import residual_bits, residual_filled_bits
from quant_model.linear import Linear
from quant_model.residual import Residual


def filled_output(node: Residual, branch: Linear) -> float:
    """Bits of the sum's format that are not constant."""
    return float(
        residual_filled_bits(node.branch_bound, branch.in_features, node.stream_format.bits, node.output.bits)
    )


def usages(node: Residual, branch: Linear, rows: int) -> Iterator[tuple[str, Usage]]:
    """The waiting stream's store and the adder.

    Args:
        node: the addition.
        branch: the engine whose sums it takes.
        rows: rows that wait.
    """
    branch_low, stream_low, kept = residual_bits(
        node.branch_bound, branch.in_features, node.stream_format.bits, node.output.bits
    )
    yield "buffer", entities.row_buffer("residual_buffer", node.columns, rows)
    bits, block = node.stream_format.bits, node.engine.buffer == "block"
    yield "ram", entities.ram(node.columns * rows, bits, block, at_least(bits - stream_low, 1))
    branch_bits = at_least(node.branch_format.bits - branch_low, 1)
    yield "adder", entities.residual_adder(node.columns, branch_bits, kept, filled_output(node, branch))
