"""How Yosys builds a memory of block RAMs, on any fabric.

Yosys 0.70 weighs every way and takes the cheapest (``passes/memory/memory_libmap.cc``, function
``handle_geom``). The same sum is done here, so that counts are exact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from quant_model.arithmetic import Number, at_most, ceil_div, pick

__all__ = ["SELECT_COST", "BlockRam", "cheapest", "where"]

SELECT_COST = 0.5
"""Weight of a bit of read multiplexer or write decoder (FACTOR_MUX, FACTOR_DEMUX)."""
_WIDTH_BITS = 20
"""More than the bits of the widest word's number of bits."""

Built = tuple[Number, Number]
"""Block RAMs of a memory, and banks: with several, the words that are read are selected in LUTs."""


@dataclass(frozen=True)
class BlockRam:
    """A block RAM as the mapper's list has it."""

    address_bits: int
    """At one bit a word."""
    cost: float
    size: int
    """What it counts."""
    widths: tuple[int, ...]
    byte: int = 1
    """Bits that share a write enable: a word that is written is padded to whole ones of a port."""


def cheapest(rams: Sequence[BlockRam], depth: Number, bits: Number, read_only: bool) -> Built:
    """How a memory of ``depth`` words is built; of equal ways the first."""
    best_cost: Number = None
    best: Number = None
    best_banks: Number = None
    for ram in rams:
        for width in ram.widths:
            banks = -(-depth >> (ram.address_bits - (width.bit_length() - 1)))
            padded = bits if read_only else _padded(bits, min(ram.byte, width))
            units = ceil_div(banks * padded, width)
            selecting = (banks - 1) * bits + (0 if read_only else pick(banks > 1, banks, 0))
            cost = ram.cost * units + SELECT_COST * selecting
            if best is None:
                best_cost, best, best_banks = cost, units * ram.size, banks
            else:
                cheaper = cost < best_cost
                best, best_banks = pick(cheaper, units * ram.size, best), pick(cheaper, banks, best_banks)
                best_cost = at_most(cost, best_cost)
    return best, best_banks


def where(
    block: Number, depth: Number, bits: Number, each: Callable[[int, int], Built]
) -> tuple[Number, Number]:
    """The same of the memories that are to lie in block RAM, each as told; 0 and 1 for the others."""
    if not isinstance(block, np.ndarray):
        return each(depth, bits) if block else (0, 1)
    places = np.flatnonzero(block)
    rams, banks = np.zeros(len(block), dtype=np.int64), np.ones(len(block), dtype=np.int64)
    depth, bits = np.broadcast_to(depth, block.shape)[places], np.broadcast_to(bits, block.shape)[places]
    # Many designs share few sizes, whose memories are remembered.
    sizes, inverse = np.unique(depth << _WIDTH_BITS | bits, return_inverse=True)
    mask = (1 << _WIDTH_BITS) - 1
    counted = [each(size >> _WIDTH_BITS, size & mask) for size in sizes.tolist()]
    found = np.array(counted, dtype=np.int64).reshape(-1, 2)
    rams[places], banks[places] = found[inverse].T
    return rams, banks


def _padded(bits: Number, byte: int) -> Number:
    return ceil_div(bits, byte) * byte
