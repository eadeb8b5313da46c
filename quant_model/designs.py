"""Many design points as arrays: one element per design in every number of shape, bits and engines.

All designs of a batch have the same nodes; every number may differ.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from quant_model.arithmetic import Number
from quant_model.design import DesignPoint
from quant_model.engine import Engine
from quant_model.families import AnyShape
from quant_model.graph import Graph, bind

__all__ = ["Designs", "Flags", "Ints"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_Record = TypeVar("_Record")


@dataclass(frozen=True, eq=False)
class Designs:
    """Design points of equal structure; ``(designs,)`` arrays, or plain numbers where all are alike."""

    shape: AnyShape
    weight_bits: Mapping[str, Number]
    """By node with weights."""
    activation_bits: Mapping[str, Number]
    """By tensor."""
    engines: Mapping[str, Engine]
    """By node."""
    count: int

    def __len__(self) -> int:
        return self.count

    @classmethod
    def of(cls, designs: Sequence[DesignPoint]) -> Designs:
        """The arrays of design points of equal structure.

        Raises:
            ValueError: their structures differ.
        """
        if len({design.shape.structure for design in designs}) != 1:
            raise ValueError("the designs of a batch must have the same layers, repeated or not")
        first = designs[0]
        return cls(
            shape=_stacked([design.shape for design in designs], first.shape.structural),
            weight_bits={
                name: np.array([design.weight_bits[name] for design in designs]) for name in first.weight_bits
            },
            activation_bits={
                name: np.array([design.activation_bits[name] for design in designs])
                for name in first.activation_bits
            },
            engines={
                name: _stacked([design.engines[name] for design in designs], ()) for name in first.engines
            },
            count=len(designs),
        )

    @cached_property
    def graph(self) -> Graph:
        """The graph of all of them."""
        return bind(self.shape, self)

    def part(self, rows: slice) -> Designs:
        """Some of the designs."""
        return Designs(
            shape=_cut(self.shape, rows),
            weight_bits={name: _cut_value(bits, rows) for name, bits in self.weight_bits.items()},
            activation_bits={name: _cut_value(bits, rows) for name, bits in self.activation_bits.items()},
            engines={name: _cut(engine, rows) for name, engine in self.engines.items()},
            count=len(range(self.count)[rows]),
        )

    def with_engines(self, engines: Mapping[str, Engine]) -> Designs:
        """The same designs with some engines replaced."""
        return dataclasses.replace(self, engines={**self.engines, **engines})


def _stacked(records: Sequence[_Record], alike: tuple[str, ...]) -> _Record:
    """One record of arrays; numbers that are ``alike``, and what is absent, stay as they are."""
    first: Any = records[0]
    columns = {
        field.name: getattr(first, field.name)
        if field.name in alike or getattr(first, field.name) is None
        else np.array([getattr(record, field.name) for record in records])
        for field in dataclasses.fields(first)
    }
    return dataclasses.replace(first, **columns)  # type: ignore[no-any-return]


def _cut(record: _Record, rows: slice) -> _Record:
    own: Any = record
    columns = {field.name: _cut_value(getattr(own, field.name), rows) for field in dataclasses.fields(own)}
    return dataclasses.replace(own, **columns)  # type: ignore[no-any-return]


def _cut_value(value: Any, rows: slice) -> Any:
    return value[rows] if isinstance(value, np.ndarray) else value
