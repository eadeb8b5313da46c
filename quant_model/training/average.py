"""A running average of a model's parameters, tried beside the parameters themselves after every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

_DECAY = 8
"""Order of the decay: the average reaches over about the last ninth of all steps so far, however many."""


class Average:
    """Polynomial-decay average of a model's parameters.

    Of Shamir and Zhang, "Stochastic Gradient Descent for Non-smooth Optimization: Convergence Results and
    Optimal Averaging Schemes", ICML 2013 (arXiv 1212.1824), section 4. Weights near the border between two
    integers, and thresholds near a power of two, go to and fro until the end; their averages do not.

    Args:
        model: its parameters are averaged, in the memory that they have now.
    """

    def __init__(self, model: nn.Module) -> None:
        self._parameters = list(model.parameters())
        self._values = [parameter.detach().clone() for parameter in self._parameters]
        self._steps = 0

    def update(self) -> None:
        """Take the parameters after another step into account."""
        self._steps += 1
        weight = (_DECAY + 1) / (self._steps + _DECAY)
        with torch.no_grad():
            for value, parameter in zip(self._values, self._parameters, strict=True):
                value.lerp_(parameter, weight)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model has the averages instead of its parameters."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def state(self) -> dict[str, Any]:
        """All that going on needs: the number of steps, and the averages."""
        return {"steps": self._steps, "values": self._values}

    def load(self, state: dict[str, Any]) -> None:
        """Go on from what :meth:`state` returned."""
        self._steps = state["steps"]
        for own, value in zip(self._values, state["values"], strict=True):
            own.copy_(value)

    def _swap(self) -> None:
        with torch.no_grad():
            for value, parameter in zip(self._values, self._parameters, strict=True):
                kept = parameter.clone()
                parameter.copy_(value)
                value.copy_(kept)
