"""The accelerator's two ports."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cost_model.component import Part
from cost_model.kinds import linear, purposes
from cost_model.kinds.kind import Of
from quant_model.schedule import OUTPUT


def input_parts(of: Of) -> Iterator[Part]:
    """The port that takes windows."""
    yield Part("port", of.entities.input_stream(of.graph.input.columns), purposes.CONTROL, "port")


def output_parts(of: Of) -> Iterator[Part]:
    """The port that gives forecasts, and the buffer in front of it."""
    entities, rows, columns = of.entities, of.schedule.buffer_rows[OUTPUT], of.graph.output.columns
    bits = linear.passed_bits(of.graph.last)
    buffer = entities.row_buffer("output_buffer", columns, rows)
    yield Part("buffer", buffer, purposes.BUFFERS, "buffer")
    ram = entities.ram(columns * rows, bits, False)
    yield Part("ram", ram, purposes.BUFFERS, "buffer", "buffer.ram")
    yield Part("port", entities.output_stream(bits, columns), purposes.CONTROL, "port")
    if np.any(of.graph.warm_up):
        counter = entities.address_counter("bias_counter", of.graph.warm_up + 1)
        yield Part("warm_up", counter, purposes.CONTROL, "port", "port")
