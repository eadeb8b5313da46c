"""Residual additions: a branch's full accumulator plus the waiting stream, requantised once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quant_model.design import Engine
from quant_model.formats import Format, IntArray, requantize
from quant_model.node import Parameters


@dataclass(frozen=True)
class Residual:
    """Adds branch and stream on the finer of their two scales, then rounds and saturates once."""

    name: str
    branch: str
    stream: str
    rows: int
    columns: int
    branch_format: Format
    branch_bound: int
    """The branch's largest absolute sum of products: its bias adder has room for a rounding constant."""
    stream_format: Format
    output: Format
    engine: Engine

    @property
    def kind(self) -> Literal["residual"]:
        """Engine kind."""
        return "residual"

    @property
    def sources(self) -> tuple[str, ...]:
        """Branch and stream."""
        return (self.branch, self.stream)

    @property
    def macs(self) -> int:
        """A residual multiplies nothing."""
        return 0

    @property
    def stream_shift_range(self) -> range:
        """How much coarser than the branch the stream may be (negative: finer), in bits.

        Bounded so that the sum's width is bounded: at most the stream's bits finer, and at most one bit
        more range than the branch can fill.
        """
        slack = max(self.branch_format.bits - self.stream_format.bits, 0) + 1
        return range(-self.stream_format.bits, slack + 1)

    def shifts(self, parameters: Parameters, sources: tuple[int, ...]) -> tuple[int, int, int]:
        """``(branch, stream, out)``: left shifts of the operands and the right shift of their sum."""
        finer = min(sources)
        return sources[0] - finer, sources[1] - finer, self.exponent(parameters, sources) - finer

    def max_shift(self, branch: int, stream: int) -> int:
        """The largest right shift of the sum, given the left shifts of the operands.

        The rounding constant costs no adder: it takes the place of low zero bits of the operand that is
        shifted left, or else is part of the branch's bias, where ``branch_bound`` limits it.
        """
        return max(stream, branch + self.branch_bound.bit_length())

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """The trained exponent of the new stream."""
        return parameters.exponents[self.name]

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """``(batch, rows, columns)`` twice to the same shape."""
        branch, stream, out = self.shifts(parameters, exponents)
        return requantize((sources[0] << branch) + (sources[1] << stream), out, self.output)
