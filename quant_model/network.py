"""The layer graph that a design point describes: the one structure that training, cost and HDL all read.

Pre-norm encoder with the normalisation folded into the following linear layer, so that inference pays nothing
for it::

    input -> embed -> layer0 ... layerN -> pool -> head
    layer: x -> [repeat ->] query, key, value -> scores -> context -> project -> (+ x) = y
           y -> expand (ReLU) -> contract -> (+ y)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from quant_model.attention import Context, Scores
from quant_model.design import DesignPoint, linear_shape
from quant_model.formats import Format
from quant_model.linear import Linear
from quant_model.node import Node
from quant_model.pooling import Pooling
from quant_model.repeat import Repeat
from quant_model.residual import Residual


@dataclass(frozen=True)
class Network:
    """Nodes in the order of the data flow, with every format and width known."""

    design: DesignPoint
    nodes: tuple[Node, ...]

    @property
    def input(self) -> Format:
        """Format of the window's values."""
        return Format(self.design.activation_bits["input"])

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    @property
    def head(self) -> Linear:
        """The last node: its accumulators are the accelerator's output."""
        head = self.nodes[-1]
        assert isinstance(head, Linear)
        return head

    @property
    def linears(self) -> tuple[Linear, ...]:
        """The nodes that own weights."""
        return tuple(node for node in self.nodes if isinstance(node, Linear))

    @cached_property
    def steps(self) -> tuple[tuple[Node, tuple[str, ...]], ...]:
        """What is computed, in order: nodes with their sources, those of repeated layers once per pass."""
        found: list[tuple[Node, tuple[str, ...]]] = []
        entry, passes, ends = 0, 1, ""
        for node in self.nodes:
            if isinstance(node, Repeat):
                entry, passes, ends = len(found), node.passes, node.back
            found.append((node, node.sources))
            if node.name == ends:
                layer = found[entry:]
                again = [(part, (ends,) if isinstance(part, Repeat) else names) for part, names in layer]
                found += again * (passes - 1)
        return tuple(found)

    @property
    def macs(self) -> int:
        """Multiply-accumulates per inference."""
        return sum(node.macs for node, _ in self.steps)

    def consumers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read the rows of ``name``."""
        return self._consumers.get(name, ())

    @cached_property
    def _consumers(self) -> dict[str, tuple[Node, ...]]:
        found: dict[str, tuple[Node, ...]] = {}
        for node in self.nodes:
            for source in dict.fromkeys(node.sources):
                found[source] = (*found.get(source, ()), node)
        return found


def build_network(design: DesignPoint) -> Network:
    """The network of a design point."""
    return Network(design, tuple(_nodes(design)))


def _nodes(design: DesignPoint) -> Iterator[Node]:
    arch = design.architecture

    def activation(tensor: str, *, signed: bool = True) -> Format:
        return Format(design.activation_bits[tensor], signed)

    def linear(name: str, source: str, input_format: Format, target: Format | None) -> Linear:
        inputs, outputs = linear_shape(arch, name)
        return Linear(
            name=name,
            source=source,
            rows=1 if name == "head" else arch.window,
            in_features=inputs,
            columns=outputs,
            input=input_format,
            weight=Format(design.weight_bits[name]),
            target=target,
            bias_rows=arch.window if name == "embed" else 1,
            engine=design.engines[name],
        )

    def residual(name: str, branch: Linear, stream: str, stream_format: Format) -> Residual:
        return Residual(
            name=name,
            branch=branch.name,
            stream=stream,
            rows=arch.window,
            columns=arch.d_model,
            branch_format=branch.output,
            branch_bound=branch.product_bound,
            stream_format=stream_format,
            output=activation(name),
            engine=design.engines[name],
        )

    yield linear("embed", "input", activation("input"), activation("embed"))
    stream = "embed"
    for index in range(arch.layers):
        prefix = f"layer{index}"
        x_format = activation(stream)
        if arch.repeats > 1:
            yield Repeat(
                name=f"{prefix}.repeat",
                stream=stream,
                back=f"{prefix}.ffn_residual",
                passes=arch.repeats,
                rows=arch.window,
                columns=arch.d_model,
                output=x_format,
                engine=design.engines[f"{prefix}.repeat"],
            )
            stream = f"{prefix}.repeat"
        for part in ("query", "key", "value"):
            name = f"{prefix}.{part}"
            yield linear(name, stream, x_format, activation(name))
        score_format, probability = (
            activation(f"{prefix}.scores"),
            activation(f"{prefix}.probability", signed=False),
        )
        yield Scores(
            name=f"{prefix}.scores",
            query=f"{prefix}.query",
            key=f"{prefix}.key",
            rows=arch.window,
            heads=arch.heads,
            d_head=arch.d_head,
            query_format=activation(f"{prefix}.query"),
            key_format=activation(f"{prefix}.key"),
            output=score_format,
            probability_bits=probability.bits,
            engine=design.engines[f"{prefix}.scores"],
        )
        yield Context(
            name=f"{prefix}.context",
            scores=f"{prefix}.scores",
            value=f"{prefix}.value",
            rows=arch.window,
            heads=arch.heads,
            d_head=arch.d_head,
            score_format=score_format,
            probability=probability,
            output=activation(f"{prefix}.value"),
            engine=design.engines[f"{prefix}.context"],
        )
        project = linear(f"{prefix}.project", f"{prefix}.context", activation(f"{prefix}.value"), None)
        yield project
        middle = f"{prefix}.attention_residual"
        yield residual(middle, project, stream, x_format)
        hidden = activation(f"{prefix}.expand", signed=False)
        yield linear(f"{prefix}.expand", middle, activation(middle), hidden)
        contract = linear(f"{prefix}.contract", f"{prefix}.expand", hidden, None)
        yield contract
        stream = f"{prefix}.ffn_residual"
        yield residual(stream, contract, middle, activation(middle))
    yield Pooling(
        name="pool",
        source=stream,
        window=arch.window,
        columns=arch.d_model,
        input=activation(stream),
        output=activation("pool"),
        engine=design.engines["pool"],
    )
    yield linear("head", "pool", activation("pool"), None)
