"""Residual additions in ONNX."""

from __future__ import annotations

from quant_model.kinds.residual import Residual
from quant_model.onnx_export.writer import Writer


def residual(writer: Writer, node: Residual, branch: str, stream: str) -> str:
    """Both operands on the finer scale, their sum rounded."""
    model = writer.model
    stream = writer.newest(stream, node.stream, int(model.network.rows_alone[node.branch]))
    left, right, out = node.shifts(model.parameters, model.source_exponents(node.name))
    operands = writer.times(branch, left, "branch"), writer.times(stream, right, "stream")
    return writer.requantize(writer.op("Add", "add", *operands), out, node.output)
