"""Functions applied one after the other and taken back in reverse, without autograd in between.

Small networks spend much of a step in autograd's bookkeeping: a node for every slice of the parameters, a
call through C++ for every function. A tape calls the same functions directly; to autograd it is one function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.autograd.function import FunctionCtx


class _Split(Function):
    """Marks a splitting on the tape, which does it itself."""


class _RunContext(FunctionCtx):
    tape: Tape
    parameters: tuple[Tensor, ...]


class _Saved:
    """Stands in for autograd's context."""

    saved_tensors: tuple[Tensor, ...]
    needs_input_grad: tuple[bool, ...]
    owns_gradient = True
    """Gradients are made by functions on the tape, and looked at once: backward may write into them."""

    def save_for_backward(self, *tensors: Tensor) -> None:
        self.saved_tensors = tensors


class Tape:
    """What was applied, in order.

    Args:
        parameters: the tensors whose gradients are wanted.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._steps: list[tuple[type[Function], _Saved, tuple[Any, ...], Tensor]] = []
        # Tensors are told apart by identity; the steps keep them alive, so that identities stay theirs.
        self._wanted = {id(parameter) for parameter in parameters}

    def apply(self, function: type[Function], *arguments: Any) -> Tensor:
        """The function's result."""
        saved = _Saved()
        saved.needs_input_grad = tuple(id(argument) in self._wanted for argument in arguments)
        result: Tensor = function.forward(saved, *arguments)
        self._wanted.add(id(result))
        self._steps.append((function, saved, arguments, result))
        return result

    def split(self, values: Tensor, sizes: list[int], shapes: Sequence[tuple[int, ...]]) -> list[Tensor]:
        """Parts of a vector, each in its shape."""
        pieces = torch.split(values, sizes)
        parts = [piece.view(shape) for piece, shape in zip(pieces, shapes, strict=True)]
        self._steps.append((_Split, _Saved(), (values, *parts), values))
        self._wanted.update(map(id, parts))
        return parts

    def gradients(self, gradient: Tensor, parameters: Sequence[Tensor]) -> list[Tensor | None]:
        """Of the parameters, given that of the last result."""
        found = {id(self._steps[-1][3]): gradient}
        for function, saved, arguments, result in reversed(self._steps):
            if function is _Split:
                whole, *parts = arguments
                _add(found, whole, torch.cat([_of(found, part).reshape(-1) for part in parts]))
                continue
            own = found.pop(id(result), None)
            if own is None:
                continue
            for argument, part in zip(arguments, function.backward(saved, own), strict=False):
                if part is not None and id(argument) in self._wanted:
                    _add(found, argument, part)
        return [found.get(id(parameter)) for parameter in parameters]


class _Run(Function):
    @staticmethod
    def forward(ctx: _RunContext, run: Callable[[Tape], Tensor], *parameters: Tensor) -> Tensor:
        ctx.tape, ctx.parameters = Tape(parameters), parameters
        # Not the tape's own tensor: that would hold the tape, which holds it, until Python looks for cycles.
        return run(ctx.tape).detach()

    @staticmethod
    def backward(ctx: _RunContext, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return None, *ctx.tape.gradients(gradient, ctx.parameters)


def recorded(run: Callable[[Tape], Tensor], *parameters: Tensor) -> Tensor:
    """What ``run`` returns, as one function of the parameters for autograd; they get their gradients once.

    Args:
        run: applies functions on the tape that it is given, the last one for its result.
        parameters: the tensors whose gradients are wanted.
    """
    result: Tensor = _Run.apply(run, *parameters)  # type: ignore[no-untyped-call]
    return result


def _of(found: dict[int, Tensor], part: Tensor) -> Tensor:
    own = found.pop(id(part), None)
    return torch.zeros_like(part) if own is None else own


def _add(found: dict[int, Tensor], argument: Tensor, part: Tensor) -> None:
    before = found.get(id(argument))
    if before is None:
        found[id(argument)] = part
    elif before.is_contiguous():
        before.add_(part)  # its own by now: no function looks at what it returned
    else:
        found[id(argument)] = before + part
