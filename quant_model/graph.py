"""The graph that a shape means: nodes, edges, ports and tensors, the one structure that all else reads.

A family lays a graph out with a :class:`Plan`, which binds every tensor and engine to the choices of one
design or of many at once; bound to no choices at all it tells names, limits and edges.
"""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from functools import cached_property, lru_cache, reduce
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, TypeVar, cast

import numpy as np

from quant_model.arithmetic import Number, at_most
from quant_model.engine import Engine
from quant_model.formats import Format
from quant_model.node import Edge, Node

if TYPE_CHECKING:
    from quant_model.kinds.linear import Linear

__all__ = [
    "DEFAULT_FAMILY",
    "INPUT",
    "Choices",
    "Graph",
    "Plan",
    "Port",
    "Shape",
    "Tensor",
    "bind",
    "graph_of",
]

WEIGHT_BITS = range(2, 9)
ACTIVATION_BITS = range(2, 9)
STREAM_BITS = range(2, 17)
"""The residual stream sums up all layers and may be wider than other tensors."""

INPUT = "input"
"""The name of the tensor that comes in."""
DEFAULT_FAMILY = "encoder"
"""The family of a shape that names none: files from before there were several."""

_Value = TypeVar("_Value")
Role = Literal["end", "stream", "inner"]
"""Of a tensor: everything passes ``end`` (input, pool) and ``stream`` (residuals); others are inside."""


class Choices(Protocol):
    """What a graph's formats and engines are bound to: a design point, or arrays over many."""

    @property
    def weight_bits(self) -> Mapping[str, Number]:
        """By node with weights."""

    @property
    def activation_bits(self) -> Mapping[str, Number]:
        """By tensor."""

    @property
    def engines(self) -> Mapping[str, Engine]:
        """By node."""


@dataclass(frozen=True)
class Tensor:
    """A tensor whose bits a design point chooses."""

    name: str
    bits: range
    """The bit-widths that it may have."""
    role: Role
    tied_to: str | None = None
    """The tensor, if any, whose format it must share: a repeated part's output is its own next input."""


@dataclass(frozen=True)
class Port:
    """Where rows enter or leave a graph."""

    name: str
    """Of the tensor."""
    rows: Number
    """Per inference: of a window all, of an endless series the newest."""
    columns: Number
    """Integers per row."""
    format: Format

    @property
    def values(self) -> Number:
        """Integers per inference."""
        return self.rows * self.columns


class Plan:
    """What a family lays its graph out with."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        self.tensors: dict[str, Tensor] = {}
        """All that were asked for, in that order."""

    def tensor(
        self, name: str, role: Role = "inner", *, signed: bool = True, tied_to: str | None = None
    ) -> Format:
        """The format of a tensor with bits of its own."""
        if name not in self.tensors:
            bits = STREAM_BITS if role == "stream" else ACTIVATION_BITS
            self.tensors[name] = Tensor(name, bits, role, tied_to if tied_to != name else None)
        return Format(self._choices.activation_bits[name], signed)

    def weight(self, name: str) -> Format:
        """The format of a node's weights."""
        return Format(self._choices.weight_bits[name])

    def engine(self, name: str) -> Engine:
        """How a node is built."""
        return self._choices.engines[name]


class Shape(ABC):
    """The numbers of one network of a family; a frozen dataclass. Of many designs they may be arrays."""

    family: ClassVar[str]
    """Its tag in study files and design points."""
    structural: ClassVar[tuple[str, ...]]
    """The numbers that decide which nodes there are."""
    parameters: ClassVar[tuple[str, ...]]
    """What a search chooses to make a shape, in the order of the study file."""
    snapped: ClassVar[tuple[str, ...]] = ()
    """Those of them that may be lowered, down to 1, to suit the others."""
    variants: ClassVar[tuple[str, ...]] = ()
    """Those of them whose values are words: each means nodes of its own."""

    @classmethod
    @abstractmethod
    def suited(cls, choice: Mapping[str, Number]) -> dict[str, Number]:
        """The values of :attr:`parameters` with those that are snapped lowered."""

    @classmethod
    @abstractmethod
    def chosen(cls, choice: Mapping[str, Number], features: Number, outputs: Number) -> Shape:
        """The shape that values of :attr:`parameters` mean, for so many inputs a row and outputs a window."""

    @property
    def parameter_values(self) -> dict[str, int | str]:
        """The values of :attr:`parameters` that mean this shape, snapped ones as they came out."""
        return {name: getattr(self, name) for name in self.parameters}

    @property
    @abstractmethod
    def brief(self) -> str:
        """The shape for tables."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """The shape for people, in a few words."""

    @property
    @abstractmethod
    def sees(self) -> Number:
        """Rows of input that an output depends on."""

    @abstractmethod
    def input_port(self, plan: Plan) -> Port:
        """What comes in."""

    @abstractmethod
    def nodes(self, plan: Plan) -> Iterator[Node]:
        """The nodes in the order of the data flow."""

    @property
    def example(self) -> Shape:
        """The first of many designs' shapes; a single one itself."""
        own = cast(Any, self)
        firsts = {
            field.name: int(value[0])
            for field in fields(own)
            if isinstance(value := getattr(own, field.name), np.ndarray)
        }
        return cast(Shape, replace(own, **firsts)) if firsts else self

    @property
    def structure(self) -> tuple[Any, ...]:
        """Shapes of equal structure have the same nodes, by name, kind and edges."""
        return (self.family, *(getattr(self, name) for name in self.structural))

    def as_dict(self) -> dict[str, Any]:
        """The JSON object as a dictionary; the default family, and words at their default, are left out.

        So parameters that are words can be added, and designs of before keep their digests.
        """
        tag = {} if self.family == DEFAULT_FAMILY else {"family": self.family}
        found = asdict(cast(Any, self))
        words = {one.name: one.default for one in fields(cast(Any, self)) if isinstance(one.default, str)}
        return tag | {name: own for name, own in found.items() if name not in words or own != words[name]}

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that identify this shape."""
        return digest(json.dumps(self.as_dict(), sort_keys=True))


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes in the order of the data flow, with every format and width known."""

    shape: Shape
    input: Port
    nodes: tuple[Node, ...]
    tensors: Mapping[str, Tensor] = field(repr=False)
    """Those whose bits a design point chooses, in the order of the data flow."""

    @cached_property
    def outline(self) -> Graph:
        """The graph of the shape alone: names, edges, kinds. The same object for equal shapes."""
        return _known_graph(self.shape.example)

    @property
    def sees(self) -> Number:
        """Rows of input that an output depends on."""
        return self.shape.sees

    @cached_property
    def rows_alone(self) -> Mapping[str, Number]:
        """Rows of each tensor, the input included, when all that an output depends on comes in at once."""
        found = {self.input.name: self.sees}
        for node in self.nodes:
            fewest = reduce(at_most, (found[source] for source in node.sources))
            found[node.name] = node.rows_made(fewest)
        return found

    @property
    def warm_up(self) -> Number:
        """Inferences behind a reset whose outputs mean nothing: they depend on rows that nobody has sent."""
        return self.sees - self.input.rows

    @property
    def window(self) -> Port:
        """The input with all rows that an output depends on."""
        return replace(self.input, rows=self.sees)

    @cached_property
    def by_name(self) -> dict[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.nodes}

    @property
    def last(self) -> Node:
        """The node whose rows leave."""
        return self.nodes[-1]

    @cached_property
    def output(self) -> Port:
        """What leaves: the last node's full sums."""
        return Port(self.last.name, self.last.rows, self.last.columns, self.last.output)

    @cached_property
    def weighted(self) -> tuple[Linear, ...]:
        """The nodes that own weights."""
        return tuple(cast("Linear", node) for node in self.nodes if "weight_bits" in node.offers)

    @cached_property
    def biased(self) -> tuple[Node, ...]:
        """The nodes that own biases: those with weights first, then those without."""
        others = (node for node in self.nodes if "weight_bits" not in node.offers)
        return (*self.weighted, *(node for node in others if node.bias_shape is not None))

    @cached_property
    def steps(self) -> tuple[tuple[Node, tuple[str, ...]], ...]:
        """What is computed, in order: nodes with their sources, those of repeated parts once per pass."""
        found: list[tuple[Node, tuple[str, ...]]] = []
        entry, passes, end = 0, 1, ""
        for node in self.nodes:
            if (loop := _loop(node)) is not None:
                entry, passes, end = len(found), node.loop_passes, loop.source
            found.append((node, node.sources))
            if node.name == end:
                part = found[entry:]
                again = [(one, (end,) if _loop(one) else sources) for one, sources in part]
                found += again * (passes - 1)
        return tuple(found)

    @cached_property
    def passes(self) -> Mapping[str, int]:
        """Times that each node is computed per inference."""
        found: dict[str, int] = {}
        for node, _ in self.steps:
            found[node.name] = found.get(node.name, 0) + 1
        return found

    @property
    def macs(self) -> Number:
        """Multiply-accumulates per inference."""
        return sum(node.macs for node, _ in self.steps)

    def readers(self, name: str) -> tuple[tuple[Node, Edge], ...]:
        """The nodes that read the rows of ``name``, in their order, each with the edge; loops left out."""
        return self._readers.get(name, ())

    def consumers(self, name: str) -> tuple[Node, ...]:
        """The nodes that read the rows of ``name``."""
        return tuple({node.name: node for node, _ in self.readers(name)}.values())

    @cached_property
    def _readers(self) -> dict[str, tuple[tuple[Node, Edge], ...]]:
        found: dict[str, tuple[tuple[Node, Edge], ...]] = {}
        for node in self.nodes:
            for edge in node.inputs:
                if edge.type != "loop":
                    found[edge.source] = (*found.get(edge.source, ()), (node, edge))
        return found

    @cached_property
    def loops(self) -> Mapping[str, Node]:
        """By the last node of a repeated part: the node at its entry."""
        found = {}
        for node in self.nodes:
            if (loop := _loop(node)) is not None:
                found[loop.source] = node
        return found

    @property
    def loop_ends(self) -> Mapping[str, str]:
        """By the node at a repeated part's entry: its last node."""
        return {entry.name: end for end, entry in self.loops.items()}

    @cached_property
    def tied(self) -> tuple[str, ...]:
        """The tensors that share one format, the first of them free to choose; empty where none does."""
        bound = [name for name, tensor in self.tensors.items() if tensor.tied_to is not None]
        return (cast(str, self.tensors[bound[0]].tied_to), *bound) if bound else ()


def _loop(node: Node) -> Edge | None:
    return next((edge for edge in node.inputs if edge.type == "loop"), None)


def bind(shape: Shape, choices: Choices) -> Graph:
    """The graph of a shape with the formats and engines of a design point, or of many."""
    return Graph(**parts(shape, choices))


def parts(shape: Shape, choices: Choices) -> dict[str, Any]:
    """The fields of a bound graph."""
    plan = Plan(choices)
    port = shape.input_port(plan)
    nodes = tuple(shape.nodes(plan))
    return {"shape": shape, "input": port, "nodes": nodes, "tensors": plan.tensors}


def graph_of(shape: Shape) -> Graph:
    """The graph of a shape alone: names, edges, limits. Bits and engines stand at their defaults."""
    return _known_graph(shape) if shape.example is shape else bind(shape, _Unbound())


@lru_cache(maxsize=4096)
def _known_graph(shape: Shape) -> Graph:
    return bind(shape, _Unbound())


@dataclass(frozen=True)
class _Unbound:
    """No choices: the widest formats, engines of one lane."""

    weight_bits: Mapping[str, Number] = field(default_factory=lambda: _Always(WEIGHT_BITS[-1]))
    activation_bits: Mapping[str, Number] = field(default_factory=lambda: _Always(ACTIVATION_BITS[-1]))
    engines: Mapping[str, Engine] = field(default_factory=lambda: _Always(Engine()))


class _Always(dict[str, _Value]):
    """One value for every name."""

    def __init__(self, value: _Value) -> None:
        super().__init__()
        self.value = value

    def __missing__(self, name: str) -> _Value:
        return self.value


def digest(text: str) -> str:
    """16 hexadecimal digits that identify a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
