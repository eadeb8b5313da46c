"""First exponents: the power of two that represents a tensor with the least squared error."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from quant_model.formats import Format

_SEARCH = 6
"""Exponents tried below the one that saturates nothing; two-bit formats like to saturate most."""
_SAMPLES = 32768
"""Elements that are looked at, evenly spaced."""


def best_exponent(values: Tensor, target: Format) -> int:
    """Exponent with the least mean squared error of ``values``, in the project's rounding.

    Args:
        values: real values, any shape.
        target: the format that is to hold them.
    """
    flat = values.detach().reshape(-1).double()
    flat = flat[:: max(len(flat) // _SAMPLES, 1)]
    largest = float(flat.abs().max())
    if largest == 0:
        return 0
    top = math.ceil(math.log2(largest / max(target.high, 1)))
    candidates = range(top, top - _SEARCH, -1)
    return min(candidates, key=lambda exponent: _squared_error(flat, exponent, target))


def _squared_error(values: Tensor, exponent: int, target: Format) -> float:
    step = 2.0**exponent
    rounded = torch.floor(values / step + 0.5).clamp_(target.low, target.high) * step
    return float(torch.mean((rounded - values) ** 2))
