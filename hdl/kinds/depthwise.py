"""Depthwise convolutions: the image's last lines, ROMs, lanes that have an element each, output stage."""

from __future__ import annotations

from hdl.kinds.kind import Build
from hdl.kinds.linear import weighted_engine
from hdl.netlist import Part, identifier, line_buffer
from quant_model.kinds.depthwise import Depthwise


def build(node: Depthwise, of: Build) -> Part:
    """A linear engine behind a line buffer whose words bring an element for every lane."""
    name, lanes = identifier(node.name), node.engine.lanes
    words = node.columns // lanes
    buffer = line_buffer(
        f"{name}_buffer",
        node.source,
        node.input.bits,
        (lanes, words, words),
        node.image,
        of.schedule.buffer_rows[node.name],
        node.engine.buffer,
        reader=name,
    )
    return weighted_engine(node, of, buffer, x_lanes=lanes)
