"""Residual additions: the store of the waiting stream and the adder."""

from __future__ import annotations

from hdl.linear import fill
from hdl.netlist import Build, Instance, Part, cursor_signals, identifier, row_buffer, stream_signals
from hdl.repeat import PASS
from quant_model.kinds.repeat import Repeat
from quant_model.kinds.residual import Residual


def output_name(node: Residual, of: Build) -> str:
    """The prefix of the residual's output signals: a repeated layer's rows go to its loop first."""
    loops = (other.back for other in of.network.nodes if isinstance(other, Repeat))
    return identifier(node.name) + (PASS if node.name in loops else "")


def build(node: Residual, of: Build) -> Part:
    """The parts of a residual addition."""
    name, branch, out = identifier(node.name), identifier(node.branch), output_name(node, of)
    branch_shift, stream_shift, shift = node.shifts(of.model.parameters, of.model.source_exponents(node.name))
    buffer_signals, buffer = row_buffer(
        f"{name}_buffer",
        node.stream,
        node.stream_format.bits,
        node.columns,
        of.schedule.buffer_rows[node.name],
        node.engine.buffer,
        reader=name,
    )
    adder = Instance(
        label=f"{name}_adder",
        entity="residual_adder",
        generics={
            "COLUMNS": node.columns,
            "BRANCH_BITS": node.branch_format.bits,
            "STREAM_BITS": node.stream_format.bits,
            "BRANCH_SHIFT": branch_shift,
            "STREAM_SHIFT": stream_shift,
            "FILL": fill(node, of),
            "SHIFT": shift,
            "OUT_BITS": node.output.bits,
        },
        ports={
            "valid": f"{branch}_valid",
            "branch": f"{branch}_data",
            "step": f"{name}_step",
            "commit": f"{name}_commit",
            "retire": f"{name}_retire",
            "stream": f"{name}_buffer_data",
            "out_valid": f"{out}_valid",
            "out_data": f"{out}_data",
        },
    )
    return Part(
        signals=(*stream_signals(node.name, node.output.bits), *cursor_signals(name), *buffer_signals),
        instances=(buffer, adder),
        # A row of the branch is a row of the sum.
        assignments={f"{out}_start": f"{branch}_start", f"{name}_rewind": "'0'"},
    )
