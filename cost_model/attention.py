"""Components of the attention engines."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import entities
from cost_model.component import Usage
from cost_model.expected import scores_kept_bits
from quant_model.attention import Context, Scores


def scores_usages(node: Scores, rows: int, period: int) -> Iterator[tuple[str, Usage]]:
    """Query buffer, key store, scores engine.

    Args:
        node: the engine.
        rows: rows that the query buffer holds.
        period: clocks per group of scores.
    """
    engine, width = node.engine, node.heads * node.d_head
    groups, dsp = node.rows // engine.lanes, engine.multiplier == "dsp"
    depth = groups * width
    yield "buffer", entities.row_buffer("row_buffer", width, rows, groups > 1)
    yield "ram", entities.ram(width * rows, node.query_format.bits, engine.buffer == "block")
    yield "store", entities.key_store(node.rows, node.heads, node.d_head, engine.lanes)
    yield "store_counter", entities.address_counter("read_counter", depth)
    bank = entities.ram(depth, node.key_format.bits, engine.memory == "block")
    for lane in range(engine.lanes):
        yield f"bank{lane}", bank
    yield "control", entities.scores_control(node.rows, dsp)
    yield "loops", entities.sequencer(node.heads, groups, node.d_head, period)
    kept = scores_kept_bits(node.accumulator.bits, node.output.bits, node.d_head)
    if dsp:
        yield "lanes", entities.dsp_lanes(engine.lanes, kept)
    else:
        x_bits, w_bits = node.query_format.bits, node.key_format.bits
        yield (
            "lanes",
            entities.lut_lanes(engine.lanes, x_bits, True, w_bits, node.accumulator.bits, kept),
        )
    yield "output_stage", entities.constant_requantize(kept, kept, node.output.bits)


def context_usages(node: Context, rows: int, period: int, mac_latency: int) -> Iterator[tuple[str, Usage]]:
    """Score buffer, maxima, softmax table, value store, context engine.

    Args:
        node: the engine.
        rows: rows that the score buffer holds.
        period: clocks per group of outputs.
        mac_latency: clocks from a group's last product to its results.
    """
    engine, score_bits = node.engine, node.score_format.bits
    groups, dsp = node.d_head // engine.lanes, engine.multiplier == "dsp"
    words = node.columns // engine.lanes * node.rows
    yield "buffer", entities.row_buffer("row_buffer", node.heads * node.rows, rows, groups > 1)
    yield "ram", entities.ram(node.heads * node.rows * rows, score_bits, engine.buffer == "block")
    yield "maximum", entities.row_maximum(score_bits, node.rows)
    yield "maxima", entities.row_buffer("maxima_buffer", node.heads, rows)
    yield "maxima_ram", entities.ram(node.heads * rows, score_bits, False)
    yield "softmax_table", entities.softmax(score_bits, node.probability.bits)
    yield "store", entities.value_store(node.output.bits, node.rows, node.columns, engine.lanes)
    yield "store_counter", entities.address_counter("read_counter", words)
    yield "store_ram", entities.ram(words, engine.lanes * node.output.bits, engine.memory == "block")
    denominator = node.denominator.bits
    yield "control", entities.context_control(node.rows, score_bits, denominator, dsp, mac_latency)
    yield "loops", entities.sequencer(node.heads, groups, node.rows, period)
    sums = node.accumulator.bits
    if dsp:
        yield "lanes", entities.dsp_lanes(engine.lanes, sums)
    else:
        yield (
            "lanes",
            entities.lut_lanes(engine.lanes, node.probability.bits, False, node.output.bits, sums, sums),
        )
    yield "normaliser", entities.divider(denominator, node.output.bits)
