"""Residual additions: the store of the waiting stream and the adder."""

from __future__ import annotations

from hdl.kinds.kind import Build
from hdl.netlist import (
    Instance,
    Part,
    cursor_signals,
    half,
    identifier,
    joined,
    row_buffer,
    stream_signals,
)
from quant_model.kinds.residual import Residual


def rounding(node: Residual, of: Build) -> int:
    """The sum's rounding constant in the branch's units, unless it fits below a shifted operand."""
    branch, _, out = node.shifts(of.model.parameters, of.model.source_exponents(node.name))
    return 0 if fill(node, of) else half(out) >> branch


def fill(node: Residual, of: Build) -> int:
    """The rounding constant where it fits into the zero bits below a shifted operand, else 0."""
    branch, stream, out = node.shifts(of.model.parameters, of.model.source_exponents(node.name))
    return half(out) if out <= max(branch, stream) else 0


def build(node: Residual, of: Build) -> Part:
    """The parts of a residual addition."""
    name, branch, out = identifier(node.name), identifier(node.branch), of.output_name(node)
    branch_shift, stream_shift, shift = node.shifts(of.model.parameters, of.model.source_exponents(node.name))
    buffer = row_buffer(
        f"{name}_buffer",
        node.stream,
        node.stream_format.bits,
        node.columns,
        of.schedule.buffer_rows[node.name],
        node.engine.buffer,
        reader=name,
        last_of=node.last_of,
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
    return joined(
        Part((*stream_signals(node.name, node.output.bits), *cursor_signals(name))),
        buffer,
        # A row of the branch is a row of the sum.
        Part((), (adder,), {f"{out}_start": f"{branch}_start", f"{name}_rewind": "'0'"}),
    )
