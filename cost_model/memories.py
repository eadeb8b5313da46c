"""What a memory costs: exact rules of the mapper for block RAM and distributed RAM.

Measured with the fixed script of ``hdl/synthesize.py``; capacities from AMD UG473 (block RAM aspect ratios)
and UG474 (RAM32M: 32 words of 6 bits, RAM64M: 64 words of 3 bits, four LUTs each).
"""

from __future__ import annotations

__all__ = ["block_rams", "distributed_cells", "rom_luts"]

# Words of one RAMB18 by the widest word, simple dual port.
_ASPECTS = ((1, 16384), (2, 8192), (4, 4096), (9, 2048), (18, 1024), (36, 512))


def block_rams(depth: int, bits: int) -> int:
    """RAMB18 of a memory of ``depth`` words; a RAMB36 counts as two."""
    if any(bits <= width and depth <= words for width, words in _ASPECTS):
        return 1
    return min(-(-bits // width) * -(-depth // (2 * words)) for width, words in _doubled()) * 2


def _doubled() -> tuple[tuple[int, int], ...]:
    """RAMB36: twice the words of each width, or 72 bits of 512 words."""
    return (*_ASPECTS, (72, 256))


def distributed_cells(depth: int, bits: int) -> tuple[int, int]:
    """``(LUTRAM, LUT)`` of a distributed RAM: memory LUTs, and LUTs that decode writes and select reads."""
    if depth <= 32:
        return 4 * -(-bits // 6), 0
    if depth <= 64:
        return 4 * -(-bits // 3), 0
    banks = -(-depth // 64)
    if 64 < depth <= 96 and bits >= 3:
        return min(12 * -(-bits // 6), 4 * banks * -(-bits // 3)), 3 + bits
    selects = -(-(banks - 1) // 3)
    return 4 * banks * -(-bits // 3), banks + selects * bits


def rom_luts(depth: int, bits: int) -> int:
    """LUTs of a ROM with random contents: a LUT6 holds 64 words of one bit; LUTs select among them."""
    if depth <= 1:
        return 0
    leaves = -(-depth // 64)
    selects = 0 if leaves == 1 else -(-(leaves - 1) // 3) if leaves <= 4 else leaves // 3 + 1
    return bits * (leaves + selects)
