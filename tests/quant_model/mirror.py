"""A kind and a family that only tests have: rows, their negatives, the sum of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from quant_model.arithmetic import Number, bit_length
from quant_model.engine import Engine
from quant_model.families import Shape
from quant_model.formats import Format, IntArray, requantize
from quant_model.graph import INPUT, Plan, Port
from quant_model.kinds.linear import Linear
from quant_model.kinds.pooling import Pooling
from quant_model.node import Edge, Kind, Node, Parameters, check_shift
from quant_model.random_model import Draw

__all__ = ["Mirror", "Negate"]


@dataclass(frozen=True)
class Negate(Kind):
    """The negative of its rows, requantised to a scale of its own."""

    name: str
    source: str
    rows: Number
    columns: Number
    input: Format
    output: Format
    engine: Engine

    kind: ClassVar[str] = "negate"

    @property
    def inputs(self) -> tuple[Edge, ...]:
        return (Edge(self.source, "direct"),)

    @property
    def max_shift(self) -> Number:
        return bit_length(self.input.magnitude)

    def exponent(self, parameters: Parameters, sources: tuple[int, ...]) -> int:
        return parameters.exponents[self.name]

    def evaluate(self, parameters: Parameters, exponents: tuple[int, ...], *sources: IntArray) -> IntArray:
        return requantize(-sources[0], self.exponent(parameters, exponents) - exponents[0], self.output)

    def check(self, parameters: Parameters, exponents: Mapping[str, int]) -> None:
        shift = exponents[self.name] - exponents[self.source]
        check_shift(self.name, self.output, shift, self.max_shift)

    def draw(self, draw: Draw) -> None:
        shift = draw.shift(draw.tensors[self.source], self.output.bits, self.max_shift)
        draw.exponents[self.name] = draw.found[self.source] + shift


@dataclass(frozen=True)
class Mirror(Shape):
    """``input -> first -> turned (negative) -> pool -> last``."""

    window: int
    features: int
    width: int
    outputs: int

    family: ClassVar[str] = "mirror"
    structural: ClassVar[tuple[str, ...]] = ()
    parameters: ClassVar[tuple[str, ...]] = ("window", "width")

    @classmethod
    def suited(cls, choice: Mapping[str, Number]) -> dict[str, Number]:
        return {name: choice[name] for name in cls.parameters}

    @classmethod
    def chosen(cls, choice: Mapping[str, Number], features: Number, outputs: Number) -> Mirror:
        return cls(features=features, outputs=outputs, **cls.suited(choice))

    @property
    def brief(self) -> str:
        return f"{self.window}x{self.features} w{self.width}"

    @property
    def summary(self) -> str:
        return f"window {self.window}, width {self.width}"

    @property
    def sees(self) -> Number:
        return self.window

    def input_port(self, plan: Plan) -> Port:
        return Port(INPUT, self.window, self.features, plan.tensor(INPUT, "end"))

    def nodes(self, plan: Plan) -> Iterator[Node]:
        formats = {name: plan.tensor(name) for name in ("first", "turned", "pool")}
        yield Linear(
            name="first",
            source=INPUT,
            rows=self.window,
            in_features=self.features,
            columns=self.width,
            input=plan.tensor(INPUT, "end"),
            weight=plan.weight("first"),
            target=formats["first"],
            positional=False,
            engine=plan.engine("first"),
        )
        first, turned, pool = formats.values()
        yield Negate("turned", "first", self.window, self.width, first, turned, plan.engine("turned"))
        yield Pooling("pool", "turned", self.window, self.width, turned, pool, plan.engine("pool"))
        yield Linear(
            name="last",
            source="pool",
            rows=1,
            in_features=self.width,
            columns=self.outputs,
            input=formats["pool"],
            weight=plan.weight("last"),
            target=None,
            positional=False,
            engine=plan.engine("last"),
        )
