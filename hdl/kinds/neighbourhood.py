"""Neighbourhoods: the image's last lines, and the engine that sends what lies around each centre."""

from __future__ import annotations

from hdl.kinds.kind import Build
from hdl.netlist import Instance, Part, Signal, identifier, joined, line_buffer, stream_signals
from quant_model.kinds.neighbourhood import Neighbourhood


def build(node: Neighbourhood, of: Build) -> Part:
    """The parts of a neighbourhood."""
    name, bits = identifier(node.name), node.output.bits
    buffer = line_buffer(
        f"{name}_buffer",
        node.source,
        bits,
        (1, node.channels, 1),
        node.image,
        of.schedule.buffer_rows[node.name],
        node.engine.buffer,
        reader=name,
    )
    engine = Instance(
        label=f"{name}_engine",
        entity="neighbourhood_engine",
        generics={"BITS": bits, "COLUMNS": node.columns},
        ports={
            **{part: f"{name}_{part}" for part in ("available", "ready", "start", "step", "retire")},
            "x": f"{name}_buffer_data",
            "out_valid": f"{name}_valid",
            "out_data": f"{name}_data",
        },
    )
    steering = tuple(Signal(f"{name}_{part}") for part in ("available", "step", "retire"))
    signals = (*stream_signals(node.name, bits), *steering)
    return joined(Part(signals), buffer, Part(instances=(engine,)))
