"""Repeated layers: the loop that leads a window's rows through the same engines again."""

from __future__ import annotations

from hdl.kinds.kind import PASS, Build
from hdl.netlist import Instance, Part, Signal, identifier, stream_signals
from quant_model.kinds.repeat import Repeat


def build(node: Repeat, of: Build) -> Part:
    """The loop; it stands between the layer's last node and whoever reads that node's rows."""
    name, stream, back = identifier(node.name), identifier(node.stream), identifier(node.back)
    sides = {"in": stream, "layer": name, "back": back + PASS, "out": back}
    ports = {
        f"{side}_{part}": f"{signal}_{part}"
        for side, signal in sides.items()
        for part in ("start", "ready", "valid", "data")
    }
    loop = Instance(
        label=f"{name}_loop",
        entity="repeat_loop",
        generics={
            "BITS": node.output.bits,
            "ROWS": node.rows,
            "COLUMNS": node.columns,
            "PASSES": node.passes,
            "STYLE": node.engine.buffer,
        },
        ports={**ports, "in_ready": f"{name}_sink_ready"},
    )
    return Part(
        signals=(
            *stream_signals(node.name, node.output.bits),
            *stream_signals(node.back + PASS, node.output.bits),
            Signal(f"{name}_sink_ready"),
        ),
        instances=(loop,),
    )
