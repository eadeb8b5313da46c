"""What training asks a node: the protocol of a kind here.

A kind inherits :class:`TrainedNode` and is registered in :mod:`quant_model.training.kinds`. It is bound to
one node of a graph; of a shape's graph, which has no formats, :meth:`TrainedNode.real` alone is of use.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import torch
from torch import Tensor

from quant_model.graph import Graph
from quant_model.node import Node
from quant_model.training.exponents import Draft, Reach, Scales
from quant_model.training.folded import FoldedLinear
from quant_model.training.tape import Tape

N = TypeVar("N", bound=Node)


@dataclass(frozen=True)
class Pass:
    """What a node's step has to do with, besides its sources."""

    tape: Tape
    linears: Mapping[str, tuple[Tensor, Tensor]]
    """By node with weights: quantised weights and biases in steps of the tensor that they help to make."""
    biases: Mapping[str, Tensor]
    """By node with biases and no weights: its quantised biases, in steps of its output."""
    gains: Mapping[str, Tensor]
    """By node that has one: see :attr:`TrainedNode.gain`."""
    scales: Scales
    dtype: torch.dtype
    """Of the arithmetic: float32, or float64 where that is not exact."""


class TrainedNode(ABC, Generic[N]):
    """A node as training sees it.

    Args:
        node: the node.
        graph: where it stands.
    """

    pads: ClassVar[bool] = False
    """Whether zeros stand beside the source's integers, so that the integer zero must mean the value zero."""

    def __init__(self, node: N, graph: Graph) -> None:
        self.node, self.graph = node, graph

    @property
    def scale(self) -> str | None:
        """The tensor whose trained scale the output has: itself or a source; None where formats decide."""
        return None

    @property
    def gain(self) -> Sequence[str]:
        """The sources whose steps, multiplied, :meth:`step` wants to know in steps of the output; none."""
        return ()

    @property
    def absorbs(self) -> str | None:
        """The source that does not round, so that this node takes in its weights in steps of the output."""
        return None

    def exponent(self, draft: Draft, limits: Sequence[Reach]) -> int:
        """The output's exponent; a kind with weights may change theirs in the draft.

        An exponent that is out of bounds goes to the nearest bound.

        Args:
            draft: exponents so far.
            limits: what the readers can work with, each.
        """
        assert self.scale is not None
        return draft.found[self.scale]

    def reach(self, source: str, found: Mapping[str, int]) -> Reach | None:
        """The exponents of a source that this node can work with, given those so far; None for all."""
        return None

    def significand(self, scales: Scales) -> int:
        """A bound on every intermediate result, counted in the finest step that it may have.

        Sums count as if all their terms had one sign, so that no order of summation can exceed it.
        """
        return 1

    @abstractmethod
    def step(self, run: Pass, *sources: Any) -> Any:
        """The output's integers, as floats, by functions on the tape.

        In evaluation they equal the golden model's. What is passed on unrounded may be any object that the
        reader, which then :attr:`absorbs` it or knows it, makes integers of.

        Args:
            run: tape, weights, gains.
            sources: integers ``(batch, rows, columns)``; ``(batch, columns)`` behind a node that reduces.
        """

    @abstractmethod
    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        """The output in real units, of a network without quantisation.

        Args:
            linears: the folded layers, by node.
            sources: ``(batch, rows, columns)`` each, of one float type.
        """


def halved(bound: int, halves: int) -> int:
    """A sum's significand with its rounding constant, ``2**halves`` steps of the sum."""
    return int((bound + (1 << max(halves, 0))) << max(-halves, 0))
