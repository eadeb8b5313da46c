"""Neighbourhoods in ONNX: the pixels around each centre, gathered from an image with a frame of zeros."""

from __future__ import annotations

import numpy as np

from quant_model.kinds.neighbourhood import Neighbourhood
from quant_model.onnx_export.writer import Writer
from quant_model.raster import Raster

__all__ = ["around", "neighbourhood"]


def neighbourhood(writer: Writer, node: Neighbourhood, source: str) -> str:
    """``(batch, rows, channels)`` to ``(batch, centres, taps * channels)``."""
    shape = writer.constant("shape", [0, node.rows, int(node.columns)])
    return writer.op("Reshape", "", around(writer, node.name, node.image, source), shape)


def around(writer: Writer, name: str, raster: Raster, source: str) -> str:
    """``(batch, rows, columns)`` to ``(batch, centres, taps, columns)``."""
    # What lies outside the image is a row of zeros behind its last.
    padded = writer.op("Pad", "with_zeros", source, writer.constant("zeros", [0, 0, 0, 0, 1, 0]))
    rows = np.arange(1, raster.rows + 1)[None, :, None]
    places = raster.neighbourhoods(rows)[0, :, :, 0] - 1
    places[places < 0] = raster.rows
    return writer.op("Gather", "around", padded, writer.initializer(f"{name}.places", places), axis=1)
