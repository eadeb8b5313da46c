"""Residual additions in training: the branch's products, the stream and the rounding are one function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from quant_model.kinds.residual import Residual
from quant_model.training.exponents import Draft, Reach, Scales, clamped, reachable
from quant_model.training.folded import FoldedLinear
from quant_model.training.kinds.linear import LinearRequantize, Newest, Unrounded
from quant_model.training.node import Pass, TrainedNode


class TrainedResidual(TrainedNode[Residual]):
    """A branch added to the stream; at the end of a repeated part its scale is given, that of the entry."""

    @property
    def scale(self) -> str:
        """Its own."""
        return self.node.name

    @property
    def gain(self) -> tuple[str, ...]:
        """A step of the stream."""
        return (self.node.stream,)

    @property
    def absorbs(self) -> str:
        """The branch."""
        return self.node.branch

    def exponent(self, draft: Draft, limits: Sequence[Reach]) -> int:
        """What the sum can be shifted to."""
        node = self.node
        branch, stream = draft.found[node.branch], draft.found[node.stream]
        finer = min(branch, stream)
        reach = reachable(finer, node.output, node.max_shift(branch - finer, stream - finer))
        return clamped(draft.wanted[node.name], (reach, *limits))

    def reach(self, source: str, found: Mapping[str, int]) -> Reach | None:
        """The branch within reach of the stream, and at the end of a loop both of the entry's scale."""
        node, differences = self.node, self.node.stream_shift_range
        entry = self.graph.loops.get(node.name)
        if entry is not None and source == entry.name:
            return None  # the stream's scale is the sum's
        given = found[entry.name] if entry is not None else 0
        finest, coarsest = given - node.branch_bound.bit_length(), given + node.output.bits
        if source == node.branch:
            stream = found[node.stream]
            low, high = stream - differences[-1], stream - differences[0]
            if entry is not None and stream < given:
                low = max(low, finest)
            if entry is not None and stream > coarsest:
                high = coarsest
            return low, high
        return None if entry is None else (finest + differences[0], coarsest + differences[-1])

    def significand(self, scales: Scales) -> int:
        """The sum and its rounding constant, in the finest of their steps."""
        node, exponents = self.node, scales.tensors
        branch, stream, half = exponents[node.branch], exponents[node.stream], exponents[node.name] - 1
        finest = min(branch, stream, half)
        bound = node.branch_format.magnitude << (branch - finest)
        return int(bound + (node.stream_format.magnitude << (stream - finest)) + (1 << (half - finest)))

    def step(self, run: Pass, *sources: Unrounded | Tensor) -> Tensor:
        """The branch comes unrounded."""
        branch, stream = sources
        assert isinstance(branch, Unrounded)
        assert isinstance(stream, Tensor)
        if stream.shape[1] != branch.rows.shape[1]:
            stream = run.tape.apply(Newest, stream, branch.rows.shape[1])
        bounds = self.node.output.low, self.node.output.high
        gain = run.gains[self.node.name]
        return run.tape.apply(
            LinearRequantize, branch.rows, branch.weight, branch.bias, *bounds, stream, gain
        )

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """The sum."""
        branch, stream = sources
        return stream[:, -branch.shape[1] :] + branch
