"""Components of a linear engine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from cost_model.component import Part, Usage
from cost_model.expected import bias_columns, bias_scatter, filled_bits, kept_bits, typical_bits
from cost_model.kinds import purposes
from cost_model.kinds.kind import Cost, Of
from quant_model.arithmetic import Number, pick, remembered
from quant_model.kinds.linear import Linear
from quant_model.node import Node

__all__ = ["COST", "last_row_parts", "passed_bits", "weighted_parts"]


def passed_bits(node: Node) -> Number:
    """Bits of the last node's sums: one output's bias is constant, and seldom larger than the products."""
    own = cast(Linear, node)
    return pick(own.columns == 1, own.accumulator.bits + 1, own.total.bits)


def parts(node: Linear, of: Of) -> Iterator[Part]:
    """Input buffer, ROMs, lanes, output stage."""
    entities, engine, inputs, rows = of.entities, node.engine, node.in_features, of.rows(node)
    buffer = entities.row_buffer("row_buffer", inputs, rows, node.columns // engine.lanes > 1)
    yield Part("buffer", buffer, purposes.BUFFERS, "buffer")
    yield from last_row_parts(node.last_of, inputs, of)
    if node.joins is not None:
        counter = entities.address_counter("bias_counter", node.joins)
        yield Part("joined_rows", counter, purposes.BUFFERS, "buffer", "buffer_joined")
    x_bits, signed = node.input.bits, node.input.signed
    of_x, _ = entities.absorbed(engine.in_dsp, engine.lanes, x_bits, signed, node.weight.bits)
    ram = entities.ram(inputs * rows, x_bits, engine.buffer_in_block, None, of_x)
    yield Part("ram", ram, purposes.BUFFERS, "datapath", "buffer.ram")
    if (gated := of.gated(node.source)) is not None:
        yield Part("gates", entities.gates(gated), purposes.BUFFERS, "datapath", "buffer")
    yield from weighted_parts(node, of)


def weighted_parts(node: Linear, of: Of) -> Iterator[Part]:
    """ROMs, lanes, output stage."""
    entities, engine = of.entities, node.engine
    inputs, lanes, x_bits, w_bits = node.in_features, engine.lanes, node.input.bits, node.weight.bits
    groups = node.columns // lanes
    words, biases = groups * inputs, node.bias_rows * node.columns
    bound, accumulator, total = node.product_bound, node.accumulator.bits, node.total.bits
    _, of_w = entities.absorbed(engine.in_dsp, lanes, x_bits, node.input.signed, w_bits)
    bits = lanes * w_bits
    weights = entities.rom(words, bits, bits, engine.memory_in_block, None, of_w > 0)
    yield Part("weights", weights, purposes.WEIGHTS, "datapath", "weight_rom")
    columns = _bias_columns(total, bound, inputs, node.positional, node.target is None)
    # A bias per token makes a memory worth a choice; other biases are small and lie in logic.
    in_block, scatter = engine.memory_in_block & node.positional, bias_scatter(node.positional)
    rom = entities.rom(biases, columns, total, in_block, scatter)
    yield Part("biases", rom, purposes.BIASES, "biases", "bias_rom")
    control = entities.linear_control(engine.in_dsp, inputs == 1)
    yield Part("control", control, purposes.CONTROL, "control", "engine")
    loops = entities.sequencer(1, groups, inputs, of.timing(node).period, engine.in_dsp)
    yield Part("loops", loops, purposes.CONTROL, "loops", "engine.loops")
    for label, depth in (("weight_counter", words), ("bias_counter", biases)):
        counter = entities.address_counter(label, depth)
        yield Part(label, counter, purposes.CONTROL, label, f"engine.{label}")
    # Of a few words in logic synthesis sees that many bits never change.
    varying = pick(words == 1, 0.0, pick(engine.memory_in_block, 1.0, entities.varying_share(words)))
    for usage in entities.mac_lanes(
        engine.in_dsp, lanes, x_bits, node.input.signed, w_bits, accumulator, accumulator, varying
    ):
        yield Part("lanes", usage, purposes.LANES, "datapath", "engine.lanes_of_engine")
    stage = _output_stage(node, of)
    yield Part("output_stage", stage, purposes.OUTPUT, "output_stage", "engine.output_stage")


def last_row_parts(rows: Number | None, columns: Number, of: Of) -> Iterator[Part]:
    """What lets the last of so many rows through to a buffer; nothing where all go there."""
    if rows is not None:
        # Rows begun, rows complete, and the place in one.
        for depth in (rows, rows, columns):
            counter = of.entities.address_counter("bias_counter", depth)
            yield Part("last_row", counter, purposes.BUFFERS, "buffer", "buffer_last")


def _output_stage(node: Linear, of: Of) -> Usage:
    bound, accumulator, total = node.product_bound, node.accumulator.bits, node.total.bits
    if node.target is not None:
        typical = _typical_bits(bound, node.in_features, node.positional, not node.target.signed)
        kept, filled = _kept(total, node.target.bits, typical)
        return of.entities.bias_requantize(accumulator, total, kept, filled)
    unused = of.unused(node)
    if unused is None:
        return of.entities.wide_bias(accumulator, total, passed_bits(node), node.columns == 1)
    return of.entities.branch_bias(accumulator, total)


@remembered
def _kept(total: Number, out_bits: Number, typical_sum: Number) -> tuple[Number, Number]:
    return kept_bits(total, out_bits, typical_sum), filled_bits(out_bits, typical_sum)


_bias_columns, _typical_bits = remembered(bias_columns), remembered(typical_bits)

COST = Cost(parts)
