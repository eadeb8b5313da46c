"""Neighbourhoods: with a linear engine behind them they are dense convolutions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from quant_model.design import DesignPoint
from quant_model.engine import Engine
from quant_model.formats import Format
from quant_model.graph import graph_of
from quant_model.kinds.neighbourhood import Neighbourhood
from quant_model.node import Parameters
from quant_model.raster import Raster
from tests.quant_model.kinds.samples import nodes
from tests.quant_model.strategies import hybrids, of_shapes

NOTHING = Parameters({}, {})


@pytest.mark.parametrize("stride", [1, 2])
def test_with_a_matrix_behind_it_is_a_dense_convolution(stride: int) -> None:
    image, channels, outputs = Raster(5, 7, stride), 3, 2
    node = Neighbourhood("around", "input", image, channels, Format(8), Engine())
    rng = np.random.default_rng(0)
    pixels = rng.integers(-128, 128, (2, 5, 7, channels))
    kernel = rng.integers(-8, 8, (outputs, 3, 3, channels))
    rows = node.evaluate(NOTHING, (0,), pixels.reshape(2, 35, channels))
    found = rows @ kernel.reshape(outputs, -1).T
    padded = np.pad(pixels, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    expected = np.einsum("byxchw,ohwc->byxo", windows, kernel)[:, ::stride, ::stride]
    assert np.array_equal(found, expected.reshape(2, -1, outputs))


@given(of_shapes(hybrids()))
@settings(max_examples=20)
def test_it_sends_an_element_a_clock_on_the_scale_of_its_source(design: DesignPoint) -> None:
    graph = graph_of(design.shape)
    for node in nodes(design, Neighbourhood):
        source = graph.by_name.get(node.source)
        assert node.exponent(NOTHING, (-3,)) == -3
        assert node.row_clocks == node.columns == node.image.taps * node.channels
        assert node.channels == (source.columns if source else design.shape.features)
        assert (node.work, node.macs, node.rows) == (None, 0, node.image.centres.rows)
