"""Windows as a view: they are what a copy would be, and take no memory until they are asked for."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from quant_model.data import make_dataset
from quant_model.windows import WindowView
from tests.quant_model.data.samples import make_series

ROWS = np.arange(24, dtype=np.float32).reshape(12, 2)
FIRST = np.array([0, 1, 2, 6, 8])
COPY = np.stack([ROWS[first : first + 4] for first in FIRST])


def test_windows_are_what_a_copy_is() -> None:
    windows = WindowView(ROWS, FIRST, 4)
    assert len(windows) == 5
    assert windows.shape == COPY.shape
    assert windows.dtype == np.float32
    assert np.array_equal(windows, COPY)


@pytest.mark.parametrize(
    "part",
    [
        slice(1, 3), slice(None, None, 2), slice(4, 9), slice(9, 12), 3, -1,
        np.array([4, 0, 0]), np.array([True, False, False, True, False]),
    ],
    ids=str,
)  # fmt: skip
def test_a_part_is_a_contiguous_array(part: slice) -> None:
    found = WindowView(ROWS, FIRST, 4)[part]
    assert np.array_equal(found, COPY[part])
    assert found.flags.c_contiguous


def test_several_windows_are_a_copy_to_write_to() -> None:
    found = WindowView(ROWS, FIRST, 4)[:2]
    assert found.flags.writeable
    assert not np.shares_memory(found, ROWS)


def test_selected_windows_are_a_view_again() -> None:
    windows = WindowView(ROWS, FIRST, 4).select(slice(1, None, 2))
    assert isinstance(windows, WindowView)
    assert np.array_equal(windows, COPY[1::2])


def test_windows_are_indexed_by_their_number_only() -> None:
    with pytest.raises(IndexError):
        WindowView(ROWS, FIRST, 4)[:, 1]  # type: ignore[index]


def test_a_dataset_takes_the_memory_of_its_rows() -> None:
    values = np.random.default_rng(0).standard_normal((50_000, 8))
    series = make_series(values)
    tracemalloc.start()
    try:
        dataset = make_dataset(series, 168)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # As copies the windows alone are 168 times the float32 rows: 269 MB.
    assert len(dataset.train) == 35_000 - 168
    assert taken < 12 * values.nbytes
