"""Design points: one full choice of shape, bit-widths, lanes, multipliers and memories."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError

from quant_model.arithmetic import largest_divisor
from quant_model.engine import BufferType, Engine, MemoryType, Multiplier
from quant_model.errors import UserError
from quant_model.families import DEFAULT_FAMILY, FAMILIES, AnyShape, Encoder, Shape
from quant_model.graph import WEIGHT_BITS, Graph, Tensor, digest, graph_of
from quant_model.node import Node

_Value = TypeVar("_Value")


@dataclass(frozen=True, eq=False)
class DesignPoint:
    """One full choice; hashable, equal when its JSON is equal.

    Raises:
        ValueError: a name is missing or unknown, or a value is outside its range.
    """

    shape: AnyShape
    """In JSON its key is ``architecture``, its first name."""
    weight_bits: Mapping[str, int]
    """Bits per weight, by node with weights."""
    activation_bits: Mapping[str, int]
    """Bits per element, by tensor."""
    engines: Mapping[str, Engine]
    """The build choices, by node."""

    def __post_init__(self) -> None:
        graph = self.graph
        weights = tuple(node.name for node in graph.weighted)
        object.__setattr__(self, "weight_bits", _frozen("weight_bits", self.weight_bits, weights))
        tensors = _frozen("activation_bits", self.activation_bits, tuple(graph.tensors))
        object.__setattr__(self, "activation_bits", tensors)
        object.__setattr__(self, "engines", _frozen("engines", self.engines, tuple(graph.by_name)))
        for name, bits in self.weight_bits.items():
            _check_range(f"weight_bits {name}", bits, WEIGHT_BITS)
        for name, bits in self.activation_bits.items():
            _check_range(f"activation_bits {name}", bits, graph.tensors[name].bits)
        _check_tied(graph.tensors, self.activation_bits)
        for node in graph.nodes:
            _check_engine(node, self.engines[node.name])

    @property
    def graph(self) -> Graph:
        """The graph of the shape alone: names, edges, limits."""
        return graph_of(self.shape)

    @classmethod
    def from_json(cls, text: str, place: str) -> DesignPoint:
        """Read a design point; ``place`` (a file's name) begins the message of an error.

        Raises:
            UserError: the text is no JSON or describes no valid design point.
        """
        try:
            content = _OBJECT.validate_json(text)
            shape = content.get("architecture")
            family: type[AnyShape] = Encoder
            if isinstance(shape, dict):
                family, content["architecture"] = _family(shape)
            own = _fields(family).validate_json(json.dumps(content))
            return cls(own.architecture, own.weight_bits, own.activation_bits, own.engines)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UserError(f"{place} {where}".strip(), first["msg"], "correct the design point") from error
        except ValueError as error:
            raise UserError(place, f"Value error, {error}", "correct the design point") from error

    @classmethod
    def load(cls, path: Path) -> DesignPoint:
        """Read the JSON of a file.

        Raises:
            UserError: the file cannot be read, or holds no valid design point.
        """
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            problem = f"cannot read the design point ({error.strerror})"
            raise UserError(str(path), problem, "check the path") from error
        except UnicodeDecodeError as error:
            raise UserError(str(path), "the design point is not UTF-8 text", "save it as UTF-8") from error
        return cls.from_json(text, str(path))

    def to_json(self, indent: int | None = None) -> str:
        """Canonical JSON: sorted keys, choices that do not apply left out."""
        return json.dumps(self.as_dict(), sort_keys=True, indent=indent)

    def as_dict(self) -> dict[str, Any]:
        """The JSON object as Python dictionaries."""
        engines = {name: _engine_dict(engine) for name, engine in self.engines.items()}
        return {
            "architecture": self.shape.as_dict(),
            "weight_bits": dict(self.weight_bits),
            "activation_bits": dict(self.activation_bits),
            "engines": engines,
        }

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that identify the design point."""
        return digest(self.to_json())

    @property
    def is_resolved(self) -> bool:
        """True when no choice is left to ``auto``."""
        return not any(engine.is_open for engine in self.engines.values())

    def with_engines(self, engines: Mapping[str, Engine]) -> DesignPoint:
        """The same design point with some engines replaced."""
        return dataclasses.replace(self, engines={**self.engines, **engines})

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DesignPoint) and self.to_json() == other.to_json()

    def __reduce__(self) -> tuple[Callable[..., DesignPoint], tuple[str, str]]:
        return DesignPoint.from_json, (self.to_json(), "pickle")


def uniform_design(
    shape: Shape,
    weight_bits: int = 8,
    activation_bits: int = 8,
    *,
    stream_bits: int | None = None,
    ends_bits: int | None = None,
    lanes: int = 1,
    multiplier: Multiplier = "auto",
    buffer: BufferType = "auto",
    memory: MemoryType = "auto",
    windows: int = 1,
) -> DesignPoint:
    """A design point with the same choice everywhere.

    Args:
        shape: the network's.
        weight_bits: bits of every weight.
        activation_bits: bits of every activation.
        stream_bits: bits of the residual stream; ``activation_bits`` when None.
        ends_bits: bits of the stream's two ends, the input and the pooled sum; ``activation_bits`` when None.
            Too few at the input lose data that no network brings back.
        lanes: wanted lanes per engine, snapped to what divides.
        multiplier: kind of every multiplier.
        buffer: type of every buffer.
        memory: type of every memory that has this choice, ``auto`` for the others.
        windows: windows in every key and value store.
    """
    graph = graph_of(shape)
    bits = {"stream": stream_bits or activation_bits, "end": ends_bits or activation_bits}
    engines = {
        node.name: Engine(
            lanes=largest_divisor(lanes, node.lane_limit),
            multiplier=multiplier if "multiplier" in node.offers else None,
            buffer=buffer,
            memory=(memory if memory in node.memories else "auto") if node.memories else None,
            windows=windows if "windows" in node.offers else 1,
        )
        for node in graph.nodes
    }
    return DesignPoint(
        shape=cast(AnyShape, shape),
        weight_bits={node.name: weight_bits for node in graph.weighted},
        activation_bits={
            name: bits.get(tensor.role, activation_bits) for name, tensor in graph.tensors.items()
        },
        engines=engines,
    )


_OBJECT = TypeAdapter(dict[str, Any])


def shape_from_dict(data: Mapping[str, Any]) -> AnyShape:
    """The shape of a JSON object that :meth:`Shape.as_dict` wrote; without a family it is an encoder's.

    Raises:
        ValueError: it describes no valid shape.
    """
    family, numbers = _family(data)
    return TypeAdapter(family).validate_json(json.dumps(numbers))


@cache
def _fields(family: type[AnyShape]) -> TypeAdapter[Any]:
    """What checks the type of every field of a family's JSON object."""
    fields = {
        "architecture": family,
        "weight_bits": dict[str, int],
        "activation_bits": dict[str, int],
        "engines": dict[str, Engine],
    }
    config = {"__pydantic_config__": ConfigDict(extra="forbid", strict=True)}
    return TypeAdapter(dataclasses.make_dataclass("Fields", fields.items(), namespace=config))


def _family(shape: Mapping[str, Any]) -> tuple[type[AnyShape], dict[str, Any]]:
    """The family that a JSON object names, and the numbers beside the name."""
    numbers = dict(shape)
    name = numbers.pop("family", DEFAULT_FAMILY)
    if name not in FAMILIES:
        raise ValueError(f"family {name!r} is not one of {', '.join(FAMILIES)}")
    return FAMILIES[name], numbers


def _frozen(what: str, values: Mapping[str, _Value], names: tuple[str, ...]) -> Mapping[str, _Value]:
    missing = [name for name in names if name not in values]
    unknown = [name for name in values if name not in names]
    if missing:
        raise ValueError(f"{what}: no value for {missing[0]}")
    if unknown:
        raise ValueError(f"{what}: {unknown[0]} is not one of {', '.join(names)}")
    return MappingProxyType({name: values[name] for name in names})


def _engine_dict(engine: Engine) -> dict[str, Any]:
    """An engine's JSON object: choices that do not apply left out, and so are single windows."""
    choices = {key: value for key, value in dataclasses.asdict(engine).items() if value is not None}
    if engine.windows == 1:
        del choices["windows"]
    return choices


def _check_range(what: str, value: int, allowed: range) -> None:
    if value not in allowed:
        raise ValueError(f"{what} is {value}, but must lie in {allowed[0]}..{allowed[-1]}")


def _check_tied(tensors: Mapping[str, Tensor], bits: Mapping[str, int]) -> None:
    for name, tensor in tensors.items():
        if tensor.tied_to is not None and bits[name] != bits[tensor.tied_to]:
            raise ValueError(
                f"activation_bits {tensor.tied_to} and {name} must be equal when layers are repeated"
            )


def _check_engine(node: Node, engine: Engine) -> None:
    def must_be(choice: str, allowed: str) -> ValueError:
        value = getattr(engine, choice)
        return ValueError(f"engines {node.name}: {choice} is {value}, but must be {allowed}")

    if node.lane_limit % engine.lanes:
        raise ValueError(f"engines {node.name}: lanes ({engine.lanes}) must divide {node.lane_limit}")
    if engine.memory not in (node.memories or (None,)):
        raise must_be("memory", ", ".join(node.memories) or "absent")
    if (engine.multiplier is None) == ("multiplier" in node.offers):
        raise must_be("multiplier", "absent" if engine.multiplier else "auto, dsp or lut")
    if engine.windows != 1 and "windows" not in node.offers:
        raise must_be("windows", "1 or absent")
