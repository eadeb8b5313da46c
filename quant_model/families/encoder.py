"""Windows of a time series through an encoder-only Transformer.

Pre-norm with the normalisation folded into the next linear layer, so that it costs nothing at inference::

    input -> embed -> layer0 ... layerN -> pool -> head
    readout "last": input -> embed -> layer0 ... layerN, of which the last row alone asks -> head
    layer: x -> [repeat ->] query, key, value -> scores -> context -> project -> (+ x) = y
           y -> expand (ReLU) -> contract -> (+ y)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import ConfigDict, Field

from quant_model.arithmetic import Number, largest_divisor
from quant_model.formats import Format
from quant_model.graph import INPUT, Plan, Port, Shape
from quant_model.kinds.attention import Context, Scores
from quant_model.kinds.linear import Linear
from quant_model.kinds.pooling import Pooling
from quant_model.kinds.repeat import Repeat
from quant_model.kinds.residual import Residual
from quant_model.node import Node

Readout = Literal["mean", "last"]


@dataclass(frozen=True)
class Encoder(Shape):
    """The shape of an encoder."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    window: Annotated[int, Field(ge=2, le=256)]
    """Tokens: time steps that the model sees."""
    features: Annotated[int, Field(ge=1, le=32)]
    """Input values per token."""
    d_model: Annotated[int, Field(ge=4, le=128)]
    """Width of a token inside the encoder."""
    heads: Annotated[int, Field(ge=1, le=8)]
    """Attention heads; divides ``d_model``."""
    ffn_width: Annotated[int, Field(ge=4, le=512)]
    """Hidden width of the feed-forward part."""
    layers: Annotated[int, Field(ge=1, le=4)]
    """Encoder layers."""
    outputs: Annotated[int, Field(ge=1, le=16)]
    """Values that the head produces per window."""
    repeats: Annotated[int, Field(ge=1, le=8)] = 1
    """Times that each encoder layer is applied with the same weights (neural ODE: arXiv 2401.02721)."""

    readout: Readout = "mean"
    """What the head reads: the mean of all rows, or the last one, which then alone asks in the last layer."""

    family: ClassVar[str] = "encoder"
    structural: ClassVar[tuple[str, ...]] = ("layers", "repeats", "readout")
    parameters: ClassVar[tuple[str, ...]] = (
        "window", "d_model", "heads", "ffn_ratio", "layers", "repeats", "readout",
    )  # fmt: skip
    variants: ClassVar[tuple[str, ...]] = ("readout",)
    snapped: ClassVar[tuple[str, ...]] = ("heads",)

    def __post_init__(self) -> None:
        if np.any(self.d_model % self.heads):
            raise ValueError(f"heads ({self.heads}) must divide d_model ({self.d_model})")
        if self.readout == "last" and np.any(self.repeats != 1):
            raise ValueError(f"repeats ({self.repeats}): with readout last no layer is repeated")

    @classmethod
    def suited(cls, choice: Mapping[str, Number]) -> dict[str, Number]:
        """Heads divide ``d_model``."""
        own = {name: choice[name] for name in cls.parameters}
        return {**own, "heads": largest_divisor(own["heads"], own["d_model"])}

    @classmethod
    def chosen(cls, choice: Mapping[str, Number], features: Number, outputs: Number) -> Self:
        """The feed-forward part is ``ffn_ratio`` times as wide as the encoder."""
        own = cls.suited(choice)
        ffn_width = own["d_model"] * own.pop("ffn_ratio")
        return cls(features=features, outputs=outputs, ffn_width=ffn_width, **own)

    @property
    def ffn_ratio(self) -> int:
        """Width of the feed-forward part over ``d_model``."""
        return self.ffn_width // self.d_model

    @property
    def d_head(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.heads

    @property
    def brief(self) -> str:
        """``24x1 d16 h2 f64 L1``, with the repeats behind it."""
        again = f"x{self.repeats}" if self.repeats > 1 else ""
        encoder = f"d{self.d_model} h{self.heads} f{self.ffn_width} L{self.layers}{again}"
        return f"{self.window}x{self.features} {encoder}{' last' if self._asks_last else ''}"

    @property
    def summary(self) -> str:
        """The shape for people, in a few words."""
        heads = "head" if self.heads == 1 else "heads"
        layers = "layer" if self.layers == 1 else "layers"
        again = f", each applied {self.repeats} times" if self.repeats > 1 else ""
        return (
            f"window {self.window}, d_model {self.d_model}, {self.heads} {heads}, "
            f"FFN {self.ffn_width}, {self.layers} {layers}{again}"
            f"{', read from the last row' if self._asks_last else ''}"
        )

    @property
    def sees(self) -> Number:
        """The window."""
        return self.window

    @property
    def rows(self) -> Number:
        """Rows that an inference brings."""
        return self.window

    @property
    def _asks_last(self) -> bool:
        return self.readout == "last"

    def input_port(self, plan: Plan) -> Port:
        """The rows of an inference."""
        return Port(INPUT, self.rows, self.features, plan.tensor(INPUT, "end"))

    def nodes(self, plan: Plan) -> Iterator[Node]:
        """The layers in the order of the data flow."""
        yield from self._layers(plan, positional=True)
        last = self._last_stream
        if self._asks_last:
            yield self._head(plan, last, plan.tensor(last, "stream"))
            return
        yield Pooling(
            name="pool",
            source=last,
            window=self.window,
            columns=self.d_model,
            input=plan.tensor(last, "stream"),
            output=plan.tensor("pool", "end"),
            engine=plan.engine("pool"),
        )
        yield self._head(plan, "pool", plan.tensor("pool", "end"))

    @property
    def _last_stream(self) -> str:
        return f"layer{self.layers - 1}.ffn_residual"

    def _layers(self, plan: Plan, *, positional: bool) -> Iterator[Node]:
        """All nodes up to the last layer's rows."""
        source, embedded = plan.tensor(INPUT, "end"), plan.tensor("embed", "stream")
        widths = self.features, self.d_model
        yield self._linear(plan, "embed", INPUT, source, *widths, embedded, positional=positional)
        stream, stream_format = "embed", embedded
        for index in range(self.layers):
            last_of = self.window if self._asks_last and index == self.layers - 1 else None
            yield from self._layer(plan, f"layer{index}", stream, stream_format, last_of)
            stream = f"layer{index}.ffn_residual"
            stream_format = self._stream(plan, stream)

    def _head(self, plan: Plan, source: str, source_format: Format) -> Linear:
        return self._linear(plan, "head", source, source_format, self.d_model, self.outputs, None, rows=1)

    def _layer(
        self, plan: Plan, prefix: str, stream: str, x_format: Format, last_of: Number | None
    ) -> Iterator[Node]:
        """A layer's nodes; with ``last_of`` only the last of a window's rows asks."""
        rows = self.rows if last_of is None else 1
        if self.repeats > 1:
            yield Repeat(
                name=f"{prefix}.repeat",
                stream=stream,
                back=f"{prefix}.ffn_residual",
                passes=self.repeats,
                rows=self.rows,
                columns=self.d_model,
                output=x_format,
                engine=plan.engine(f"{prefix}.repeat"),
            )
            stream = f"{prefix}.repeat"
        middle, last = f"{prefix}.attention_residual", f"{prefix}.ffn_residual"
        yield from self._attention(plan, prefix, stream, x_format, last_of)
        value = plan.tensor(f"{prefix}.value")
        project = self._linear(
            plan, f"{prefix}.project", f"{prefix}.context", value, self.d_model, self.d_model, None, rows=rows
        )
        yield project
        middle_format = self._stream(plan, middle)
        yield self._residual(plan, middle, project, stream, x_format, middle_format, last_of)
        hidden = plan.tensor(f"{prefix}.expand", signed=False)
        yield self._linear(
            plan, f"{prefix}.expand", middle, middle_format, self.d_model, self.ffn_width, hidden, rows=rows
        )
        contract = self._linear(
            plan,
            f"{prefix}.contract",
            f"{prefix}.expand",
            hidden,
            self.ffn_width,
            self.d_model,
            None,
            rows=rows,
        )
        yield contract
        yield self._residual(plan, last, contract, middle, middle_format, self._stream(plan, last))

    def _attention(
        self, plan: Plan, prefix: str, stream: str, x_format: Format, last_of: Number | None
    ) -> Iterator[Node]:
        query, key, value = (plan.tensor(f"{prefix}.{part}") for part in ("query", "key", "value"))
        for part, target in (("query", query), ("key", key), ("value", value)):
            own = last_of if part == "query" else None
            yield self._linear(
                plan, f"{prefix}.{part}", stream, x_format, self.d_model, self.d_model, target, last_of=own
            )
        scores = plan.tensor(f"{prefix}.scores")
        probability = plan.tensor(f"{prefix}.probability", signed=False)
        yield self._scores(
            name=f"{prefix}.scores",
            query=f"{prefix}.query",
            key=f"{prefix}.key",
            rows=self.rows if last_of is None else 1,
            keys=self.window,
            heads=self.heads,
            d_head=self.d_head,
            query_format=query,
            key_format=key,
            output=scores,
            probability_bits=probability.bits,
            engine=plan.engine(f"{prefix}.scores"),
        )
        yield self._context(
            name=f"{prefix}.context",
            scores=f"{prefix}.scores",
            value=f"{prefix}.value",
            rows=self.rows if last_of is None else 1,
            keys=self.window,
            heads=self.heads,
            d_head=self.d_head,
            score_format=scores,
            probability=probability,
            output=value,
            engine=plan.engine(f"{prefix}.context"),
        )

    def _scores(self, **own: Any) -> Scores:
        return Scores(**own)

    def _context(self, **own: Any) -> Context:
        return Context(**own)

    def _stream(self, plan: Plan, name: str) -> Format:
        """A residual's format: with repeats a layer's output is its own next input."""
        loops = self.repeats > 1 and name.endswith(".ffn_residual")
        return plan.tensor(name, "stream", tied_to="embed" if loops else None)

    def _linear(
        self,
        plan: Plan,
        name: str,
        source: str,
        input_format: Format,
        inputs: int,
        outputs: int,
        target: Format | None,
        *,
        positional: bool = False,
        rows: Number | None = None,
        last_of: Number | None = None,
    ) -> Linear:
        if last_of is not None:
            rows = 1
        return Linear(
            name=name,
            source=source,
            rows=self.rows if rows is None else rows,
            in_features=inputs,
            columns=outputs,
            input=input_format,
            weight=plan.weight(name),
            target=target,
            positional=positional,
            engine=plan.engine(name),
            last_of=last_of,
        )

    def _residual(
        self,
        plan: Plan,
        name: str,
        branch: Linear,
        stream: str,
        stream_format: Format,
        output: Format,
        last_of: Number | None = None,
    ) -> Residual:
        return Residual(
            name=name,
            branch=branch.name,
            stream=stream,
            rows=branch.rows,
            columns=self.d_model,
            branch_format=branch.output,
            branch_bound=branch.product_bound,
            stream_format=stream_format,
            output=output,
            engine=plan.engine(name),
            last_of=last_of,
        )
