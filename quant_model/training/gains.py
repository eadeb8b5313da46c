"""The powers of two by which a quantised network multiplies, and the thresholds that they depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from quant_model.graph import INPUT
from quant_model.node import Node
from quant_model.training.exponents import Scales
from quant_model.training.fake_quant import LN2, PowersOfTwo
from quant_model.training.scales import ScaleRules
from quant_model.training.tape import Tape

_Exponent: TypeAlias = tuple[str, str]
"""``("weight", linear node)`` or ``("tensor", its name)``."""


@dataclass(frozen=True)
class _Power:
    """Two to the power of some exponents less others."""

    plus: tuple[_Exponent, ...] = ()
    minus: tuple[_Exponent, ...] = ()
    fixed: tuple[_Exponent, ...] = ()
    """Added, too, but not followed back to a threshold."""


@dataclass(frozen=True)
class Gains:
    """The gains of one forward pass."""

    weights: Tensor
    """By linear node: an integer weight in steps of target per step of source (the head's target: units)."""
    weight_scales: Tensor
    """By linear node: integer steps per unit of its weights."""
    biases: Tensor
    """By node with biases: a step of the accumulator in steps of the target."""
    by_name: Mapping[str, Tensor]
    """By node that has one: see :attr:`quant_model.training.node.TrainedNode.gain`."""


class GainRules:
    """How a network's gains come from its exponents, prepared for being applied at every step.

    Args:
        rules: the network's scales.
    """

    def __init__(self, rules: ScaleRules) -> None:
        self._rules = rules
        biased = rules.network.biased
        wanted = [() if unit is None else (("tensor", unit),) for unit in rules.units]
        factors = [_factors(node, rules) for node in biased]
        self._count, self._biases = len(rules.network.weighted), len(biased)
        powers = [_Power(f, t) for f, t in zip(factors, wanted, strict=True)][: self._count]
        powers += [_Power((), (weight,)) for _, weight in factors[: self._count]]
        # Coarser steps of a bias change what it is rounded to, not its size.
        powers += [_Power((), t, f) for f, t in zip(factors, wanted, strict=True)]
        gained = {name: node.gain for name, node in rules.nodes.items() if node.gain}
        powers += [_Power(_tensors(gain), _tensors([name])) for name, gain in gained.items()]
        self._names = tuple(gained)
        self._powers = tuple(powers)
        self._incidence = self._derive(_owners(rules))

    def powers(self, scales: Scales, units: Sequence[int]) -> Tensor:
        """All gains at some scales, ``(m,)``.

        Args:
            scales: the exponents.
            units: log2 of the unit of each linear node's weights.
        """
        exponents = [_sum(p.plus + p.fixed, scales) - _sum(p.minus, scales) for p in self._powers]
        for index, unit in enumerate(units):
            exponents[self._count + index] += unit
        return torch.tensor([2.0**exponent for exponent in exponents])

    def accumulators(self, scales: Scales) -> list[int]:
        """The exponents of the sums that biases are added to, by node with biases."""
        return [_sum(_factors(node, self._rules), scales) for node in self._rules.network.biased]

    def weight_scales(self, powers: Tensor) -> Tensor:
        """Integer steps per unit of each linear node's weights, of all gains."""
        return powers[self._count : 2 * self._count]

    def apply(self, tape: Tape, weights: Tensor, tensors: Tensor, powers: Tensor) -> Gains:
        """The gains as a function of thresholds.

        Args:
            tape: what the thresholds' gradients come by.
            weights: log2 thresholds of the weights.
            tensors: log2 thresholds of the tensors.
            powers: the gains at these thresholds.
        """
        found = tape.apply(PowersOfTwo, weights, tensors, powers, self._incidence)
        sizes = [self._count, self._count, self._biases]
        shapes = [(size,) for size in sizes] + [()] * len(self._names)
        sizes += [1] * len(self._names)
        of_weights, weight_scales, of_biases, *rest = tape.split(found, sizes, shapes)
        return Gains(of_weights, weight_scales, of_biases, dict(zip(self._names, rest, strict=True)))

    def _derive(self, owners: Mapping[str, str | None]) -> Tensor:
        """``LN2`` times the derivative of each exponent by each threshold."""
        columns = [("weight", name) for name in self._rules.linear_names]
        columns += [("tensor", name) for name in self._rules.formats]
        place = {column: index for index, column in enumerate(columns)}
        incidence = torch.zeros(len(self._powers), len(columns))
        for row, power in enumerate(self._powers):
            for sign, terms in ((LN2, power.plus), (-LN2, power.minus)):
                for kind, name in terms:
                    owner = name if kind == "weight" else owners[name]
                    if owner is not None:
                        incidence[row, place[kind, owner]] += sign
        return incidence


def _factors(node: Node, rules: ScaleRules) -> tuple[_Exponent, _Exponent]:
    """Whose steps, multiplied, are a step of the accumulator: input and weights, or two inputs."""
    if node.name in rules.linear_names:
        return ("tensor", node.sources[0]), ("weight", node.name)
    left, right = node.sources
    return ("tensor", left), ("tensor", right)


def _tensors(names: Iterable[str]) -> tuple[_Exponent, ...]:
    return tuple(("tensor", name) for name in names)


def _owners(rules: ScaleRules) -> dict[str, str | None]:
    """By tensor: the one whose threshold decides its scale; None where formats decide."""
    owners: dict[str, str | None] = {INPUT: None}
    for name, node in rules.nodes.items():
        scale = node.scale
        owners[name] = rules.scale_of.get(name) if scale in (None, name) else owners[scale]
    return owners


def _sum(terms: Iterable[_Exponent], scales: Scales) -> int:
    return sum((scales.weights if kind == "weight" else scales.tensors)[name] for kind, name in terms)
