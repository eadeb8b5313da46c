"""Residual additions: a branch's full accumulator plus the waiting stream, requantised once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from quant_model.arithmetic import Number, bit_length
from quant_model.engine import Engine
from quant_model.formats import Format, IntArray, requantize
from quant_model.node import Edge, Kind, Parameters, check_shift
from quant_model.pipeline import PIPELINE

if TYPE_CHECKING:
    from quant_model.random_model import Draw


@dataclass(frozen=True)
class Residual(Kind):
    """Adds branch and stream on the finer of their two scales, then rounds and saturates once."""

    name: str
    branch: str
    stream: str
    rows: Number
    columns: Number
    branch_format: Format
    branch_bound: Number
    """The branch's largest absolute sum of products: its bias adder has room for a rounding constant."""
    stream_format: Format
    output: Format
    engine: Engine
    last_of: Number | None = None
    """Rows of a window of the stream of which the last waits; None for all."""

    kind: ClassVar[str] = "residual"
    delay: ClassVar[int] = PIPELINE.residual

    @property
    def inputs(self) -> tuple[Edge, ...]:
        """The branch's rows as they come, the stream's when they are wanted."""
        return Edge(self.branch, "direct"), Edge(self.stream, "wait", self.last_of)

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
        return max(stream, branch + int(bit_length(self.branch_bound)))

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """The trained exponent of the new stream."""
        return parameters.exponents[self.name]

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """``(batch, rows, columns)`` of the branch and the stream, whose newest rows are the branch's."""
        branch, stream, out = self.shifts(parameters, exponents)
        waiting = sources[1][:, -sources[0].shape[1] :]
        return requantize((sources[0] << branch) + (waiting << stream), out, self.output)

    def check(self, parameters: Parameters, exponents: Mapping[str, int]) -> None:
        """Both operands within reach of each other and of the sum."""
        sources = exponents[self.branch], exponents[self.stream]
        difference = sources[1] - sources[0]
        if difference not in self.stream_shift_range:
            raise ValueError(f"{self.name}: stream and branch scales are 2**{difference} apart")
        branch, stream, out = self.shifts(parameters, sources)
        check_shift(self.name, self.output, out, self.max_shift(branch, stream))

    def draw(self, draw: Draw) -> None:
        """The branch's weights take the difference between the two scales."""
        branch, stream = (draw.typical_bits(draw.tensors[name]) for name in self.sources)
        wanted = branch - stream + int(draw.rng.integers(-2, 3))
        for difference in sorted(self.stream_shift_range, key=lambda d: (abs(d - wanted), d)):
            exponent = draw.found[self.stream] - difference
            left = (max(-difference, 0), max(difference, 0))
            given = draw.given_exponent(self.name)
            if given is not None:
                shift = given - min(exponent, draw.found[self.stream])
            else:
                own, waiting = (draw.tensors[name] for name in self.sources)
                total = (own << left[0]) + (waiting[:, -own.shape[1] :] << left[1])
                shift = draw.shift(total, self.output.bits, self.max_shift(*left))
            if -self.output.bits <= shift <= self.max_shift(*left):
                break
        else:
            raise ValueError(f"{self.name}: no scale of the branch suits the repeated stream")
        draw.scale_weights(self.branch, exponent - draw.found[self.branch])
        draw.exponents[self.name] = min(exponent, draw.found[self.stream]) + shift
