"""Components of a pooling engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cost_model import entities
from cost_model.arithmetic import Number
from cost_model.component import Usage
from cost_model.sums import pooled_width
from quant_model.pooling import Pooling

__all__ = ["PoolingShape", "shape", "usages"]


@dataclass(frozen=True, slots=True)
class PoolingShape:
    """What a pooling engine's cost depends on: numbers, or arrays over many designs."""

    window: Number
    columns: Number
    in_bits: Number
    filled: Number
    """Bits of the input that are not constant."""
    out_bits: Number
    buffer_block: Number


def shape(node: Pooling, filled: float) -> PoolingShape:
    """The shape of a network's node, given the bits of its input that are not constant."""
    return PoolingShape(
        window=node.window,
        columns=node.columns,
        in_bits=node.input.bits,
        filled=filled,
        out_bits=node.output.bits,
        buffer_block=node.engine.buffer == "block",
    )


def usages(own: PoolingShape) -> Iterator[tuple[str, Usage]]:
    """The running sums and their output stage."""
    total = pooled_width(own.window, own.in_bits)
    used = total - own.in_bits + own.filled
    yield "engine", entities.pooling_engine(own.window, own.columns, own.filled, used, own.out_bits)
    yield "ram", entities.ram(own.columns, total, own.buffer_block)
