"""Depthwise convolutions in ONNX."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from quant_model.kinds.depthwise import Depthwise
from quant_model.onnx_export.kinds.linear import with_bias
from quant_model.onnx_export.kinds.neighbourhood import around
from quant_model.onnx_export.writer import Writer


def depthwise(writer: Writer, node: Depthwise, source: str) -> str:
    """Products of each channel's pixels, their sum, bias and rounding."""
    own = writer.model.parameters.linear[node.name]
    stored = writer.initializer(f"{node.name}.weights", own.weights.T.astype(np.int8))
    weights = writer.op("Cast", "weights", stored, to=TensorProto.INT64)
    products = writer.op("Mul", "products", around(writer, node.name, node.image, source), weights)
    axis = writer.constant("taps_axis", [2])
    return with_bias(writer, node, writer.op("ReduceSum", "taps", products, axis, keepdims=0))
