"""Pooling: the running sums and their output stage."""

from __future__ import annotations

from hdl.kinds.kind import Build
from hdl.netlist import Instance, Part, Signal, identifier, stream_signals
from quant_model.kinds.pooling import Pooling


def build(node: Pooling, of: Build) -> Part:
    """The parts of a pooling engine."""
    name, source = identifier(node.name), identifier(node.source)
    engine = Instance(
        label=f"{name}_engine",
        entity="pooling_engine",
        generics={
            "ROWS": node.window,
            "COLUMNS": node.columns,
            "IN_BITS": node.input.bits,
            "SUM_BITS": node.total.bits,
            "SHIFT": node.shift(of.model.parameters, of.model.source_exponents(node.name)),
            "OUT_BITS": node.output.bits,
            "STYLE": node.engine.buffer,
        },
        ports={
            "start": f"{source}_start",
            "ready": f"{name}_sink_ready",
            "valid": f"{source}_valid",
            "data": f"{source}_data",
            "out_ready": f"{name}_ready",
            "out_start": f"{name}_start",
            "out_valid": f"{name}_valid",
            "out_data": f"{name}_data",
        },
    )
    return Part(
        signals=(*stream_signals(node.name, node.output.bits), Signal(f"{name}_sink_ready")),
        instances=(engine,),
    )
