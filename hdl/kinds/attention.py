"""Attention engines: scores with the key store, context with softmax table and value store."""

from __future__ import annotations

from collections.abc import Mapping

from hdl.kinds.engine import engine_part, input_rows
from hdl.kinds.kind import Build
from hdl.netlist import (
    GenericValue,
    Instance,
    Part,
    Rom,
    Signal,
    half,
    identifier,
    joined,
    rom_part,
    twos_complement,
)
from quant_model.kinds.attention import Context, Scores


def build_scores(node: Scores, of: Build) -> Part:
    """Query buffer, key store, scores engine, which adds nothing but the rounding constant."""
    shift = node.shift(of.model.parameters, of.model.source_exponents(node.name))
    rounding = twos_complement(half(shift), node.total.bits)
    bias = {"bias_step": "open", "bias": f'"{rounding:0{node.total.bits}b}"'}
    return biased_scores(node, of, bias, Part())


def biased_scores(node: Scores, of: Build, bias: Mapping[str, str], beside: Part) -> Part:
    """The same with other biases: the ports that they come in by, and what drives these."""
    name = identifier(node.name)
    # The barrier opens when everything that lies behind it in stores is there: the values, too.
    (context, _), *_ = of.network.readers(node.name)
    loops = {"HEADS": node.heads, "D_HEAD": node.d_head}
    generics = {
        "ROWS": node.rows,
        "KEYS": node.keys,
        **loops,
        "SUM_BITS": node.total.bits,
        "SHIFT": node.shift(of.model.parameters, of.model.source_exponents(node.name)),
        "OUT_BITS": node.output.bits,
    }
    ports = {
        **bias,
        "key_full": f"{name}_store_full",
        "value_full": f"{identifier(context.name)}_store_full",
        "x": f"{name}_buffer_data",
        "key_retire": f"{name}_store_retire",
        "key_data": f"{name}_store_data",
    }
    store = _store(node, "key_store", node.key, node.key_format.bits, loops, f"{name}_step")
    buffer = input_rows(node, of, node.query, node.query_format.bits, node.heads * node.d_head)
    return engine_part(node, of, "scores_engine", buffer, generics, ports, joined(store, beside))


def build_context(node: Context, of: Build) -> Part:
    """Score buffer, maxima, softmax table, value store, context engine."""
    name, score_bits = identifier(node.name), node.score_format.bits
    table = Rom(
        f"{name}_softmax_table",
        f"Softmax numerators of {node.name}",
        node.probability.bits,
        tuple(int(value) for value in node.table),
        "logic",
    )
    generics = {
        "ROWS": node.rows,
        "KEYS": node.keys,
        "HEADS": node.heads,
        "D_HEAD": node.d_head,
        "SCORE_BITS": score_bits,
        "DENOMINATOR_BITS": node.denominator.bits,
    }
    ports = {
        "value_full": f"{name}_store_full",
        "score": f"{name}_buffer_data",
        "maximum": f"{name}_maxima_data",
        "softmax_address": f"{name}_softmax_address",
        "softmax_data": f"{name}_softmax_data",
        "value_step": f"{name}_store_step",
        "value_retire": f"{name}_store_retire",
        "value_data": f"{name}_store_data",
    }
    shape = {"COLUMNS": node.columns}
    beside = joined(
        _maxima(node, of),
        rom_part(f"{name}_softmax", table),
        _store(node, "value_store", node.value, node.output.bits, shape, f"{name}_store_step"),
        Part((Signal(f"{name}_store_step"),)),
    )
    buffer = input_rows(node, of, node.scores, score_bits, node.heads * node.keys)
    return engine_part(node, of, "context_engine", buffer, generics, ports, beside)


def _maxima(node: Context, of: Build) -> Part:
    """The maximum of each head's scores, in a queue beside the score buffer."""
    name, scores, bits = identifier(node.name), identifier(node.scores), node.score_format.bits
    maximum = Instance(
        label=f"{name}_maximum",
        entity="row_maximum",
        generics={"BITS": bits, "COUNT": node.keys},
        ports={
            "valid": f"{scores}_valid",
            "data": f"{scores}_data",
            "out_valid": f"{name}_maximum_valid",
            "out_data": f"{name}_maximum_data",
        },
    )
    # The cursor moves on where the score buffer's goes to the next head. Its row handshake is the score
    # buffer's own.
    maxima = Instance(
        label=f"{name}_maxima",
        entity="row_buffer",
        generics={
            "BITS": bits,
            "COLUMNS": node.heads,
            "ROWS": of.schedule.buffer_rows[node.name],
            "STYLE": "distributed",
        },
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
    signals = (
        Signal(f"{name}_maximum_valid"),
        Signal(f"{name}_maximum_data", bits),
        Signal(f"{name}_maxima_data", bits),
    )
    return Part(signals, (maximum, maxima))


def _store(
    node: Scores | Context, entity: str, source: str, bits: int, shape: Mapping[str, GenericValue], step: str
) -> Part:
    """The store of a window's keys or values; the signal ``step`` moves the engine's cursor in it."""
    name, source, lanes = f"{identifier(node.name)}_store", identifier(source), node.engine.lanes
    instance = Instance(
        label=name,
        entity=entity,
        generics={
            "BITS": bits,
            "ROWS": node.keys,
            **shape,
            "LANES": lanes,
            "WINDOWS": node.engine.windows,
            "RING": any(edge.type == "ring" for edge in node.inputs),
            "STYLE": str(node.engine.memory),
        },
        ports={
            "start": f"{source}_start",
            "ready": f"{name}_ready",
            "write_valid": f"{source}_valid",
            "write_data": f"{source}_data",
            "full": f"{name}_full",
            "retire": f"{name}_retire",
            "step": step,
            "read_data": f"{name}_data",
        },
    )
    controls = tuple(Signal(f"{name}_{part}") for part in ("ready", "full", "retire"))
    return Part((*controls, Signal(f"{name}_data", lanes * bits)), (instance,))
