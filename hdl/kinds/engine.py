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

__all__ = ["engine_part"]


def engine_part(
    node: Linear | Scores | Context,
    of: Build,
    entity: str,
    source: str,
    shape: tuple[int, int],
    generics: Mapping[str, GenericValue],
    ports: Mapping[str, str],
    beside: Part,
    last_of: int | None = None,
) -> Part:
    """An engine behind its input buffer.

    Args:
        node: The node.
        of: The accelerator.
        entity: The engine itself.
        source: Whose rows the engine reads.
        shape: Bits of an element and elements of a row that it reads.
        generics: Those of the entity that not all engines have.
        ports: Likewise.
        beside: ROMs and stores: what stands between buffer and engine.
        last_of: Rows of a window of which the engine reads the last; None for all.
    """
    name, (x_bits, w_bits) = identifier(node.name), node.work.factors
    bits, columns = shape
    rows, style = of.schedule.buffer_rows[node.name], node.engine.buffer
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
        row_buffer(f"{name}_buffer", source, bits, columns, rows, style, reader=name, last_of=last_of),
        beside,
        Part(instances=(engine,)),
    )
