"""Block RAMs as the mapper builds them, where a family has one kind."""

from __future__ import annotations

import numpy as np
import pytest

from cost_model.fabrics.libmap import BlockRam, cheapest, where

ICE40 = (BlockRam(12, 64.0, 1, (2, 4, 8, 16)),)
PADDED = (BlockRam(14, 128.0, 1, (9, 18, 36), byte=9),)


@pytest.mark.parametrize(
    ("depth", "bits", "rams", "banks"),
    [(4, 1, 1, 1), (256, 16, 1, 1), (256, 17, 2, 1), (2048, 2, 1, 1), (512, 9, 2, 1), (4096, 2, 2, 2)],
)
def test_of_4_kbit(depth: int, bits: int, rams: int, banks: int) -> None:
    assert cheapest(ICE40, depth, bits, False) == (rams, banks)


def test_a_word_that_is_written_is_padded_to_bytes() -> None:
    assert cheapest(PADDED, 512, 37, False)[0] == 2
    assert cheapest(PADDED, 512, 36, False)[0] == cheapest(PADDED, 512, 28, False)[0] == 1
    assert cheapest(PADDED, 1024, 19, True)[0] == 2


def test_arrays_equal_numbers() -> None:
    depth, bits = np.array([4, 300, 5000, 9]), np.array([3, 17, 2, 40])
    block = np.array([True, False, True, True])
    found = where(block, depth, bits, lambda words, width: cheapest(ICE40, words, width, False))
    each = [
        where(bool(own), int(words), int(width), lambda words, width: cheapest(ICE40, words, width, False))
        for own, words, width in zip(block, depth, bits, strict=True)
    ]
    assert list(zip(*found, strict=True)) == each
