"""Attention to the last rows in ONNX; scores are ``(batch, heads, rows, window)``, the oldest key first."""

from __future__ import annotations

import numpy as np

from quant_model.kinds.ring import RingContext, RingScores
from quant_model.onnx_export.kinds.attention import divided, heads_first, numerators
from quant_model.onnx_export.writer import Writer


def ring_scores(writer: Writer, node: RingScores, query: str, key: str) -> str:
    """Dot products with the last keys, biases by distance, rounded."""
    asking = writer.newest(query, node.query, int(writer.model.network.rows_alone[node.name]))
    left = _unsqueezed(writer, heads_first(writer, "query", asking, node, [0, 2, 1, 3]), 4)
    dot = _squeezed(writer, writer.op("MatMul", "matmul", _last(writer, node, "key", key), left), 4)
    bias = writer.model.parameters.biases[node.name][:, None, ::-1]
    total = writer.op("Add", "bias", dot, writer.initializer(f"{node.name}.bias", bias))
    shift = node.shift(writer.model.parameters, writer.model.source_exponents(node.name))
    return writer.requantize(total, shift, node.output)


def ring_context(writer: Writer, node: RingContext, scores: str, value: str) -> str:
    """Softmax by table, weighted sum of the last values, rounding division."""
    parts = numerators(writer, node, scores)
    denominator = writer.reduce_sum(parts, -1)
    rows = _unsqueezed(writer, parts, 3)
    weighted = _squeezed(writer, writer.op("MatMul", "matmul", rows, _last(writer, node, "value", value)), 3)
    return divided(writer, node, weighted, denominator)


def _last(writer: Writer, node: RingScores | RingContext, part: str, source: str) -> str:
    """For each row that asks the last rows of a source, ``(batch, heads, rows, window, width)``."""
    rows, window = int(writer.model.network.rows_alone[node.sources[1]]), int(node.keys)
    places = np.arange(rows - window + 1)[:, None] + np.arange(window)
    split = heads_first(writer, part, source, node, [0, 2, 1, 3])
    return writer.op(
        "Gather", f"last_{part}s", split, writer.initializer(f"{node.name}.places", places), axis=2
    )


def _unsqueezed(writer: Writer, value: str, axis: int) -> str:
    return writer.op("Unsqueeze", "as_matrix", value, writer.constant("matrix_axis", [axis]))


def _squeezed(writer: Writer, value: str, axis: int) -> str:
    return writer.op("Squeeze", "as_rows", value, writer.constant("matrix_axis", [axis]))
