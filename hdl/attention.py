"""Attention engines: scores with the key store, context with softmax table and value store."""

from __future__ import annotations

from hdl.linear import rom_instance, rom_signals
from hdl.netlist import (
    Build,
    Instance,
    Part,
    Rom,
    Signal,
    cursor_signals,
    identifier,
    row_buffer,
    stream_signals,
)
from quant_model.kinds.attention import Context, Scores


def build_scores(node: Scores, of: Build) -> Part:
    """Query buffer, key store, scores engine."""
    name, timing = identifier(node.name), of.schedule.timings[node.name]
    context = next(c for c in of.network.consumers(node.name) if isinstance(c, Context))
    rows = of.schedule.buffer_rows[node.name]
    buffer_signals, buffer = row_buffer(
        f"{name}_buffer",
        node.query,
        node.query_format.bits,
        node.heads * node.d_head,
        rows,
        node.engine.buffer,
        reader=name,
    )
    store = Instance(
        label=f"{name}_store",
        entity="key_store",
        generics={
            "BITS": node.key_format.bits,
            "ROWS": node.rows,
            "HEADS": node.heads,
            "D_HEAD": node.d_head,
            "LANES": node.engine.lanes,
            "WINDOWS": node.engine.windows,
            "STYLE": str(node.engine.memory),
        },
        ports={**_store_ports(name, node.key), "step": f"{name}_step"},
    )
    engine = Instance(
        label=f"{name}_engine",
        entity="scores_engine",
        generics={
            "ROWS": node.rows,
            "HEADS": node.heads,
            "D_HEAD": node.d_head,
            "LANES": node.engine.lanes,
            "PERIOD": timing.period,
            "X_BITS": node.query_format.bits,
            "W_BITS": node.key_format.bits,
            "ACC_BITS": node.accumulator.bits,
            "MULTIPLIER": str(node.engine.multiplier),
            "MAC_LATENCY": timing.mac_latency,
            "SUM_BITS": node.total.bits,
            "SHIFT": node.shift(of.model.parameters, of.model.source_exponents(node.name)),
            "OUT_BITS": node.output.bits,
        },
        ports={
            **_engine_ports(name),
            "key_full": f"{name}_store_full",
            "value_full": f"{identifier(context.name)}_store_full",
            "x": f"{name}_buffer_data",
            "key_retire": f"{name}_store_retire",
            "key_data": f"{name}_store_data",
        },
    )
    return Part(
        signals=(
            *stream_signals(node.name, node.output.bits),
            *cursor_signals(name),
            *buffer_signals,
            *_store_signals(name, node.engine.lanes * node.key_format.bits),
        ),
        instances=(buffer, store, engine),
    )


def build_context(node: Context, of: Build) -> Part:
    """Score buffer, maxima, softmax table, value store, context engine."""
    name, timing = identifier(node.name), of.schedule.timings[node.name]
    rows, score_bits = of.schedule.buffer_rows[node.name], node.score_format.bits
    scores = identifier(node.scores)
    softmax = Rom(
        f"{name}_softmax_table",
        f"Softmax numerators of {node.name}",
        node.probability.bits,
        tuple(int(value) for value in node.table),
        "logic",
    )
    buffer_signals, buffer = row_buffer(
        f"{name}_buffer",
        node.scores,
        score_bits,
        node.heads * node.rows,
        rows,
        node.engine.buffer,
        reader=name,
    )
    maximum = Instance(
        label=f"{name}_maximum",
        entity="row_maximum",
        generics={"BITS": score_bits, "COUNT": node.rows},
        ports={
            "valid": f"{scores}_valid",
            "data": f"{scores}_data",
            "out_valid": f"{name}_maximum_valid",
            "out_data": f"{name}_maximum_data",
        },
    )
    # One maximum per head; the cursor moves on where the score buffer's goes to the next head. Its row
    # handshake is the score buffer's own.
    maxima = Instance(
        label=f"{name}_maxima",
        entity="row_buffer",
        generics={"BITS": score_bits, "COLUMNS": node.heads, "ROWS": rows, "STYLE": "distributed"},
        ports={
            "start": f"{scores}_start",
            "ready": "open",
            "write_valid": f"{name}_maximum_valid",
            "write_data": f"{name}_maximum_data",
            "available": "open",
            "step": f"{name}_commit",
            "rewind": "'0'",
            "commit": "'0'",
            "retire": f"{name}_retire",
            "read_data": f"{name}_maxima_data",
        },
    )
    store = Instance(
        label=f"{name}_store",
        entity="value_store",
        generics={
            "BITS": node.output.bits,
            "ROWS": node.rows,
            "COLUMNS": node.columns,
            "LANES": node.engine.lanes,
            "WINDOWS": node.engine.windows,
            "STYLE": str(node.engine.memory),
        },
        ports={**_store_ports(name, node.value), "step": f"{name}_store_step"},
    )
    engine = Instance(
        label=f"{name}_engine",
        entity="context_engine",
        generics={
            "ROWS": node.rows,
            "HEADS": node.heads,
            "D_HEAD": node.d_head,
            "LANES": node.engine.lanes,
            "PERIOD": timing.period,
            "SCORE_BITS": score_bits,
            "X_BITS": node.probability.bits,
            "W_BITS": node.output.bits,
            "ACC_BITS": node.accumulator.bits,
            "DENOMINATOR_BITS": node.denominator.bits,
            "MULTIPLIER": str(node.engine.multiplier),
            "MAC_LATENCY": timing.mac_latency,
        },
        ports={
            **_engine_ports(name),
            "value_full": f"{name}_store_full",
            "score": f"{name}_buffer_data",
            "maximum": f"{name}_maxima_data",
            "softmax_address": f"{name}_softmax_address",
            "softmax_data": f"{name}_softmax_data",
            "value_step": f"{name}_store_step",
            "value_retire": f"{name}_store_retire",
            "value_data": f"{name}_store_data",
        },
    )
    return Part(
        signals=(
            *stream_signals(node.name, node.output.bits),
            *cursor_signals(name),
            *buffer_signals,
            *_store_signals(name, node.engine.lanes * node.output.bits),
            Signal(f"{name}_store_step"),
            Signal(f"{name}_maximum_valid"),
            Signal(f"{name}_maximum_data", score_bits),
            Signal(f"{name}_maxima_data", score_bits),
            *rom_signals(f"{name}_softmax", softmax),
        ),
        instances=(buffer, maximum, maxima, rom_instance(f"{name}_softmax", softmax), store, engine),
        roms=(softmax,),
    )


def _engine_ports(name: str) -> dict[str, str]:
    parts = ("available", "ready", "start", "step", "rewind", "commit", "retire")
    outputs = {"out_valid": f"{name}_valid", "out_data": f"{name}_data"}
    return {**{part: f"{name}_{part}" for part in parts}, **outputs}


def _store_ports(name: str, source: str) -> dict[str, str]:
    source = identifier(source)
    return {
        "start": f"{source}_start",
        "ready": f"{name}_store_ready",
        "write_valid": f"{source}_valid",
        "write_data": f"{source}_data",
        "full": f"{name}_store_full",
        "retire": f"{name}_store_retire",
        "read_data": f"{name}_store_data",
    }


def _store_signals(name: str, bits: int) -> tuple[Signal, ...]:
    controls = tuple(Signal(f"{name}_store_{part}") for part in ("ready", "full", "retire"))
    return (*controls, Signal(f"{name}_store_data", bits))
