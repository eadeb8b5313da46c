"""Repetition in ONNX: the operators stand there once per pass."""

from __future__ import annotations

from quant_model.kinds.repeat import Repeat
from quant_model.onnx_export.writer import Writer


def repeat(writer: Writer, node: Repeat, source: str) -> str:
    """The rows as they are."""
    return source
