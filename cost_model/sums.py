"""Widths of sums and products: the closed forms of ``quant_model``, on single numbers or on arrays.

They are here once more because the network's nodes hold single numbers only; a test compares both.
"""

from __future__ import annotations

from cost_model.arithmetic import Number, bit_length, pick, remembered
from quant_model.linear import BIAS_RANGE

__all__ = ["context_widths", "dot_widths", "linear_widths", "pooled_width"]


@remembered
def linear_widths(
    inputs: Number, x_bits: Number, x_signed: Number, w_bits: Number
) -> tuple[Number, Number, Number]:
    """``(bound, accumulator bits, total bits)``: largest sum of products, bits of a lane, bits with bias."""
    bound = inputs * _magnitude(x_bits, x_signed) * _magnitude(w_bits, True)
    return bound, bit_length(bound) + 1, bit_length((BIAS_RANGE + 2) * bound) + 1


@remembered
def dot_widths(d_head: Number, query_bits: Number, key_bits: Number) -> tuple[Number, Number]:
    """``(bound, accumulator bits)`` of a query's products with a key."""
    bound = d_head * _magnitude(query_bits, True) * _magnitude(key_bits, True)
    return bound, bit_length(bound) + 1


@remembered
def context_widths(rows: Number, probability_bits: Number, value_bits: Number) -> tuple[Number, Number]:
    """``(accumulator bits, denominator bits)`` of the weighted sum of values."""
    denominator = rows * ((1 << probability_bits) - 1)
    return bit_length(denominator * _magnitude(value_bits, True)) + 1, bit_length(denominator)


@remembered
def pooled_width(rows: Number, bits: Number) -> Number:
    """Bits of a sum over a window with its rounding constant."""
    return bit_length(2 * rows * _magnitude(bits, True)) + 1


def _magnitude(bits: Number, signed: Number) -> Number:
    return pick(signed, 1 << (bits - 1), (1 << bits) - 1)
