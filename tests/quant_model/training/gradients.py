"""Quantisers as their definition has them, for tests of those that training uses."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

LOW, HIGH = -4, 3


def tqt_threshold_gradient(value: Tensor, gradient: Tensor) -> float:
    """Equations 6 to 8 of arXiv 1903.08066 in steps, written element by element."""
    total = 0.0
    for v, g in zip(value.flatten().tolist(), gradient.flatten().tolist(), strict=True):
        rounded = math.floor(v + 0.5)
        saturated = min(max(rounded, LOW), HIGH)
        total += g * math.log(2) * (saturated if rounded != saturated else rounded - v)
    return total


def applied(function: type[Function], *arguments: Any) -> Tensor:
    result: Tensor = function.apply(*arguments)  # type: ignore[no-untyped-call]
    return result


def clamped(value: Tensor) -> Tensor:
    """Rounded and saturated by autograd's own functions, gradients straight through."""
    rounded = value + (torch.floor(value + 0.5) - value).detach()
    return torch.clamp(rounded, LOW, HIGH)
