"""The powers of two by which a quantised network multiplies, and the thresholds that they depend on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from quant_model.attention import Context, Scores
from quant_model.network import Network
from quant_model.pooling import Pooling
from quant_model.repeat import Repeat
from quant_model.residual import Residual
from quant_model.training.fake_quant import LN2, PowersOfTwo
from quant_model.training.scales import ScaleRules, Scales
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
    """By linear node: a step of the accumulator in steps of the target."""
    by_name: Mapping[str, Tensor]
    """Residual: a step of the stream in its own steps. Scores: a step of the product. Pool: of its source."""


class GainRules:
    """How a network's gains come from its exponents, prepared for being applied at every step.

    Args:
        network: the network.
        rules: its scales.
        targets: by linear node: the tensor in whose steps its result is wanted; None for the head.
    """

    def __init__(self, network: Network, rules: ScaleRules, targets: Sequence[str | None]) -> None:
        self._rules = rules
        linears = network.linears
        wanted = [() if target is None else (("tensor", target),) for target in targets]
        weight = [("weight", node.name) for node in linears]
        source = [("tensor", node.source) for node in linears]
        self._count = len(linears)
        powers = [_Power((s, w), t) for s, w, t in zip(source, weight, wanted, strict=True)]
        powers += [_Power((), (w,)) for w in weight]
        # Coarser steps of a bias change what it is rounded to, not its size.
        powers += [_Power((), t, (s, w)) for s, w, t in zip(source, weight, wanted, strict=True)]
        named = _named(network)
        self._names = tuple(named)
        self._powers = (*powers, *named.values())
        self._incidence = self._derive(_owners(network, rules))

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
        count, named = self._count, len(self._names)
        sizes, shapes = [count] * 3 + [1] * named, [(count,)] * 3 + [()] * named
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


def _named(network: Network) -> dict[str, _Power]:
    found = {}
    for node in network.nodes:
        own = ("tensor", node.name)
        if isinstance(node, Residual):
            found[node.name] = _Power((("tensor", node.stream),), (own,))
        elif isinstance(node, Scores):
            found[node.name] = _Power((("tensor", node.query), ("tensor", node.key)), (own,))
        elif isinstance(node, Pooling):
            found[node.name] = _Power((("tensor", node.source),), (own,))
    return found


def _owners(network: Network, rules: ScaleRules) -> dict[str, str | None]:
    """By tensor: the one whose threshold decides its scale; None where formats decide."""
    owners: dict[str, str | None] = {"input": None}
    for node in network.nodes:
        if isinstance(node, Repeat):
            owners[node.name] = owners[node.stream]
        elif isinstance(node, Context):
            owners[node.name] = owners[node.value]
        else:
            owners[node.name] = rules.scale_of.get(node.name)
    return owners


def _sum(terms: Iterable[_Exponent], scales: Scales) -> int:
    return sum((scales.weights if kind == "weight" else scales.tensors)[name] for kind, name in terms)
