"""Components of the attention engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cost_model import entities
from cost_model.arithmetic import Number
from cost_model.component import Usage
from cost_model.expected import scores_kept_bits
from cost_model.sums import context_widths, dot_widths
from quant_model.attention import Context, Scores

__all__ = ["ContextShape", "ScoresShape", "context_shape", "context_usages", "scores_shape", "scores_usages"]


@dataclass(frozen=True, slots=True)
class ScoresShape:
    """What a scores engine's cost depends on: numbers, or arrays over many designs."""

    window: Number
    heads: Number
    d_head: Number
    query_bits: Number
    key_bits: Number
    out_bits: Number
    lanes: Number
    period: Number
    rows: Number
    """Rows in the query buffer."""
    dsp: Number
    buffer_block: Number
    memory_block: Number
    windows: Number
    """In the key store."""


@dataclass(frozen=True, slots=True)
class ContextShape:
    """What a context engine's cost depends on: numbers, or arrays over many designs."""

    window: Number
    heads: Number
    d_head: Number
    score_bits: Number
    probability_bits: Number
    value_bits: Number
    lanes: Number
    period: Number
    mac_latency: Number
    rows: Number
    """Rows in the score buffer."""
    dsp: Number
    buffer_block: Number
    memory_block: Number
    windows: Number
    """In the value store."""


def scores_shape(node: Scores, rows: int, period: int) -> ScoresShape:
    """The shape of a network's node, given its buffer's rows and its clocks per group."""
    return ScoresShape(
        window=node.rows,
        heads=node.heads,
        d_head=node.d_head,
        query_bits=node.query_format.bits,
        key_bits=node.key_format.bits,
        out_bits=node.output.bits,
        lanes=node.engine.lanes,
        period=period,
        rows=rows,
        dsp=node.engine.multiplier == "dsp",
        buffer_block=node.engine.buffer == "block",
        memory_block=node.engine.memory == "block",
        windows=node.engine.windows,
    )


def context_shape(node: Context, rows: int, period: int, mac_latency: int) -> ContextShape:
    """The shape of a network's node, given its buffer's rows, its clocks per group and its lanes' latency."""
    return ContextShape(
        window=node.rows,
        heads=node.heads,
        d_head=node.d_head,
        score_bits=node.score_format.bits,
        probability_bits=node.probability.bits,
        value_bits=node.output.bits,
        lanes=node.engine.lanes,
        period=period,
        mac_latency=mac_latency,
        rows=rows,
        dsp=node.engine.multiplier == "dsp",
        buffer_block=node.engine.buffer == "block",
        memory_block=node.engine.memory == "block",
        windows=node.engine.windows,
    )


def scores_usages(own: ScoresShape) -> Iterator[tuple[str, Usage]]:
    """Query buffer, key store, scores engine."""
    lanes, width = own.lanes, own.heads * own.d_head
    groups = own.window // lanes
    depth = groups * width
    yield "buffer", entities.row_buffer("row_buffer", width, own.rows, groups > 1)
    yield "ram", entities.ram(width * own.rows, own.query_bits, own.buffer_block)
    yield "store", entities.key_store(own.window, own.heads, own.d_head, lanes, own.windows)
    yield "store_counter", entities.address_counter("read_counter", depth)
    yield "banks", entities.rams(lanes, depth * own.windows, own.key_bits, own.memory_block)
    yield "control", entities.scores_control(own.window, own.dsp)
    yield "loops", entities.sequencer(own.heads, groups, own.d_head, own.period)
    _, sums = dot_widths(own.d_head, own.query_bits, own.key_bits)
    kept = scores_kept_bits(sums, own.out_bits, own.d_head)
    yield from entities.mac_lanes(own.dsp, (lanes, own.query_bits, True, own.key_bits, sums, kept))
    yield "output_stage", entities.constant_requantize(kept, kept, own.out_bits)


def context_usages(own: ContextShape) -> Iterator[tuple[str, Usage]]:
    """Score buffer, maxima, softmax table, value store, context engine."""
    lanes, row = own.lanes, own.heads * own.window
    groups, words = own.d_head // lanes, own.heads * own.d_head // lanes * own.window
    yield "buffer", entities.row_buffer("row_buffer", row, own.rows, groups > 1)
    yield "ram", entities.ram(row * own.rows, own.score_bits, own.buffer_block)
    yield "maximum", entities.row_maximum(own.score_bits, own.window)
    yield "maxima", entities.row_buffer("maxima_buffer", own.heads, own.rows)
    yield "maxima_ram", entities.ram(own.heads * own.rows, own.score_bits, False)
    yield "softmax_table", entities.softmax(own.score_bits, own.probability_bits)
    columns = own.heads * own.d_head
    yield "store", entities.value_store(own.value_bits, own.window, columns, lanes, own.windows)
    yield "store_counter", entities.address_counter("read_counter", words)
    yield "store_ram", entities.ram(words * own.windows, lanes * own.value_bits, own.memory_block)
    sums, denominator = context_widths(own.window, own.probability_bits, own.value_bits)
    yield (
        "control",
        entities.context_control(own.window, own.score_bits, denominator, own.dsp, own.mac_latency),
    )
    yield "loops", entities.sequencer(own.heads, groups, own.window, own.period)
    yield from entities.mac_lanes(own.dsp, (lanes, own.probability_bits, False, own.value_bits, sums, sums))
    yield "normaliser", entities.divider(denominator, own.value_bits)
