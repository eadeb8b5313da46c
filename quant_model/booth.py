"""Multipliers in LUTs: radix-4 Booth rows, one for every two bits of the factor that is encoded.

The functions of the same names in ``hdl/vhdl/arithmetic.vhd`` decide alike; numbers or arrays.
"""

from __future__ import annotations

from typing import NamedTuple

from quant_model.arithmetic import Number, ceil_div, pick
from quant_model.pipeline import PIPELINE

__all__ = ["Booth", "booth"]


_MOST_LUTS = 1000
"""More than any multiplier has."""


class Booth(NamedTuple):
    """How the product of two factors is made."""

    encoded: Number
    """Bits of the factor whose pairs of bits choose the rows."""
    addend: Number
    """Bits of the other one, with a sign."""
    x_encoded: Number
    """Whether it is x that is encoded."""

    @property
    def rows(self) -> Number:
        """Rows with a carry chain each; the lowest bit of an odd number is a row without."""
        return self.encoded // 2

    @property
    def odd(self) -> Number:
        """1 where the lowest bit of the encoded factor is a row of its own."""
        return self.encoded % 2

    @property
    def folded(self) -> Number:
        """Whether the only row goes straight into the accumulator."""
        return self.encoded == 2

    @property
    def stages(self) -> Number:
        """Registers from the factors to the product."""
        return pick(self.folded, 0, ceil_div(self.rows, PIPELINE.rows_per_stage))


def booth(x_bits: Number, x_unsigned: Number, w_bits: Number) -> Booth:
    """How x and a signed w are multiplied.

    w is encoded, unless x takes fewer carry chains (of as many, fewer LUTs, then fewer rows), has a sign, and
    rows for two stages at most. Chains, of which a slice has one for its four LUTs, are what a device is
    filled by. A row has a chain for each four bits of its sum and one more, unless it is folded into the
    accumulator's, and a LUT for each bit of its sum. The lowest bit of an odd number is a row of LUTs without
    chains, one for each bit of the addend.
    """
    x_cost, w_cost = _cost(x_bits, w_bits), _cost(w_bits, x_bits)
    cheaper = (x_cost < w_cost) | ((x_cost == w_cost) & (x_bits < w_bits))
    unsigned = x_unsigned != 0
    two_stages = (x_bits > 1) & (x_bits // 2 <= 2 * PIPELINE.rows_per_stage)
    x_encoded = cheaper & two_stages & (unsigned ^ True)
    encoded = pick(x_encoded, x_bits, w_bits)
    return Booth(encoded, x_bits + w_bits - encoded + pick(unsigned, 1, 0), x_encoded)


def _cost(encoded: Number, addend: Number) -> Number:
    """Carry chains first, then LUTs."""
    chains = pick(encoded == 2, 0, encoded // 2 * ceil_div(addend + 2, 4))
    return chains * _MOST_LUTS + encoded // 2 * (addend + 1) + encoded % 2 * addend
