"""Engines with lanes: the wiring that linear, scores and context share."""

from __future__ import annotations

from collections.abc import Mapping

from hdl.kinds.kind import Build
from hdl.netlist import (
    CURSOR,
    GenericValue,
    Instance,
    Part,
    cursor_signals,
    identifier,
    joined,
    row_buffer,
    stream_signals,
)
from quant_model.kinds.attention import Context, Scores
from quant_model.kinds.linear import Linear

__all__ = ["engine_part", "input_rows"]


def engine_part(
    node: Linear | Scores | Context,
    of: Build,
    entity: str,
    buffer: Part,
    generics: Mapping[str, GenericValue],
    ports: Mapping[str, str],
    beside: Part,
) -> Part:
    """An engine behind its input buffer.

    Args:
        node: The node.
        of: The accelerator.
        entity: The engine itself.
        buffer: What its rows come from, named ``buffer`` behind the node's name.
        generics: Those of the entity that not all engines have.
        ports: Likewise.
        beside: ROMs and stores: what stands between buffer and engine.
    """
    name, (x_bits, w_bits) = identifier(node.name), node.work.factors
    engine = Instance(
        label=f"{name}_engine",
        entity=entity,
        generics={
            **generics,
            "LANES": node.engine.lanes,
            "PERIOD": of.schedule.timings[node.name].period,
            "X_BITS": x_bits,
            "W_BITS": w_bits,
            "ACC_BITS": node.accumulator.bits,
            "MULTIPLIER": str(node.engine.multiplier),
        },
        ports={
            **{part: f"{name}_{part}" for part in (*CURSOR, "ready", "start")},
            **ports,
            "out_valid": f"{name}_valid",
            "out_data": f"{name}_data",
        },
    )
    return joined(
        Part((*stream_signals(node.name, node.output.bits), *cursor_signals(name))),
        buffer,
        beside,
        Part(instances=(engine,)),
    )


def input_rows(
    node: Linear | Scores | Context,
    of: Build,
    source: str,
    bits: int,
    columns: int,
    last_of: int | None = None,
    joins: int | None = None,
) -> Part:
    """An engine's input buffer: rows of so many elements of ``source``; the last of ``last_of``, or all.

    With ``joins`` so many rows of the source's are one of these.
    """
    name, rows = identifier(node.name), of.schedule.buffer_rows[node.name]
    return row_buffer(
        f"{name}_buffer",
        source,
        bits,
        columns,
        rows,
        node.engine.buffer,
        reader=name,
        last_of=last_of,
        joins=joins,
        to_come=of.to_come(source, columns),
    )
