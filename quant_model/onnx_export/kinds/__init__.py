"""Kinds of nodes in ONNX: each one a module of the kind's name, registered in one line."""

from __future__ import annotations

from collections.abc import Callable

from quant_model.onnx_export.kinds.attention import context, scores
from quant_model.onnx_export.kinds.depthwise import depthwise
from quant_model.onnx_export.kinds.linear import linear
from quant_model.onnx_export.kinds.neighbourhood import neighbourhood
from quant_model.onnx_export.kinds.pooling import pooling
from quant_model.onnx_export.kinds.repeat import repeat
from quant_model.onnx_export.kinds.residual import residual
from quant_model.onnx_export.kinds.ring import ring_context, ring_scores

__all__ = ["WRITERS"]

WRITERS: dict[str, Callable[..., str]] = {
    "linear": linear,
    "neighbourhood": neighbourhood,
    "depthwise": depthwise,
    "scores": scores,
    "context": context,
    "ring_scores": ring_scores,
    "ring_context": ring_context,
    "residual": residual,
    "pooling": pooling,
    "repeat": repeat,
}
"""By the kind's name: ``(writer, node, *sources)``, names of values, to the name of the node's own."""
