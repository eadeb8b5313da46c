"""The design space of a study: named parameters, and the design point that a choice of them means.

The space is static: every trial chooses all parameters, those of a second layer too when the network has only
one, so that any sampler can treat it as one box. What a choice does not use changes nothing in the design
point, and numbers that must divide another are snapped down. Two choices that mean the same have the same
digest.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import BaseTrial

from quant_model.arithmetic import largest_divisor
from quant_model.design import DesignPoint
from quant_model.designs import Designs
from quant_model.engine import Choice, Engine
from quant_model.errors import UserError
from quant_model.families import FAMILIES, AnyShape
from quant_model.graph import INPUT, Graph, Tensor, graph_of
from quant_model.node import Node
from search.space.budget import Budget
from search.study_files.spec import Space, StudySpec, widest_shapes

__all__ = ["FAMILY", "DesignSpace", "first_choices", "random_designs"]

Value = int | str
Values = tuple[Value, ...]

FAMILY = "family"
"""The parameter that says which family a design is of, where a space has several."""
_FRUITLESS_DRAWS = 3_000
"""Draws in a row without a new design after which :func:`random_designs` gives up."""
_FIRST_BITS = (8, 6, 4)
"""Bit-widths that a study starts with."""
_FIRST_STREAM_BITS = 8
"""Bits of the tensors that everything passes through: below, they cost more accuracy than any others."""
_FIRST_SHAPES = 64
"""Shapes, from the largest down, that are tried for each of the first bit-widths."""


@dataclass(frozen=True)
class _Slot:
    """One thing that a design point needs: a value for ``field`` of an engine or tensor."""

    shared: str
    """The parameter's name when one choice holds for all (granularity ``uniform``)."""
    values: Values


@dataclass(frozen=True, eq=False)
class DesignSpace:
    """The parameters of a study's space."""

    spec: StudySpec

    @cached_property
    def families(self) -> tuple[type[AnyShape], ...]:
        """Of the networks."""
        return tuple(FAMILIES[name] for name in self.spec.space.family)

    @cached_property
    def shape_parameters(self) -> tuple[str, ...]:
        """The parameters that decide a shape; the family's own name first where there are several."""
        names = dict.fromkeys(name for family in self.families for name in family.parameters)
        return (*([FAMILY] if len(self.families) > 1 else []), *names)

    @cached_property
    def structural(self) -> frozenset[str]:
        """Those that decide which nodes there are."""
        return frozenset((FAMILY, *(name for family in self.families for name in family.structural)))

    @cached_property
    def snapped(self) -> frozenset[str]:
        """Those that may be lowered to suit the others."""
        return frozenset(name for family in self.families for name in family.snapped)

    @cached_property
    def weighted(self) -> dict[str, Node]:
        """All nodes with weights that any design of the space has, by name."""
        return {node.name: node for graph in self._deepest for node in graph.weighted}

    @cached_property
    def tensors(self) -> dict[str, Tensor]:
        """All tensors that any design of the space has, by name."""
        return {name: tensor for graph in self._deepest for name, tensor in graph.tensors.items()}

    @cached_property
    def _deepest(self) -> tuple[Graph, ...]:
        """By family a graph with all nodes and tensors that any of its designs has."""
        return tuple(map(graph_of, widest_shapes(self.spec)))

    @cached_property
    def parameters(self) -> dict[str, Values]:
        """All parameters with the values that they may take, in a stable order; one value is a constant."""
        space = self.spec.space
        found: dict[str, Values] = {
            name: space.family if name == FAMILY else self.spec.shape_values(name)
            for name in self.shape_parameters
        }
        for name, values in (("features", space.features), ("outputs", space.outputs)):
            if values is not None:
                found[name] = values
        for slot, name in self.parameter_of.items():
            found[name] = _override(space, slot) or self._slots[slot].values
        return found

    @cached_property
    def constants(self) -> dict[str, Value]:
        """The parameters that leave no choice."""
        return {name: values[0] for name, values in self.parameters.items() if len(values) == 1}

    @cached_property
    def open(self) -> dict[str, Values]:
        """The parameters that leave a choice."""
        return {name: values for name, values in self.parameters.items() if len(values) > 1}

    @cached_property
    def distributions(self) -> dict[str, BaseDistribution]:
        """Optuna's distribution of every parameter that leaves a choice."""
        return {name: _distribution(values) for name, values in self.open.items()}

    def sample(self, trial: BaseTrial) -> DesignPoint:
        """The design point of a trial; the study's sampler chooses what the trial has not chosen yet."""
        choice: dict[str, Value] = {}
        for name, distribution in self.distributions.items():
            if isinstance(distribution, IntDistribution):
                choice[name] = trial.suggest_int(
                    name, distribution.low, distribution.high, step=distribution.step
                )
            else:
                choice[name] = cast(Value, trial.suggest_categorical(name, self.open[name]))
        return self.design(choice)

    def design(self, choice: Mapping[str, Any]) -> DesignPoint:
        """The design point that a choice means; constants may be left out."""
        shape, bound = self._bound(choice)
        return DesignPoint(shape, **bound)

    def designs(self, choice: Mapping[str, Any], count: int) -> Designs:
        """The designs that ``count`` choices mean, each value an array of them or the same for all.

        Family and ``structural`` numbers must be the same for all.
        """
        shape, bound = self._bound(choice)
        return Designs(shape, **bound, count=count)

    def _bound(self, choice: Mapping[str, Any]) -> tuple[AnyShape, dict[str, Any]]:
        """Shape, bits and engines of a choice of values, or of many."""
        full: dict[str, Any] = {**self.constants, **choice}
        features = full.get("features", len(self.spec.data.features))
        family = FAMILIES[full.get(FAMILY, self.families[0].family)]
        shape = family.chosen(full, features, full.get("outputs", self.spec.outputs))
        graph = graph_of(shape)

        def value(slot: str) -> Any:
            return full[self.parameter_of[slot]]

        return shape, {
            "weight_bits": {node.name: value(f"{node.name}.weight_bits") for node in graph.weighted},
            # A repeated layer reads its own output: such tensors have one format, that of the first.
            "activation_bits": {
                name: value(f"{tensor.tied_to or name}.activation_bits")
                for name, tensor in graph.tensors.items()
            },
            "engines": {node.name: _engine(node, value) for node in graph.nodes},
        }

    def is_passed_through(self, parameter: str) -> bool:
        """True for the bits of the tensors that everything passes through: input, residual stream, pool."""
        tensor, _, what = parameter.rpartition(".")
        if not tensor:
            return what in ("input_bits", "residual_bits")
        return what == "activation_bits" and self.tensors[tensor].role != "inner"

    def random(self, generator: np.random.Generator) -> dict[str, Value]:
        """A uniform choice of every open parameter."""
        return {
            name: values[int(index)]
            for (name, values), index in zip(
                self.open.items(),
                generator.integers([len(values) for values in self.open.values()]),
                strict=True,
            )
        }

    @cached_property
    def _slots(self) -> dict[str, _Slot]:
        """Everything that a design point of the deepest networks needs, besides its shape."""
        space = self.spec.space
        slots: dict[str, _Slot] = {}
        for name in self.weighted:
            slots[f"{name}.weight_bits"] = _Slot("weight_bits", space.weight_bits)
        for name, tensor in self.tensors.items():
            slots[f"{name}.activation_bits"] = _activation_slot(space, tensor)
        for node in itertools.chain.from_iterable(graph.nodes for graph in self._deepest):
            slots[f"{node.name}.buffer"] = _Slot("buffer", space.buffer)
            for choice in node.offers:
                if choice != "weight_bits":
                    slots[f"{node.name}.{choice}"] = _engine_slot(space, node, choice)
        return slots

    @cached_property
    def parameter_of(self) -> dict[str, str]:
        """The parameter that fills each slot of the deepest network, such as ``layer0.query.weight_bits``."""
        uniform = self.spec.space.granularity == "uniform"
        return {
            name: slot.shared if uniform and _override(self.spec.space, name) is None else name
            for name, slot in self._slots.items()
        }


def first_choices(space: DesignSpace, budget: Budget) -> list[dict[str, Value]]:
    """Choices that a study begins with: the largest shape that fits at 8, 6 and 4 bits, the smallest at 4.

    Of each family. They anchor both ends of the front, so that even a short study has one. The residual
    stream, the input and the pool keep 8 bits. Bits that the space does not offer are replaced by the nearest
    ones that it does; choices that do not fit are left out.
    """
    found: list[dict[str, Value]] = []
    seen: set[str] = set()
    every = list(_shapes_downwards(space))
    families = [
        [one for one in every if one.get(FAMILY) == name]
        for name in dict.fromkeys(one.get(FAMILY) for one in every)
    ]
    tried = [(bits, shapes) for bits in _FIRST_BITS for shapes in families]
    for bits, order in tried + [(min(_FIRST_BITS), shapes[::-1]) for shapes in families]:
        for shape in order[:_FIRST_SHAPES]:
            choice = _first_choice(space, bits, shape)
            assessment = budget.propose(space.design(choice))
            if assessment.fits:
                if assessment.design.digest not in seen:
                    seen.add(assessment.design.digest)
                    found.append(choice)
                break
    return found


def random_designs(
    space: DesignSpace, budget: Budget, count: int, seed: int, *, feasible: bool
) -> Iterator[DesignPoint]:
    """Different random designs, resolved for the device; the same for the same seed.

    Args:
        space: The space to draw from.
        budget: The device; also the limit, when ``feasible``.
        count: How many designs.
        seed: Of the random draws.
        feasible: Leave out designs whose estimate is over budget.

    Raises:
        UserError: that many different designs cannot be found.
    """
    generator = np.random.default_rng(seed)
    drawn: set[str] = set()
    seen: set[str] = set()
    fruitless = 0
    while len(seen) < count:
        design = space.design(space.random(generator))
        if design.digest not in drawn:
            drawn.add(design.digest)
            assessment = budget.propose(design)
            if assessment.design.digest not in seen and (assessment.fits or not feasible):
                seen.add(assessment.design.digest)
                fruitless = 0
                yield assessment.design
                continue
        fruitless += 1
        if fruitless == _FRUITLESS_DRAWS:
            kind = "designs that fit" if feasible else "different designs"
            raise UserError(
                "[space]",
                f"found only {len(seen)} {kind}, then {fruitless} draws without another",
                "ask for fewer, widen the space, or choose a larger device",
            )


def _activation_slot(space: Space, tensor: Tensor) -> _Slot:
    if tensor.name == INPUT and space.input_bits is not None:
        return _Slot("input_bits", space.input_bits)
    if tensor.role == "stream" and space.residual_bits is not None:
        return _Slot("residual_bits", space.residual_bits)
    return _Slot("activation_bits", space.activation_bits)


def _engine_slot(space: Space, node: Node, choice: Choice) -> _Slot:
    if choice == "lanes":
        return _Slot("lanes", (1,) if space.auto_lanes else space.lanes)
    if choice == "memory":
        key = "attention_memory" if node.store else "weight_memory"
    else:
        key = {"multiplier": "multiplier", "windows": "attention_windows"}[choice]
    return _Slot(key, getattr(space, key))


def _override(space: Space, slot: str) -> Values | None:
    """The choice that the study file makes for one engine or tensor alone."""
    name, _, key = slot.rpartition(".")
    own = space.tensors.get(name)
    return getattr(own, key) if own is not None else None


def _engine(node: Node, value: Callable[[str], Any]) -> Engine:
    chosen: dict[str, Any] = {
        choice: value(f"{node.name}.{choice}")
        for choice in ("buffer", *node.offers)
        if choice != "weight_bits"
    }
    if "lanes" in chosen:
        chosen["lanes"] = largest_divisor(chosen["lanes"], node.lane_limit)
    return Engine(**chosen)


def _distribution(values: Values) -> BaseDistribution:
    """An integer range where the values form one, a list of categories otherwise."""
    if all(isinstance(value, int) for value in values):
        numbers = sorted(cast(tuple[int, ...], values))
        step = numbers[1] - numbers[0]
        if numbers == list(range(numbers[0], numbers[-1] + 1, step)):
            return IntDistribution(numbers[0], numbers[-1], step=step)
    return CategoricalDistribution(values)


def _shapes_downwards(space: DesignSpace) -> Iterator[dict[str, Value]]:
    """Shapes from the largest to the smallest, by the product of their numbers."""
    names = space.shape_parameters
    options = [space.parameters[name] for name in names]
    shapes = sorted(itertools.product(*options), key=lambda shape: (-_size(shape), shape))
    return (dict(zip(names, shape, strict=True)) for shape in shapes)


def _size(shape: Values) -> int:
    return math.prod(number for number in shape if isinstance(number, int))


def _first_choice(space: DesignSpace, bits: int, shape: Mapping[str, Value]) -> dict[str, Value]:
    """Bit-widths near ``bits``, 8 in the stream; else the first value: few lanes, the tool's choice."""
    choice: dict[str, Value] = {}
    for name, values in space.open.items():
        if name in shape:
            choice[name] = shape[name]
        elif name.endswith("_bits"):
            wanted = _FIRST_STREAM_BITS if space.is_passed_through(name) else bits
            choice[name] = min(cast(tuple[int, ...], values), key=lambda value: (abs(value - wanted), value))
        elif all(isinstance(value, int) for value in values):
            choice[name] = min(cast(tuple[int, ...], values))
        else:
            choice[name] = values[0]
    return choice
