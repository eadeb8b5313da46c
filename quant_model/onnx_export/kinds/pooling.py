"""Pooling in ONNX."""

from __future__ import annotations

from quant_model.kinds.pooling import Pooling
from quant_model.onnx_export.writer import Writer


def pooling(writer: Writer, node: Pooling, source: str) -> str:
    """The sum over the rows, rounded."""
    total = writer.reduce_sum(source, 1)
    shift = node.shift(writer.model.parameters, writer.model.source_exponents(node.name))
    return writer.requantize(total, shift, node.output)
