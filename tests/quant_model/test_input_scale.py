from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from quant_model.formats import Format
from quant_model.input_scale import InputScale

SCALE = InputScale(np.array([0.5, -1.0]), np.array([0.25, 2.0]))


def test_values_become_the_nearest_integers_half_up_and_saturate() -> None:
    values = np.array([[0.5, -1.0], [0.625, 0.0], [np.inf, -np.inf], [1e300, -1e300]])
    expected = [[0, 0], [1, 1], [7, -8], [7, -8]]
    np.testing.assert_array_equal(SCALE.quantize(values, Format(4)), expected)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_what_is_no_number_has_no_integer(kind: type[np.floating[Any]]) -> None:
    windows = np.zeros((3, 4, 2), kind)
    windows[1, 2, 0] = np.nan
    with pytest.raises(ValueError, match=r"the value at \(1, 2, 0\) is not a number; fill it"):
        SCALE.quantize(windows, Format(4))
