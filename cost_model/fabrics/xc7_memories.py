"""What a memory costs: the mapper's own rules for block and distributed RAM, and the size of a ROM in LUTs.

The RAMs' shapes and costs are in Yosys 0.70's ``techlibs/xilinx/brams_xc4v.txt`` and ``lutrams_xc5v.txt``
(:mod:`cost_model.fabrics.libmap` weighs them), so that block RAM and LUTRAM counts are exact. Capacities are
those of AMD UG473 (block RAM aspect ratios) and UG474 (RAM32M: 32 words of 6 bits, RAM64M: 64 of 3, four
LUTs).
"""

from __future__ import annotations

import numpy as np

from cost_model.fabrics.libmap import SELECT_COST, BlockRam, cheapest, where
from quant_model.arithmetic import Number, at_most, ceil_div, pick, power, remembered

__all__ = [
    "block_rams",
    "block_rams_where",
    "distributed_ram",
    "rom_columns",
    "rom_luts_per_column",
    "selecting_luts",
    "softmax_rom",
    "varying_share",
]

_BLOCK_RAMS = (
    BlockRam(14, 129.0, 1, (1, 2, 4, 9, 18, 36), byte=9),
    BlockRam(15, 257.0, 2, (1, 2, 4, 9, 18, 36, 72), byte=9),
)
"""RAMB18 and RAMB36, which counts as two."""
_LUTRAM_SHAPES = ((32, 6), (64, 3))
"""Words and bits of RAM32M and RAM64M."""
_LUTRAM_SCALE = 7.0
"""Of a RAM32M's or RAM64M's cost of 8 so much counts in proportion to the bits that are used."""
_LUTS_PER_CELL = 4


@remembered
def block_rams(depth: Number, bits: Number, read_only: bool) -> tuple[Number, Number]:
    """``(RAMB18, banks)`` of a memory of ``depth`` words; a RAMB36 counts as two.

    With several banks the words that are read are selected in LUTs, by registered address bits.
    """
    return cheapest(_BLOCK_RAMS, depth, bits, read_only)


def block_rams_where(block: Number, depth: Number, bits: Number, read_only: bool) -> tuple[Number, Number]:
    """``(RAMB18, banks)`` of the memories that are to lie in block RAM, 0 and 1 for the others."""
    return where(block, depth, bits, lambda words, width: block_rams(words, width, read_only))


def _trees_of_four() -> tuple[int, ...]:
    """LUTs that select one bit of ``0, 1, 2 ..``: a LUT6 takes four and passes one on.

    A third of the count, rounded up; one less where groups of four by address bits leave at most one over on
    every level (4, 13, 16, 49, 52 ..). Measured for 2 to 256.
    """
    even = [False, True]
    for count in range(2, _MOST_SELECTED + 1):
        even.append(count % 4 <= 1 and even[-(-count // 4)])
    return tuple(0 if n < 2 else -(-n // 3) - even[n] for n in range(_MOST_SELECTED + 1))


_MOST_SELECTED = 4096
"""More leaves than the largest ROM has."""
_SELECTING = _trees_of_four()
_SELECTING_TABLE = np.array(_SELECTING)


def selecting_luts(count: Number) -> Number:
    """LUTs that select one bit of ``count``."""
    return _SELECTING_TABLE[count] if isinstance(count, np.ndarray) else _SELECTING[count]


@remembered
def distributed_ram(depth: Number, bits: Number) -> tuple[Number, Number]:
    """``(LUTRAM, banks)`` of a distributed RAM; reads of several banks are selected in LUTs."""
    costs, counts = [], []
    for words, width in _LUTRAM_SHAPES:
        banks = ceil_div(depth, words)
        cells = banks * ceil_div(bits, width)
        selecting = (banks - 1) * bits + pick(banks > 1, banks, 0)
        costs.append(cells + _LUTRAM_SCALE * banks * bits / width + SELECT_COST * selecting)
        counts.append((_LUTS_PER_CELL * cells, banks))
    narrow = costs[0] <= costs[1]
    return pick(narrow, counts[0][0], counts[1][0]), pick(narrow, counts[0][1], counts[1][1])


def rom_luts_per_column(depth: Number) -> Number:
    """LUTs of one bit of a ROM with random contents.

    A LUT6 holds 64 words; LUTs that select between such leaves follow. With 65 to 80 words the second leaf
    fits into the selecting LUT. Measured inside designs for 2 to 16384 words; ``bitfront calibrate
    --constants`` measures ROMs alone, which take one LUT more with 5, 6, 8, 9 or 12 leaves.
    """
    leaves = ceil_div(depth, 64)
    found = leaves + selecting_luts(leaves) - pick((depth > 64) & (depth <= 80), 1, 0)
    return pick(depth <= 4, 0, found)


def rom_columns(depth: Number, columns: Number) -> Number:
    """Expected columns of a ROM of random bits that are neither constant nor equal to another one.

    Equal columns share everything, constant ones vanish: that matters up to some ten words.
    """
    patterns = power(2.0, at_most(depth, 40))
    missed = power(1 - 1 / patterns, columns)
    return pick(depth <= 20, (patterns - 2) * (1 - missed), columns)


def varying_share(depth: Number) -> Number:
    """Expected share of a random ROM's bits that are not the same in all its words."""
    return 1 - power(2.0, 1 - at_most(depth, 40))


# LUTs of the softmax ROM by score bits (rows, 2 to 8) and probability bits (columns, 2 to 8): its contents
# follow from the formats, so that the count is exact. ``bitfront calibrate --constants`` measures them one by
# one.
_SOFTMAX_LUTS = (
    (0, 1, 1, 1, 1, 1, 1),
    (2, 3, 2, 3, 4, 5, 5),
    (2, 3, 4, 5, 6, 7, 8),
    (2, 3, 4, 5, 6, 7, 8),
    (2, 3, 4, 5, 6, 7, 8),
    (4, 6, 7, 10, 13, 16, 11),
    (6, 10, 11, 16, 19, 25, 20),
)
_SOFTMAX_COLUMNS = ((2, 3, 4, 4, 4, 4, 4), *((2, 3, 4, 5, 6, 7, 8),) * 6)
"""Its columns that differ from each other."""
_LUT_TABLE, _COLUMN_TABLE = np.array(_SOFTMAX_LUTS), np.array(_SOFTMAX_COLUMNS)


def softmax_rom(score_bits: Number, probability_bits: Number) -> tuple[Number, Number]:
    """``(LUTs, columns)`` of the softmax table."""
    if isinstance(score_bits, np.ndarray):
        where = score_bits - 2, probability_bits - 2
        return _LUT_TABLE[where], _COLUMN_TABLE[where]
    return _SOFTMAX_LUTS[score_bits - 2][probability_bits - 2], _SOFTMAX_COLUMNS[score_bits - 2][
        probability_bits - 2
    ]
