"""Images, or windows of a series, through convolutions and attention whose weights are used many times.

A design of our own after the idea of arXiv 2401.02721: a block is the right side of an ordinary differential
equation, and applying it several times with the same weights are steps of Euler's method::

    input -> stem -> stage0 ... stageN -> [attention ->] pool -> head
    pooling "none": ... -> head, which reads all pixels as one row
    stem, and between two stages: neighbourhood -> convolution
    stage: x -> [repeat ->] depthwise0 -> pointwise0 (ReLU) -> depthwise1 -> pointwise1 -> (+ x)
    attention: embed with learned positions = y
               y -> [repeat ->] query, key, value -> scores -> context -> project -> (+ y)

A step is ``x + 2**-k * f(x)``. The residual addition takes the branch's full sums at their own power-of-two
scale, in which ``2**-k`` is a matter of exponents: the step size costs no hardware and stands nowhere here.

Rows are pixels, line by line. With a height of 1 they are time steps, and convolutions are over time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import ConfigDict, Field

from quant_model.arithmetic import Number, largest_divisor, pick
from quant_model.formats import Format
from quant_model.graph import INPUT, Plan, Port, Shape
from quant_model.kinds.attention import Context, Scores
from quant_model.kinds.depthwise import Depthwise
from quant_model.kinds.linear import Linear
from quant_model.kinds.neighbourhood import Neighbourhood
from quant_model.kinds.pooling import Pooling
from quant_model.kinds.repeat import Repeat
from quant_model.kinds.residual import Residual
from quant_model.node import Node
from quant_model.raster import Raster

_STEM = "stem.convolution"

PoolingName = Literal["mean", "none"]


@dataclass(frozen=True)
class Hybrid(Shape):
    """The shape of a hybrid."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    window: Annotated[int, Field(ge=2, le=4096)]
    """Rows: all pixels of an image, or the time steps that the model sees."""
    height: Annotated[int, Field(ge=1, le=64)]
    """Lines of an image, of which ``window`` is a multiple; 1 for a series."""
    features: Annotated[int, Field(ge=1, le=32)]
    """Input values per row: colours, or a series' features."""
    stem: Annotated[int, Field(ge=4, le=128)]
    """Channels of the stem and of the first stage."""
    stem_stride: Annotated[int, Field(ge=1, le=2)]
    """2: the first stage has half the lines and columns of the input."""
    stages: Annotated[int, Field(ge=1, le=4)]
    """Convolutional blocks; each has half the lines and columns of the one before."""
    growth: Annotated[int, Field(ge=1, le=4)]
    """Channels of a stage over those of the one before."""
    steps: Annotated[int, Field(ge=1, le=16)]
    """Times that each convolutional block is applied with the same weights."""
    heads: Annotated[int, Field(ge=1, le=8)]
    """Attention heads; divides the last stage's channels."""
    attention_steps: Annotated[int, Field(ge=0, le=16)]
    """Times that the attention block is applied with the same weights; 0: there is none."""
    outputs: Annotated[int, Field(ge=1, le=128)]
    """Values that the head produces per inference."""
    pooling: PoolingName = "mean"
    """What the head reads: the mean of the last stage's pixels, or each of them."""

    family: ClassVar[str] = "hybrid"
    structural: ClassVar[tuple[str, ...]] = (
        "window",
        "height",
        "stem_stride",
        "stages",
        "steps",
        "attention_steps",
        "pooling",
    )
    """The schedule counts lines, which must be the same in all designs of a batch."""
    parameters: ClassVar[tuple[str, ...]] = (
        "window",
        "height",
        "stem",
        "stem_stride",
        "stages",
        "growth",
        "steps",
        "heads",
        "attention_steps",
        "pooling",
    )
    variants: ClassVar[tuple[str, ...]] = ("pooling",)
    snapped: ClassVar[tuple[str, ...]] = ("growth", "heads")

    def __post_init__(self) -> None:
        if self.window % self.height:
            raise ValueError(f"height ({self.height}) must divide the number of pixels ({self.window})")
        if np.any(self.channels % self.heads):
            raise ValueError(f"heads ({self.heads}) must divide the last stage's channels ({self.channels})")

    @classmethod
    def suited(cls, choice: Mapping[str, Number]) -> dict[str, Number]:
        """Heads divide the last stage's channels; what a shape does not use is 1."""
        own = {name: choice[name] for name in cls.parameters}
        growth = pick(own["stages"] > 1, own["growth"], 1)
        heads = largest_divisor(own["heads"], own["stem"] * growth ** (own["stages"] - 1))
        return {**own, "growth": growth, "heads": pick(own["attention_steps"] > 0, heads, 1)}

    @classmethod
    def chosen(cls, choice: Mapping[str, Number], features: Number, outputs: Number) -> Self:
        """All parameters are numbers of the shape."""
        return cls(features=features, outputs=outputs, **cls.suited(choice))

    @property
    def width(self) -> int:
        """Pixels of a line of the input."""
        return self.window // self.height

    @property
    def channels(self) -> int:
        """Values of a pixel behind the last stage."""
        return self.width_of(self.stages - 1)

    def width_of(self, stage: int) -> int:
        """Values of a pixel in a stage."""
        width: int = self.stem * self.growth**stage
        return width

    def raster_of(self, stage: int) -> Raster:
        """The pixels of a stage."""
        found = Raster(self.height, self.width, self.stem_stride).centres
        for _ in range(stage):
            found = Raster(found.height, found.width, 2).centres
        return found

    @property
    def brief(self) -> str:
        """``hybrid 28x28x1 c16/2 x2 S2 s4 h2 a2``."""
        stem = f"c{self.stem}{'/2' if self.stem_stride == 2 else ''}"
        attention = f" h{self.heads} a{self.attention_steps}" if self.attention_steps else ""
        size = f"{self.height}x{self.width}x{self.features}"
        pooling = "" if self._pools else " all"
        return f"hybrid {size} {stem} x{self.growth} S{self.stages} s{self.steps}{attention}{pooling}"

    @property
    def summary(self) -> str:
        """The shape for people, in a few words."""
        size = f"{self.height} x {self.width} pixels" if self.height > 1 else f"window {self.window}"
        widths = ", ".join(str(self.width_of(stage)) for stage in range(self.stages))
        attention = (
            f", attention with {self.heads} {'head' if self.heads == 1 else 'heads'} "
            f"applied {_times(self.attention_steps)}"
            if self.attention_steps
            else ", no attention"
        )
        blocks = "block" if self.stages == 1 else "blocks"
        pooling = "" if self._pools else ", read from all pixels"
        return (
            f"hybrid, {size}, {blocks} of {widths} channels applied {_times(self.steps)}{attention}{pooling}"
        )

    @property
    def _pools(self) -> bool:
        return self.pooling == "mean"

    @property
    def sees(self) -> int:
        """All pixels."""
        return self.window

    def input_port(self, plan: Plan) -> Port:
        """All pixels."""
        return Port(INPUT, self.window, self.features, plan.tensor(INPUT, "end"))

    def nodes(self, plan: Plan) -> Iterator[Node]:
        """The layers in the order of the data flow."""
        last, own = INPUT, plan.tensor(INPUT, "end")
        raster, channels = Raster(self.height, self.width, self.stem_stride), self.features
        for stage in range(self.stages):
            width = self.width_of(stage)
            entry = f"stage{stage}" if stage else "stem"
            target = self._stream(plan, f"{entry}.convolution", self.steps)
            yield from self._convolution(plan, entry, last, own, raster, (channels, width), target)
            raster, channels = raster.centres, width
            yield from self._block(plan, f"stage{stage}", f"{entry}.convolution", target, raster, width)
            last, own = f"stage{stage}.residual", plan.tensor(f"stage{stage}.residual", "stream")
            raster = Raster(raster.height, raster.width, 2)
        if self.attention_steps:
            yield from self._attention(plan, last, own)
            last, own = "attention.residual", plan.tensor("attention.residual", "stream")
        rows = self.raster_of(self.stages - 1).rows
        if not self._pools:
            read = rows * self.channels, self.outputs
            yield self._linear(plan, "head", last, own, read, None, 1, joins=rows)
            return
        pooled = plan.tensor("pool", "end")
        yield Pooling("pool", last, rows, self.channels, own, pooled, plan.engine("pool"))
        yield self._linear(plan, "head", "pool", pooled, (self.channels, self.outputs), None, 1)

    def _stream(self, plan: Plan, name: str, passes: int) -> Format:
        """A stream's format: what is repeated reads its own output, so that all streams have one."""
        return plan.tensor(name, "stream", tied_to=_STEM if passes > 1 else None)

    def _convolution(
        self,
        plan: Plan,
        prefix: str,
        source: str,
        own: Format,
        raster: Raster,
        widths: tuple[int, int],
        target: Format,
    ) -> Iterator[Node]:
        name = f"{prefix}.neighbourhood"
        yield Neighbourhood(name, source, raster, widths[0], own, plan.engine(name))
        read = raster.taps * widths[0], widths[1]
        yield self._linear(plan, f"{prefix}.convolution", name, own, read, target, raster.centres.rows)

    def _block(
        self, plan: Plan, prefix: str, stream: str, own: Format, raster: Raster, width: int
    ) -> Iterator[Node]:
        rows, residual = raster.rows, f"{prefix}.residual"
        if self.steps > 1:
            yield self._repeat(plan, prefix, stream, own, rows, width, self.steps)
            stream = f"{prefix}.repeat"
        first, hidden, second = (
            plan.tensor(f"{prefix}.{part}", signed=part != "pointwise0")
            for part in ("depthwise0", "pointwise0", "depthwise1")
        )
        square = width, width
        yield self._depthwise(plan, f"{prefix}.depthwise0", stream, own, raster, width, first)
        yield self._linear(plan, f"{prefix}.pointwise0", f"{prefix}.depthwise0", first, square, hidden, rows)
        yield self._depthwise(
            plan, f"{prefix}.depthwise1", f"{prefix}.pointwise0", hidden, raster, width, second
        )
        branch = self._linear(
            plan, f"{prefix}.pointwise1", f"{prefix}.depthwise1", second, square, None, rows
        )
        yield branch
        yield self._residual(plan, residual, branch, stream, own, self._stream(plan, residual, self.steps))

    def _attention(self, plan: Plan, source: str, own: Format) -> Iterator[Node]:
        width, rows = self.channels, self.raster_of(self.stages - 1).rows
        square, passes = (width, width), self.attention_steps
        stream = "attention.embed"
        target = self._stream(plan, stream, passes)
        yield self._linear(plan, stream, source, own, square, target, rows, positional=True)
        if passes > 1:
            yield self._repeat(plan, "attention", stream, target, rows, width, passes)
            stream = "attention.repeat"
        query, key, value = (plan.tensor(f"attention.{part}") for part in ("query", "key", "value"))
        for part, output in (("query", query), ("key", key), ("value", value)):
            yield self._linear(plan, f"attention.{part}", stream, target, square, output, rows)
        yield from self._heads(plan, rows, query, key, value)
        branch = self._linear(plan, "attention.project", "attention.context", value, square, None, rows)
        yield branch
        output = self._stream(plan, "attention.residual", passes)
        yield self._residual(plan, "attention.residual", branch, stream, target, output)

    def _heads(self, plan: Plan, rows: int, query: Format, key: Format, value: Format) -> Iterator[Node]:
        scores = plan.tensor("attention.scores")
        probability = plan.tensor("attention.probability", signed=False)
        yield Scores(
            name="attention.scores",
            query="attention.query",
            key="attention.key",
            rows=rows,
            keys=rows,
            heads=self.heads,
            d_head=self.channels // self.heads,
            query_format=query,
            key_format=key,
            output=scores,
            probability_bits=probability.bits,
            engine=plan.engine("attention.scores"),
        )
        yield Context(
            name="attention.context",
            scores="attention.scores",
            value="attention.value",
            rows=rows,
            keys=rows,
            heads=self.heads,
            d_head=self.channels // self.heads,
            score_format=scores,
            probability=probability,
            output=value,
            engine=plan.engine("attention.context"),
        )

    def _repeat(
        self, plan: Plan, prefix: str, stream: str, own: Format, rows: int, width: int, passes: int
    ) -> Repeat:
        name = f"{prefix}.repeat"
        back = f"{prefix}.residual"
        return Repeat(name, stream, back, passes, rows, width, own, plan.engine(name))

    def _linear(
        self,
        plan: Plan,
        name: str,
        source: str,
        own: Format,
        widths: tuple[int, int],
        target: Format | None,
        rows: int,
        *,
        positional: bool = False,
        joins: int | None = None,
    ) -> Linear:
        weight, engine = plan.weight(name), plan.engine(name)
        return Linear(name, source, rows, *widths, own, weight, target, positional, engine, joins=joins)

    def _depthwise(
        self, plan: Plan, name: str, source: str, own: Format, raster: Raster, width: int, target: Format
    ) -> Depthwise:
        weight, engine = plan.weight(name), plan.engine(name)
        rows = raster.centres.rows
        return Depthwise(name, source, rows, raster.taps, width, own, weight, target, False, engine, raster)

    def _residual(
        self, plan: Plan, name: str, branch: Linear, stream: str, own: Format, output: Format
    ) -> Residual:
        return Residual(
            name=name,
            branch=branch.name,
            stream=stream,
            rows=branch.rows,
            columns=branch.columns,
            branch_format=branch.output,
            branch_bound=branch.product_bound,
            stream_format=own,
            output=output,
            engine=plan.engine(name),
        )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
