"""Attention in ONNX; scores are ``(batch, heads, rows, rows)``."""

from __future__ import annotations

from quant_model.kinds.attention import Context, Scores
from quant_model.onnx_export.writer import Writer


def scores(writer: Writer, node: Scores, query: str, key: str) -> str:
    """Dot products, rounded."""
    left = heads_first(writer, "query", query, node, [0, 2, 1, 3])
    right = heads_first(writer, "key", key, node, [0, 2, 3, 1])
    dot = writer.op("MatMul", "matmul", left, right)
    shift = node.shift(writer.model.parameters, writer.model.source_exponents(node.name))
    return writer.requantize(dot, shift, node.output)


def context(writer: Writer, node: Context, scores: str, value: str) -> str:
    """Softmax by table, weighted sum, rounding division."""
    parts = numerators(writer, node, scores)
    denominator = writer.reduce_sum(parts, -1)
    values = heads_first(writer, "value", value, node, [0, 2, 1, 3])
    weighted = writer.op("MatMul", "matmul", parts, values)
    return divided(writer, node, weighted, denominator)


def divided(writer: Writer, node: Context, weighted: str, denominator: str) -> str:
    """The rounding division; ``(batch, heads, rows, width)`` to ``(batch, rows, heads * width)``."""
    two = writer.constant("two", [2])
    doubled = writer.op("Mul", "double", weighted, two)
    dividend = writer.op("Add", "round", doubled, denominator)
    divisor = writer.op("Mul", "double_denominator", denominator, two)
    quotient = writer.floor_divide(dividend, divisor, "quotient")
    rows = writer.op("Transpose", "join_heads", quotient, perm=[0, 2, 1, 3])
    return writer.op("Reshape", "", rows, writer.constant("shape", [0, 0, node.columns]))


def numerators(writer: Writer, node: Context, scores: str) -> str:
    """Softmax by table."""
    maximum = writer.op("ReduceMax", "maximum", scores, axes=[-1], keepdims=1)
    distance = writer.op("Sub", "distance", maximum, scores)
    table = writer.initializer(f"{node.name}.softmax_table", node.table)
    return writer.op("Gather", "softmax", table, distance)


def heads_first(writer: Writer, part: str, source: str, node: Scores | Context, order: list[int]) -> str:
    """``(batch, rows, heads * width)`` split by heads, its axes in another order."""
    shape = writer.constant("split", [0, 0, node.heads, node.d_head])
    split = writer.op("Reshape", f"{part}_split", source, shape)
    return writer.op("Transpose", f"{part}_heads", split, perm=order)
