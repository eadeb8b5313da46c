"""Rasters: who lies around a pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quant_model.raster import Raster
from tests.quant_model.reference import around


@st.composite
def rasters(draw: st.DrawFn) -> Raster:
    return Raster(draw(st.integers(1, 7)), draw(st.integers(1, 7)), draw(st.integers(1, 2)))


@given(rasters(), st.integers(1, 3))
def test_neighbourhoods_are_those_of_a_second_implementation(raster: Raster, columns: int) -> None:
    rows = np.arange(1, raster.rows * columns + 1).reshape(1, raster.rows, columns)
    found = raster.neighbourhoods(rows)
    assert found.shape == (1, raster.centres.rows, raster.taps, columns)
    expected = around(rows[0].tolist(), (raster.height, raster.width), raster.stride)
    assert found.reshape(raster.centres.rows, -1).tolist() == expected


def test_no_images_have_no_neighbourhoods() -> None:
    assert Raster(4, 6, 2).neighbourhoods(np.zeros((0, 24, 3), np.int64)).shape == (0, 6, 9, 3)


@given(rasters())
def test_a_series_is_a_column_of_pixels(raster: Raster) -> None:
    assert raster.lines * raster.length == raster.rows
    assert (raster.length == 1) >= raster.flat
    assert raster.taps == (3 if raster.flat else 9)
    assert raster.centres.stride == 1


@pytest.mark.parametrize(("places", "words", "depth"), [(1, 1, 8), (9, 1, 16), (10, 1, 32), (9, 3, 64)])
def test_a_memory_holds_places_and_what_lies_above(places: int, words: int, depth: int) -> None:
    """Six pixels of a line and one more lie before a centre that may still be read."""
    image = Raster(5, 6)
    assert image.depth(places, words) == depth
    many = image.depth(np.array([places, places]), np.array([words, words]))
    assert many.tolist() == [depth, depth]


def test_the_smallest_memory_has_an_address() -> None:
    assert Raster(1, 1).depth(1, 1) == 2
