"""Many small tensors in one long vector, quantised at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from quant_model.training.fake_quant import QuantizeSegments, round_half_up
from quant_model.training.tape import Tape


class Segments(nn.Module):
    """Where each tensor's values lie in a long vector, and between which integers they must stay.

    Args:
        shapes: of the tensors.
        bounds: the smallest and largest integer of each.
    """

    index: Tensor
    low: Tensor
    high: Tensor

    def __init__(self, shapes: Sequence[tuple[int, int]], bounds: Sequence[tuple[int, int]]) -> None:
        super().__init__()
        self.shapes = tuple(shapes)
        self.sizes = [rows * columns for rows, columns in shapes]
        repeats = torch.tensor(self.sizes)
        index = torch.repeat_interleave(torch.arange(len(shapes)), repeats)
        self.register_buffer("index", index, persistent=False)
        self.register_buffer("low", torch.tensor([float(b[0]) for b in bounds])[index], persistent=False)
        self.register_buffer("high", torch.tensor([float(b[1]) for b in bounds])[index], persistent=False)

    def quantize(
        self, tape: Tape, values: Tensor, scales: Tensor, gains: Tensor, dtype: torch.dtype
    ) -> list[Tensor]:
        """Gain times integer, the segments each in its own shape; scales and gains by segment."""
        quantizer = (scales, gains, self.index, self.sizes, self.low, self.high)
        return tape.split(tape.apply(QuantizeSegments, values, *quantizer).to(dtype), self.sizes, self.shapes)

    def integers(self, values: Tensor, scales: Tensor) -> Tensor:
        """The integers alone."""
        return round_half_up(values * scales[self.index], self.low, self.high)

    def split(self, values: Tensor) -> list[Tensor]:
        """The segments, each in its own shape."""
        parts = torch.split(values, self.sizes)
        return [part.view(shape) for part, shape in zip(parts, self.shapes, strict=True)]
