"""Linear layers in ONNX."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from quant_model.kinds.linear import Linear
from quant_model.onnx_export.writer import Writer


def linear(writer: Writer, node: Linear, source: str) -> str:
    """Products, bias, and the rounding where there is a target."""
    source = source if node.last_of is None else writer.newest(source, node.source, 1)
    if node.joins is not None:
        shape = writer.constant("joined_shape", [0, 1, int(node.in_features)])
        source = writer.op("Reshape", "joined", source, shape)
    own = writer.model.parameters.linear[node.name]
    # Stored in a byte each, as small as the format lets them be; the operators want one type.
    stored = writer.initializer(f"{node.name}.weights", own.weights.T.astype(np.int8))
    weights = writer.op("Cast", "weights", stored, to=TensorProto.INT64)
    return with_bias(writer, node, writer.op("MatMul", "matmul", source, weights))


def with_bias(writer: Writer, node: Linear, products: str) -> str:
    """Bias, and the rounding where there is a target."""
    parameters = writer.model.parameters
    bias = writer.initializer(f"{node.name}.bias", parameters.linear[node.name].bias.astype(np.int64))
    if node.target is None:
        return writer.op("Add", "", products, bias)
    total = writer.op("Add", "add_bias", products, bias)
    shift = node.shift(parameters, writer.model.source_exponents(node.name))
    return writer.requantize(total, shift, node.target)
