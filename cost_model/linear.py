"""Components of a linear engine."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import entities
from cost_model.arithmetic import at_least
from cost_model.component import Usage
from cost_model.expected import bias_columns, filled_bits, kept_bits, residual_bits, typical_bits
from quant_model.linear import Linear
from quant_model.residual import Residual


def passed_bits(node: Linear) -> int:
    """Bits of a passed-on sum: a single output's bias is constant, and seldom larger than the products."""
    return node.accumulator.bits + 1 if node.columns == 1 else node.total.bits


def usages(node: Linear, rows: int, period: int, residual: Residual | None) -> Iterator[tuple[str, Usage]]:
    """Input buffer, ROMs, lanes, output stage.

    Args:
        node: the engine.
        rows: rows that its input buffer holds.
        period: clocks per group of outputs.
        residual: the addition behind it, if any.
    """
    engine, inputs = node.engine, node.in_features
    groups = node.columns // engine.lanes
    words, biases = groups * inputs, node.bias_rows * node.columns
    bound, typical = node.product_bound, _typical(node)
    dsp, in_block = engine.multiplier == "dsp", engine.memory == "block"
    embedding, wide = node.bias_rows > 1, node.target is None
    yield "buffer", entities.row_buffer("row_buffer", inputs, rows, groups > 1)
    yield "ram", entities.ram(inputs * rows, node.input.bits, engine.buffer == "block")
    yield (
        "weights",
        entities.rom(words, engine.lanes * node.weight.bits, engine.lanes * node.weight.bits, in_block),
    )
    columns = bias_columns(node.total.bits, bound, inputs, embedding, wide)
    yield "biases", entities.rom(biases, columns, node.total.bits, in_block and embedding)
    yield "control", entities.linear_control(dsp, inputs == 1)
    yield "loops", entities.sequencer(1, groups, inputs, period)
    yield "weight_counter", entities.address_counter("weight_counter", words)
    yield "bias_counter", entities.address_counter("bias_counter", biases)
    sums = node.accumulator.bits
    if dsp:
        yield "lanes", entities.dsp_lanes(engine.lanes, sums)
    else:
        x_bits, w_bits = node.input.bits, node.weight.bits
        yield (
            "lanes",
            entities.lut_lanes(engine.lanes, x_bits, node.input.signed, w_bits, sums, sums, words == 1),
        )
    yield "output_stage", _output_stage(node, residual, typical)


def _output_stage(node: Linear, residual: Residual | None, typical: float) -> Usage:
    accumulator, total = node.accumulator.bits, node.total.bits
    if node.target is not None:
        kept = kept_bits(total, node.target.bits, typical)
        return entities.bias_requantize(accumulator, kept, filled_bits(node.target.bits, typical))
    if residual is None:
        return entities.wide_bias(accumulator, passed_bits(node), node.columns == 1)
    branch_low, _, _ = residual_bits(
        node.product_bound, node.in_features, residual.stream_format.bits, residual.output.bits
    )
    return entities.wide_bias(accumulator, at_least(total - branch_low, 1), False)


def _typical(node: Linear) -> float:
    unsigned = not node.output.signed
    return float(typical_bits(node.product_bound, node.in_features, node.bias_rows > 1, unsigned))
