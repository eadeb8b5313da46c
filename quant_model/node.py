"""What all nodes of a network share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from quant_model.design import EngineKind
from quant_model.formats import Format, IntArray
from quant_model.input_scale import InputScale


@dataclass(frozen=True, eq=False)
class LinearParameters:
    """The trained integers of one linear node."""

    weights: IntArray
    """``(out_features, in_features)``, within the weight format."""
    bias: IntArray
    """``(bias_rows, out_features)``, in units of the accumulator."""
    exponent: int
    """A weight's real value is ``weight * 2**exponent``."""


@dataclass(frozen=True)
class Parameters:
    """Everything that training adds to a network."""

    linear: Mapping[str, LinearParameters]
    """By linear node."""
    exponents: Mapping[str, int]
    """By tensor with a trained scale: ``input`` and every node that requantises to a format of its own."""
    input_scale: InputScale | None = None
    """What the host's integers stand for; None: steps of ``2**exponents["input"]`` from zero.

    With one, the exponent of ``input`` is a mere convention, to which embed's weights and biases refer.
    """


class Node(Protocol):
    """One engine of the network: it turns rows into rows.

    A row is what belongs to one token; a node's tensor has ``rows`` rows of ``columns`` integers.
    """

    @property
    def name(self) -> str:
        """The engine's name, the same in design point, cost model and VHDL."""

    @property
    def kind(self) -> EngineKind:
        """What kind of engine it is: picks cost formula and VHDL template."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the nodes (or ``input``) whose rows this node reads."""

    @property
    def output(self) -> Format:
        """Format of the produced integers."""

    @property
    def rows(self) -> int:
        """Rows produced per inference."""

    @property
    def columns(self) -> int:
        """Integers per produced row."""

    @property
    def macs(self) -> int:
        """Multiply-accumulates per inference."""

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        """The output's exponent, given those of the sources."""

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        """The golden arithmetic: int64 ``(batch, rows, columns)`` in and out."""


def exact_matmul(left: IntArray, right: IntArray) -> IntArray:
    """Integer matrix product through float64, exact while every partial sum stays under 2**53.

    numpy multiplies int64 matrices without BLAS, some fifty times slower. The widest accumulator of the
    space needs 31 bits, far from the limit.
    """
    return np.rint(left.astype(np.float64) @ right.astype(np.float64)).astype(np.int64)
