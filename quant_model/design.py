"""Design points: one full choice of architecture, bit-widths, lanes, multipliers and memories."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from quant_model.errors import UserError

Multiplier = Literal["auto", "dsp", "lut"]
BufferType = Literal["auto", "distributed", "block"]
MemoryType = Literal["auto", "logic", "distributed", "block"]

WEIGHT_BITS = range(2, 9)
ACTIVATION_BITS = range(2, 9)
STREAM_BITS = range(2, 17)
"""The residual stream sums up all layers and may be wider than other tensors."""

_Value = TypeVar("_Value")
_STRICT = ConfigDict(extra="forbid", strict=True)


@dataclass(frozen=True)
class Architecture:
    """The shape of an encoder-only Transformer for windows of a time series."""

    __pydantic_config__ = _STRICT

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

    def __post_init__(self) -> None:
        if self.d_model % self.heads:
            raise ValueError(f"heads ({self.heads}) must divide d_model ({self.d_model})")

    @property
    def d_head(self) -> int:
        """Width of one attention head."""
        return self.d_model // self.heads

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that identify this architecture."""
        return _digest(json.dumps(dataclasses.asdict(self), sort_keys=True))


@dataclass(frozen=True)
class Engine:
    """How one engine of the accelerator is built. ``None`` where a choice does not apply."""

    __pydantic_config__ = _STRICT

    lanes: Annotated[int, Field(ge=1)] = 1
    """Parallel multiply-accumulates; divides :func:`lane_limit`."""
    multiplier: Multiplier | None = None
    """Where products are made: DSP slices or LUT row adders."""
    buffer: BufferType = "auto"
    """RAM type of the input row buffer (residual: the waiting stream; pool: the sums; repeat: the rows)."""
    memory: MemoryType | None = None
    """Linear: weight ROM (logic or block). Scores, context: key or value store (distributed or block)."""
    windows: Annotated[int, Field(ge=1, le=2)] = 1
    """Scores, context: windows that the key or value store holds.

    With two (double buffering) the next window's keys are stored while this one's are read, so that
    back-to-back windows overlap; one window alone takes as long as before.
    """


EngineKind = Literal["linear", "scores", "context", "residual", "pooling", "repeat"]

_LINEAR_PARTS = ("query", "key", "value", "project", "expand", "contract")
_MEMORIES: Mapping[EngineKind, tuple[MemoryType, ...]] = MappingProxyType(
    {
        "linear": ("auto", "logic", "block"),
        "scores": ("auto", "distributed", "block"),
        "context": ("auto", "distributed", "block"),
        "residual": (),
        "pooling": (),
        "repeat": (),
    }
)


def memory_choices(kind: EngineKind) -> tuple[MemoryType, ...]:
    """The memory types that an engine of this kind can choose from (empty: it has no memory)."""
    return _MEMORIES[kind]


def engine_kinds(architecture: Architecture) -> dict[str, EngineKind]:
    """Names and kinds of all engines, in the order of the data flow."""
    kinds: dict[str, EngineKind] = {"embed": "linear"}
    for layer in range(architecture.layers):
        if architecture.repeats > 1:
            kinds[f"layer{layer}.repeat"] = "repeat"
        for part in ("query", "key", "value"):
            kinds[f"layer{layer}.{part}"] = "linear"
        kinds[f"layer{layer}.scores"] = "scores"
        kinds[f"layer{layer}.context"] = "context"
        kinds[f"layer{layer}.project"] = "linear"
        kinds[f"layer{layer}.attention_residual"] = "residual"
        kinds[f"layer{layer}.expand"] = "linear"
        kinds[f"layer{layer}.contract"] = "linear"
        kinds[f"layer{layer}.ffn_residual"] = "residual"
    kinds["pool"] = "pooling"
    kinds["head"] = "linear"
    return kinds


def engine_names(architecture: Architecture) -> tuple[str, ...]:
    """Names of all engines, in the order of the data flow."""
    return tuple(engine_kinds(architecture))


def linear_names(architecture: Architecture) -> tuple[str, ...]:
    """Names of the engines that own weights."""
    return tuple(name for name, kind in engine_kinds(architecture).items() if kind == "linear")


def stream_names(architecture: Architecture) -> tuple[str, ...]:
    """Names of the residual-stream tensors, which may be wider than 8 bits."""
    layers = range(architecture.layers)
    residuals = (f"layer{n}.{part}_residual" for n in layers for part in ("attention", "ffn"))
    return ("embed", *residuals)


def tied_streams(architecture: Architecture) -> tuple[str, ...]:
    """Tensors that must share a format: with ``repeats`` a layer's output is its own next input."""
    if architecture.repeats == 1:
        return ()
    return ("embed", *(f"layer{layer}.ffn_residual" for layer in range(architecture.layers)))


def activation_names(architecture: Architecture) -> tuple[str, ...]:
    """Names of the tensors whose bit-width a design point chooses."""
    parts = ("query", "key", "value", "scores", "probability", "attention_residual", "expand", "ffn_residual")
    layers = (f"layer{n}.{part}" for n in range(architecture.layers) for part in parts)
    return ("input", "embed", *layers, "pool")


def activation_range(architecture: Architecture, tensor: str) -> range:
    """The bit-widths that a tensor may have."""
    return STREAM_BITS if tensor in stream_names(architecture) else ACTIVATION_BITS


def linear_shape(architecture: Architecture, engine: str) -> tuple[int, int]:
    """``(inputs, outputs)`` of a linear engine."""
    d, ffn = architecture.d_model, architecture.ffn_width
    shapes = {
        "embed": (architecture.features, d),
        "expand": (d, ffn),
        "contract": (ffn, d),
        "head": (d, architecture.outputs),
    }
    return shapes.get(engine.rsplit(".", 1)[-1], (d, d))


def lane_limit(architecture: Architecture, engine: str) -> int:
    """The number that an engine's lanes must divide."""
    kind = engine_kinds(architecture)[engine]
    if kind == "linear":
        return linear_shape(architecture, engine)[1]
    return {"scores": architecture.window, "context": architecture.d_head}.get(kind, 1)


def snap_lanes(architecture: Architecture, engine: str, wanted: int) -> int:
    """The largest possible number of lanes that is at most ``wanted``."""
    limit = lane_limit(architecture, engine)
    return max(n for n in range(1, min(wanted, limit) + 1) if limit % n == 0)


@dataclass(frozen=True, eq=False)
class DesignPoint:
    """One full choice; hashable, equal when its JSON is equal.

    Raises:
        ValueError: a name is missing or unknown, or a value is outside its range.
    """

    __pydantic_config__ = _STRICT

    architecture: Architecture
    weight_bits: Mapping[str, int]
    """Bits per weight, by linear engine."""
    activation_bits: Mapping[str, int]
    """Bits per element, by tensor."""
    engines: Mapping[str, Engine]
    """The build choices, by engine."""

    def __post_init__(self) -> None:
        arch = self.architecture
        object.__setattr__(self, "weight_bits", _frozen("weight_bits", self.weight_bits, linear_names(arch)))
        object.__setattr__(
            self, "activation_bits", _frozen("activation_bits", self.activation_bits, activation_names(arch))
        )
        object.__setattr__(self, "engines", _frozen("engines", self.engines, engine_names(arch)))
        for name, bits in self.weight_bits.items():
            _check_range(f"weight_bits {name}", bits, WEIGHT_BITS)
        for name, bits in self.activation_bits.items():
            _check_range(f"activation_bits {name}", bits, activation_range(arch, name))
        if arch.repeats > 1:
            _check_tied(arch, self.activation_bits)
        for name, kind in engine_kinds(arch).items():
            _check_engine(name, kind, self.engines[name], lane_limit(arch, name))

    @classmethod
    def from_json(cls, text: str, place: str) -> DesignPoint:
        """Read a design point; ``place`` (a file's name) begins the message of an error.

        Raises:
            UserError: the text is no JSON or describes no valid design point.
        """
        try:
            return _ADAPTER.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise UserError(f"{place} {where}".strip(), first["msg"], "correct the design point") from error

    def to_json(self, indent: int | None = None) -> str:
        """Canonical JSON: sorted keys, choices that do not apply left out."""
        return json.dumps(self.as_dict(), sort_keys=True, indent=indent)

    def as_dict(self) -> dict[str, Any]:
        """The JSON object as Python dictionaries."""
        engines = {name: _engine_dict(engine) for name, engine in self.engines.items()}
        return {
            "architecture": dataclasses.asdict(self.architecture),
            "weight_bits": dict(self.weight_bits),
            "activation_bits": dict(self.activation_bits),
            "engines": engines,
        }

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that identify the design point."""
        return _digest(self.to_json())

    @property
    def is_resolved(self) -> bool:
        """True when no choice is left to ``auto``."""
        choices = ((e.multiplier, e.buffer, e.memory) for e in self.engines.values())
        return all("auto" not in choice for choice in choices)

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
    architecture: Architecture,
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
        architecture: the network's shape.
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
    bits = dict.fromkeys(activation_names(architecture), activation_bits)
    bits |= dict.fromkeys(stream_names(architecture), stream_bits or activation_bits)
    bits |= dict.fromkeys(("input", "pool"), ends_bits or activation_bits)
    engines = {}
    for name, kind in engine_kinds(architecture).items():
        choices = memory_choices(kind)
        engines[name] = Engine(
            lanes=snap_lanes(architecture, name, lanes),
            multiplier=multiplier if choices else None,
            buffer=buffer,
            memory=(memory if memory in choices else "auto") if choices else None,
            windows=windows if kind in ("scores", "context") else 1,
        )
    return DesignPoint(
        architecture=architecture,
        weight_bits=dict.fromkeys(linear_names(architecture), weight_bits),
        activation_bits=bits,
        engines=engines,
    )


_ADAPTER = TypeAdapter(DesignPoint)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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


def _check_tied(architecture: Architecture, bits: Mapping[str, int]) -> None:
    names = tied_streams(architecture)
    if len({bits[name] for name in names}) > 1:
        raise ValueError(f"activation_bits {', '.join(names)} must be equal when layers are repeated")


def _check_engine(name: str, kind: EngineKind, engine: Engine, limit: int) -> None:
    if limit % engine.lanes:
        raise ValueError(f"engines {name}: lanes ({engine.lanes}) must divide {limit}")
    choices = memory_choices(kind)
    if (engine.memory is None) != (not choices) or (choices and engine.memory not in choices):
        allowed = ", ".join(choices) or "absent"
        raise ValueError(f"engines {name}: memory is {engine.memory}, but must be {allowed}")
    if (engine.multiplier is None) != (not choices):
        raise ValueError(f"engines {name}: multiplier must be {'auto, dsp or lut' if choices else 'absent'}")
    if engine.windows != 1 and kind not in ("scores", "context"):
        raise ValueError(f"engines {name}: windows is {engine.windows}, but must be 1 or absent")
