"""Components of the attention engines."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model.component import Part
from cost_model.expected import scores_kept_bits
from cost_model.kinds import purposes
from cost_model.kinds.kind import Cost, Of
from quant_model.kinds.attention import Context, Scores

__all__ = ["CONTEXT", "SCORES"]


def scores_parts(node: Scores, of: Of) -> Iterator[Part]:
    """Query buffer, key store, scores engine."""
    entities, engine, rows = of.entities, node.engine, of.rows(node)
    lanes, width, dsp = engine.lanes, node.heads * node.d_head, engine.in_dsp
    groups = node.rows // lanes
    depth = groups * width
    query, key = node.query_format.bits, node.key_format.bits
    buffer = entities.row_buffer("row_buffer", width, rows, groups > 1)
    yield Part("buffer", buffer, purposes.BUFFERS, "buffer")
    yield Part("ram", entities.ram(width * rows, query, engine.buffer_in_block), purposes.BUFFERS, "datapath")
    store = entities.key_store(node.rows, node.heads, node.d_head, lanes, engine.windows)
    yield Part("store", store, purposes.STORES, "store")
    yield Part("store_counter", entities.address_counter("read_counter", depth), purposes.STORES, "store")
    banks = entities.rams(lanes, depth * engine.windows, key, engine.memory_in_block)
    yield Part("banks", banks, purposes.STORES, "datapath")
    yield Part("control", entities.scores_control(node.rows, dsp), purposes.CONTROL, "control")
    loops = entities.sequencer(node.heads, groups, node.d_head, of.timing(node).period)
    yield Part("loops", loops, purposes.CONTROL, "loops")
    sums = node.accumulator.bits
    kept = scores_kept_bits(sums, node.output.bits, node.d_head)
    for usage in entities.mac_lanes(dsp, lanes, query, True, key, sums, kept):
        yield Part("lanes", usage, purposes.LANES, "datapath")
    stage = entities.constant_requantize(kept, kept, node.output.bits)
    yield Part("output_stage", stage, purposes.OUTPUT, "output_stage")


def context_parts(node: Context, of: Of) -> Iterator[Part]:
    """Score buffer, maxima, softmax table, value store, context engine."""
    entities, engine, rows, timing = of.entities, node.engine, of.rows(node), of.timing(node)
    lanes, row, dsp = engine.lanes, node.heads * node.rows, engine.in_dsp
    groups, words = node.d_head // lanes, node.heads * node.d_head // lanes * node.rows
    score, probability, value = node.score_format.bits, node.probability.bits, node.output.bits
    buffer = entities.row_buffer("row_buffer", row, rows, groups > 1)
    yield Part("buffer", buffer, purposes.BUFFERS, "buffer")
    yield Part("ram", entities.ram(row * rows, score, engine.buffer_in_block), purposes.BUFFERS, "datapath")
    yield Part("maximum", entities.row_maximum(score, node.rows), purposes.SOFTMAX, "maximum")
    maxima = entities.row_buffer("maxima_buffer", node.heads, rows)
    yield Part("maxima", maxima, purposes.BUFFERS, "maximum")
    yield Part("maxima_ram", entities.ram(node.heads * rows, score, False), purposes.BUFFERS, "maximum")
    yield Part("softmax_table", entities.softmax(score, probability), purposes.SOFTMAX, "datapath")
    store = entities.value_store(value, node.rows, node.columns, lanes, engine.windows)
    yield Part("store", store, purposes.STORES, "store")
    yield Part("store_counter", entities.address_counter("read_counter", words), purposes.STORES, "store")
    ram = entities.ram(words * engine.windows, lanes * value, engine.memory_in_block)
    yield Part("store_ram", ram, purposes.STORES, "datapath")
    sums, denominator = node.accumulator.bits, node.denominator.bits
    control = entities.context_control(node.rows, score, denominator, dsp, timing.mac_latency)
    yield Part("control", control, purposes.CONTROL, "control")
    loops = entities.sequencer(node.heads, groups, node.rows, timing.period)
    yield Part("loops", loops, purposes.CONTROL, "loops")
    for usage in entities.mac_lanes(dsp, lanes, probability, False, value, sums, sums):
        yield Part("lanes", usage, purposes.LANES, "datapath")
    yield Part("normaliser", entities.divider(denominator, value), purposes.DIVISION, "normaliser")


SCORES, CONTEXT = Cost(scores_parts), Cost(context_parts)
