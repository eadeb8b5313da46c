"""Components of the attention engines."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model.component import Part
from cost_model.expected import scores_kept_bits
from cost_model.kinds import purposes
from cost_model.kinds.kind import Cost, Of
from quant_model.arithmetic import Number
from quant_model.kinds.attention import Context, Scores

__all__ = ["CONTEXT", "SCORES", "kept_bits", "product_parts"]


def product_parts(node: Scores, of: Of) -> Iterator[Part]:
    """Query buffer, key store, scores engine up to its sums."""
    entities, engine, rows = of.entities, node.engine, of.rows(node)
    lanes, width, dsp = engine.lanes, node.heads * node.d_head, engine.in_dsp
    groups = node.keys // lanes
    depth = groups * width
    query, key = node.query_format.bits, node.key_format.bits
    buffer = entities.row_buffer("row_buffer", width, rows, groups > 1)
    yield Part("buffer", buffer, purposes.BUFFERS, "buffer")
    of_x, of_w = entities.absorbed(dsp, lanes, query, True, key)
    ram = entities.ram(width * rows, query, engine.buffer_in_block, None, of_x)
    yield Part("ram", ram, purposes.BUFFERS, "datapath", "buffer.ram")
    store = entities.key_store(node.keys, node.heads, node.d_head, lanes, engine.windows)
    yield Part("store", store, purposes.STORES, "store")
    counter = entities.address_counter("read_counter", depth)
    yield Part("store_counter", counter, purposes.STORES, "store", "store.read_counter")
    banks = entities.rams(lanes, depth * engine.windows, key, engine.memory_in_block, of_w)
    yield Part("banks", banks, purposes.STORES, "datapath", "store.banks")
    control = entities.scores_control(node.rows, dsp)
    yield Part("control", control, purposes.CONTROL, "control", "engine")
    loops = entities.sequencer(node.heads, groups, node.d_head, of.timing(node).period, dsp)
    yield Part("loops", loops, purposes.CONTROL, "loops", "engine.loops")
    sums, kept = node.accumulator.bits, kept_bits(node)
    for usage in entities.mac_lanes(dsp, lanes, query, True, key, sums, kept):
        yield Part("lanes", usage, purposes.LANES, "datapath", "engine.lanes_of_engine")


def scores_parts(node: Scores, of: Of) -> Iterator[Part]:
    """Query buffer, key store, scores engine."""
    yield from product_parts(node, of)
    kept = kept_bits(node)
    stage = of.entities.constant_requantize(kept, kept, node.output.bits)
    yield Part("output_stage", stage, purposes.OUTPUT, "output_stage", "engine.output_stage")


def kept_bits(node: Scores) -> Number:
    """Bits of a dot product that a score depends on."""
    return scores_kept_bits(node.accumulator.bits, node.output.bits, node.d_head)


def context_parts(node: Context, of: Of) -> Iterator[Part]:
    """Score buffer, maxima, softmax table, value store, context engine."""
    entities, engine, rows, timing = of.entities, node.engine, of.rows(node), of.timing(node)
    lanes, row, dsp = engine.lanes, node.heads * node.keys, engine.in_dsp
    groups, words = node.d_head // lanes, node.heads * node.d_head // lanes * node.keys
    score, probability, value = node.score_format.bits, node.probability.bits, node.output.bits
    buffer = entities.row_buffer("row_buffer", row, rows, groups > 1)
    yield Part("buffer", buffer, purposes.BUFFERS, "buffer")
    ram = entities.ram(row * rows, score, engine.buffer_in_block)
    yield Part("ram", ram, purposes.BUFFERS, "datapath", "buffer.ram")
    yield Part("maximum", entities.row_maximum(score, node.keys), purposes.SOFTMAX, "maximum")
    maxima = entities.row_buffer("maxima_buffer", node.heads, rows)
    yield Part("maxima", maxima, purposes.BUFFERS, "maximum")
    ram = entities.ram(node.heads * rows, score, False)
    yield Part("maxima_ram", ram, purposes.BUFFERS, "maximum", "maxima.ram")
    table = entities.softmax(score, probability)
    yield Part("softmax_table", table, purposes.SOFTMAX, "datapath", "softmax_rom")
    store = entities.value_store(value, node.keys, node.columns, lanes, engine.windows)
    yield Part("store", store, purposes.STORES, "store")
    counter = entities.address_counter("read_counter", words)
    yield Part("store_counter", counter, purposes.STORES, "store", "store.read_counter")
    # The numerators go to the sum of them, too.
    _, of_w = entities.absorbed(dsp, lanes, probability, False, value)
    bits = lanes * value
    ram = entities.ram(words * engine.windows, bits, engine.memory_in_block, None, lanes * of_w)
    yield Part("store_ram", ram, purposes.STORES, "datapath", "store.ram")
    sums, denominator = node.accumulator.bits, node.denominator.bits
    control = entities.context_control(node.rows, score, denominator, timing.mac_latency)
    yield Part("control", control, purposes.CONTROL, "control", "engine")
    loops = entities.sequencer(node.heads, groups, node.keys, timing.period, dsp)
    yield Part("loops", loops, purposes.CONTROL, "loops", "engine.loops")
    for usage in entities.mac_lanes(dsp, lanes, probability, False, value, sums, sums):
        yield Part("lanes", usage, purposes.LANES, "datapath", "engine.lanes_of_engine")
    divider = entities.divider(denominator, value, timing.mac_latency)
    yield Part("normaliser", divider, purposes.DIVISION, "normaliser", "engine.normaliser")


SCORES, CONTEXT = Cost(scores_parts), Cost(context_parts)
