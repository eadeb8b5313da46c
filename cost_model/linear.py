"""Components of a linear engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cost_model import entities
from cost_model.arithmetic import Number, at_least, pick, remembered
from cost_model.component import Usage
from cost_model.expected import bias_columns, filled_bits, kept_bits, residual_bits, typical_bits
from cost_model.memories import varying_share
from cost_model.sums import linear_widths
from quant_model.linear import Linear
from quant_model.residual import Residual

__all__ = ["LinearShape", "passed_bits", "shape", "usages"]


@dataclass(frozen=True, slots=True)
class LinearShape:
    """What a linear engine's cost depends on: numbers, or arrays over many designs."""

    inputs: Number
    columns: Number
    biases: Number
    """Words of the bias ROM: per token and column for the embedding, per column for the others."""
    embedding: bool
    x_bits: Number
    x_signed: bool
    w_bits: Number
    out_bits: Number
    """Of the requantised output; None where the sum is passed on."""
    out_signed: bool
    residual: tuple[Number, Number] | None
    """Stream and output bits of the addition behind an engine that passes its sum on; None for the head."""
    lanes: Number
    period: Number
    rows: Number
    """Rows in the input buffer."""
    dsp: Number
    buffer_block: Number
    memory_block: Number


def shape(node: Linear, rows: int, period: int, residual: Residual | None) -> LinearShape:
    """The shape of a network's node, given its buffer's rows, clocks per group and the addition behind it."""
    engine = node.engine
    return LinearShape(
        inputs=node.in_features,
        columns=node.columns,
        biases=node.bias_rows * node.columns,
        embedding=node.bias_rows > 1,
        x_bits=node.input.bits,
        x_signed=node.input.signed,
        w_bits=node.weight.bits,
        out_bits=node.target.bits if node.target else None,
        out_signed=node.target is None or node.target.signed,
        residual=(residual.stream_format.bits, residual.output.bits) if residual else None,
        lanes=engine.lanes,
        period=period,
        rows=rows,
        dsp=engine.multiplier == "dsp",
        buffer_block=engine.buffer == "block",
        memory_block=engine.memory == "block",
    )


def passed_bits(own: LinearShape) -> Number:
    """Bits of the head's sums: a single output's bias is constant, and seldom larger than the products."""
    _, accumulator, total = linear_widths(own.inputs, own.x_bits, own.x_signed, own.w_bits)
    return pick(own.columns == 1, accumulator + 1, total)


def usages(own: LinearShape) -> Iterator[tuple[str, Usage]]:
    """Input buffer, ROMs, lanes, output stage."""
    inputs, lanes, x_bits, w_bits = own.inputs, own.lanes, own.x_bits, own.w_bits
    groups = own.columns // lanes
    words, wide = groups * inputs, own.out_bits is None
    bound, accumulator, total = linear_widths(inputs, x_bits, own.x_signed, w_bits)
    yield "buffer", entities.row_buffer("row_buffer", inputs, own.rows, groups > 1)
    yield "ram", entities.ram(inputs * own.rows, x_bits, own.buffer_block)
    yield "weights", entities.rom(words, lanes * w_bits, lanes * w_bits, own.memory_block)
    columns = _bias_columns(total, bound, inputs, own.embedding, wide)
    # A bias per token makes a memory worth a choice; other biases are small and lie in logic.
    yield "biases", entities.rom(own.biases, columns, total, own.memory_block & own.embedding)
    yield "control", entities.linear_control(own.dsp, inputs == 1)
    yield "loops", entities.sequencer(1, groups, inputs, own.period)
    yield "weight_counter", entities.address_counter("weight_counter", words)
    yield "bias_counter", entities.address_counter("bias_counter", own.biases)
    # Of a few words in logic synthesis sees that many bits never change.
    varying = pick(words == 1, 0.0, pick(own.memory_block, 1.0, varying_share(words)))
    yield from entities.mac_lanes(
        own.dsp, (lanes, x_bits, own.x_signed, w_bits, accumulator, accumulator, varying)
    )
    yield "output_stage", _output_stage(own, bound, accumulator, total)


def typical(own: LinearShape) -> Number:
    """Bits that most of the engine's sums fill."""
    bound, _, _ = linear_widths(own.inputs, own.x_bits, own.x_signed, own.w_bits)
    return _typical_bits(bound, own.inputs, own.embedding, not own.out_signed)


def _output_stage(own: LinearShape, bound: Number, accumulator: Number, total: Number) -> Usage:
    if own.out_bits is not None:
        kept, filled = _kept(total, own.out_bits, typical(own))
        return entities.bias_requantize(accumulator, kept, filled)
    if own.residual is None:
        return entities.wide_bias(accumulator, passed_bits(own), own.columns == 1)
    unused, _, _ = residual_bits(bound, own.inputs, *own.residual)
    return entities.wide_bias(accumulator, at_least(total - unused, 1), False)


@remembered
def _kept(total: Number, out_bits: Number, typical_sum: Number) -> tuple[Number, Number]:
    return kept_bits(total, out_bits, typical_sum), filled_bits(out_bits, typical_sum)


_bias_columns, _typical_bits = remembered(bias_columns), remembered(typical_bits)
