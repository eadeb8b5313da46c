"""Components of the attention engines."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import entities
from cost_model.component import Component, Counts, counter_bits
from quant_model.attention import Context, Scores
from quant_model.schedule import Schedule


def scores_components(node: Scores, schedule: Schedule) -> Iterator[Component]:
    """Query buffer, key store, scores engine."""
    engine, timing = node.engine, schedule.timings[node.name]
    rows = schedule.buffer_rows[node.name]

    def component(label: str, entity: str, counts: Counts) -> Component:
        return Component(node.name, label, entity, counts)

    buffer = entities.row_buffer(node.query_format.bits, node.heads * node.d_head, rows, engine.buffer)
    yield component("buffer", "row_buffer", buffer)
    store = entities.key_store(
        node.key_format.bits, node.rows, node.heads, node.d_head, engine.lanes, str(engine.memory)
    )
    yield component("store", "key_store", store)
    row = counter_bits(node.rows)
    yield component("control", "scores_engine", Counts(lut=row + 4, ff=row + 3))
    loops = entities.sequencer(node.heads, node.rows // engine.lanes, node.d_head, timing.period)
    yield component("loops", "sequencer", loops)
    lanes = entities.mac_lanes(
        engine.lanes,
        node.query_format.bits,
        True,
        node.key_format.bits,
        node.accumulator.bits,
        str(engine.multiplier),
    )
    yield component("lanes", "mac_lanes", lanes)
    output = entities.bias_requantize(node.accumulator.bits, node.total.bits, False, node.output.bits)
    yield component("output_stage", "bias_requantize", output)


def context_components(node: Context, schedule: Schedule) -> Iterator[Component]:
    """Score buffer, maxima, softmax table, value store, context engine with its divider."""
    engine, timing = node.engine, schedule.timings[node.name]
    rows, score_bits = schedule.buffer_rows[node.name], node.score_format.bits
    denominator = node.denominator.bits

    def component(label: str, entity: str, counts: Counts) -> Component:
        return Component(node.name, label, entity, counts)

    buffer = entities.row_buffer(score_bits, node.heads * node.rows, rows, engine.buffer)
    yield component("buffer", "row_buffer", buffer)
    yield component("maximum", "row_maximum", entities.row_maximum(score_bits, node.rows))
    yield component("maxima", "row_buffer", entities.row_buffer(score_bits, node.heads, rows, "distributed"))
    table = entities.rom(1 << score_bits, node.probability.bits, "logic")
    yield component("softmax_table", "rom", table)
    store = entities.value_store(node.output.bits, node.rows, node.columns, engine.lanes, str(engine.memory))
    yield component("store", "value_store", store)
    row = counter_bits(node.rows)
    control = Counts(
        lut=score_bits + row + denominator + 4,
        lutram=2,
        ff=score_bits + row + (timing.mac_latency + 2) * denominator + 8,
    )
    yield component("control", "context_engine", control)
    loops = entities.sequencer(node.heads, node.d_head // engine.lanes, node.rows, timing.period)
    yield component("loops", "sequencer", loops)
    lanes = entities.mac_lanes(
        engine.lanes,
        node.probability.bits,
        False,
        node.output.bits,
        node.accumulator.bits,
        str(engine.multiplier),
    )
    yield component("lanes", "mac_lanes", lanes)
    divider = entities.divider(node.accumulator.bits, denominator, node.output.bits)
    yield component("normaliser", "divider", divider)
