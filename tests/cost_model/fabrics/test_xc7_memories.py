"""Rules of memories against counts that Yosys 0.70 printed for single memories."""

from __future__ import annotations

import numpy as np
import pytest

from cost_model.fabrics.xc7_memories import (
    block_rams,
    block_rams_where,
    distributed_ram,
    rom_columns,
    rom_luts_per_column,
    selecting_luts,
    softmax_rom,
    varying_share,
)

# (depth, bits): RAMB18, of a simple dual-port RAM with ram_style block.
BLOCK = {
    (2, 2): 1,
    (100, 36): 1,
    (100, 40): 2,
    (512, 36): 1,
    (512, 72): 2,
    (512, 80): 3,
    (513, 18): 1,
    (513, 40): 3,
    (1024, 40): 3,
    (1024, 64): 4,
    (1025, 20): 3,
    (1025, 36): 3,
    (1025, 80): 7,
    (2000, 20): 3,
    (2048, 9): 1,
    (3000, 12): 3,
    (3000, 18): 3,
    (3000, 80): 14,
    (4096, 5): 2,
    (4096, 80): 18,
    (5000, 5): 3,
    (5000, 12): 5,
    (5000, 20): 8,
    (5000, 40): 13,
    (5000, 80): 23,
    (8192, 12): 6,
    (12000, 5): 5,
    (12000, 12): 9,
    (12000, 80): 54,
}
# (depth, bits): LUTs that are memory, with ram_style distributed.
DISTRIBUTED = {
    (32, 2): 4,
    (32, 7): 8,
    (48, 4): 8,
    (64, 8): 12,
    (96, 2): 8,
    (96, 6): 12,
    (96, 8): 24,
    (128, 8): 24,
    (144, 7): 36,
    (160, 6): 20,
    (192, 3): 12,
    (256, 8): 48,
    (320, 2): 20,
    (320, 12): 80,
    (384, 4): 48,
    (512, 3): 32,
    (512, 8): 96,
}
# Depth: LUTs of one column of a ROM of random words, inside a design.
ROM = {
    16: 1,
    64: 1,
    72: 2,
    80: 2,
    96: 3,
    128: 3,
    192: 4,
    256: 5,
    288: 7,
    384: 8,
    448: 10,
    512: 11,
    576: 12,
    640: 14,
    768: 16,
    800: 17,
    1024: 21,
    1152: 24,
    1280: 27,
    1536: 32,
    1600: 34,
    2048: 43,
    4096: 85,
    6400: 134,
    16384: 341,
}


@pytest.mark.parametrize(("size", "expected"), BLOCK.items())
def test_block_rams(size: tuple[int, int], expected: int) -> None:
    assert block_rams(*size, False)[0] == expected


@pytest.mark.parametrize(("size", "expected"), DISTRIBUTED.items())
def test_distributed_ram(size: tuple[int, int], expected: int) -> None:
    assert distributed_ram(*size)[0] == expected


@pytest.mark.parametrize(("depth", "expected"), ROM.items())
def test_rom_in_luts(depth: int, expected: int) -> None:
    assert rom_luts_per_column(depth) == expected


def test_arrays_give_what_single_numbers_give() -> None:
    rng = np.random.default_rng(1)
    depth, bits = rng.integers(1, 9000, 300), rng.integers(2, 90, 300)
    pairs = list(zip(depth.tolist(), bits.tolist(), strict=True))
    for read_only in (False, True):
        found = zip(*block_rams(depth, bits, read_only), strict=True)
        assert list(found) == [block_rams(*pair, read_only) for pair in pairs]
    assert list(zip(*distributed_ram(depth, bits), strict=True)) == [distributed_ram(*pair) for pair in pairs]
    for formula in (rom_luts_per_column, selecting_luts, varying_share):
        assert formula(bits).tolist() == [formula(one) for one in bits.tolist()]
    # To the last bit: fractions of columns are summed up over a design.
    columns = 60 * rng.random(300)
    few = [rom_columns(*pair) for pair in zip((bits % 25).tolist(), columns.tolist(), strict=True)]
    assert rom_columns(bits % 25, columns).tolist() == few
    scores, chances = rng.integers(2, 9, 60), rng.integers(2, 9, 60)
    softmax = [softmax_rom(*pair) for pair in zip(scores.tolist(), chances.tolist(), strict=True)]
    assert list(zip(*softmax_rom(scores, chances), strict=True)) == softmax


def test_only_some_of_many_memories_lie_in_block_ram() -> None:
    rng = np.random.default_rng(2)
    depth, bits, block = rng.integers(2, 9000, 100), rng.integers(2, 90, 100), rng.random(100) < 0.5
    expected = [
        block_rams_where(*one, False)
        for one in zip(block.tolist(), depth.tolist(), bits.tolist(), strict=True)
    ]
    assert list(zip(*block_rams_where(block, depth, bits, False), strict=True)) == expected
    assert {one for one, there in zip(expected, block, strict=True) if not there} == {(0, 1)}


def test_columns_of_a_small_rom_are_often_equal() -> None:
    # Two words: a bit is 00, 01, 10 or 11, so that at most two columns differ and are not constant.
    assert rom_columns(2, 16) == pytest.approx(2, abs=0.03)
    assert rom_columns(64, 16) == 16


def test_softmax_table_is_measured_not_modelled() -> None:
    assert softmax_rom(8, 8) == (20, 8)
    assert softmax_rom(4, 5) == (5, 5)
