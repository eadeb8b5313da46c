"""Integer number formats and the one rounding rule of the project.

A tensor holds integers; its real value is ``integer * 2**exponent``. Every rescale is a shift, so no
multiplier is needed and float32 represents each value exactly (power-of-two scales: Jain et al.,
"Trained Quantization Thresholds", arXiv 1903.08066).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.arithmetic import Number, bit_length

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Format:
    """A two's-complement (or unsigned) integer format of ``bits`` bits (or of many designs' bits)."""

    bits: Number
    signed: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.bits, int) and self.bits < 1:
            raise ValueError(f"a format needs at least one bit, not {self.bits}")

    @property
    def low(self) -> Number:
        """The smallest integer that the format holds."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> Number:
        """The largest integer that the format holds."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    @property
    def magnitude(self) -> Number:
        """The largest absolute value that the format holds."""
        return 1 << (self.bits - 1) if self.signed else (1 << self.bits) - 1


def symmetric(bound: Number) -> Format:
    """The narrowest two's-complement format that holds ``-bound .. bound``, for ``bound >= 1``."""
    return Format(bit_length(bound) + 1)


def ceil_log2(value: int) -> int:
    """The smallest ``k`` with ``2**k >= value``, for ``value >= 1``."""
    return (value - 1).bit_length()


def round_shift(value: IntArray, shift: int) -> IntArray:
    """``value * 2**-shift`` rounded half up: the project's only rounding rule.

    A negative ``shift`` multiplies and is exact. Hardware adds ``2**(shift-1)`` and drops ``shift`` bits.
    """
    if shift <= 0:
        return value << -shift
    return (value + (1 << (shift - 1))) >> shift


def saturate(value: IntArray, target: Format) -> IntArray:
    """Clamp to the range of ``target``: the only place where information above the range is lost."""
    return np.clip(value, target.low, target.high)


def turned(value: IntArray, bits: int) -> IntArray:
    """What turning the highest of so many bits, the sign, adds to a number."""
    return np.where(value < 0, 1, -1) << (bits - 1)


def requantize(value: IntArray, shift: int, target: Format) -> IntArray:
    """Round by a shift, then saturate: what every layer's output stage does."""
    return saturate(round_shift(value, shift), target)
