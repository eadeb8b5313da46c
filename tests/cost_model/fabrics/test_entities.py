"""Closed forms of the entities at the ends of their ranges, where synthesis removes what never changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost_model.component import Counts
from cost_model.fabrics.xc7 import XC7
from quant_model.pipeline import PIPELINE

ENTITIES = XC7.entities
SIZES = st.integers(1, 5000), st.integers(2, 40)


@pytest.mark.parametrize(("depth", "registers"), [(1, 0), (2, 1), (8, 3), (9, 4)])
def test_an_address_that_never_moves_is_no_counter(depth: int, registers: int) -> None:
    assert ENTITIES.address_counter("read_counter", depth).rules["ff"] == registers


@given(*SIZES)
def test_a_ram_is_in_luts_or_in_block_ram(depth: int, bits: int) -> None:
    in_luts, in_block = (ENTITIES.ram(depth, bits, block).rules for block in (False, True))
    assert in_luts["bram18"] == 0
    assert in_block["lutram"] == 0 or depth < PIPELINE.block_words
    # A single word is registers either way: the word and what was read of it.
    assert (in_luts["lutram"] > 0) == (depth > 1)
    assert (in_block["bram18"] > 0) == (depth >= PIPELINE.block_words)
    assert in_luts["ff"] == (bits if depth > 1 else 2 * bits) + (depth - 1).bit_length()
    if depth < PIPELINE.block_words:
        assert in_block == in_luts


@given(st.integers(1, 16), *SIZES)
def test_equal_rams_are_so_many_of_one_with_one_address(count: int, depth: int, bits: int) -> None:
    one, many = ENTITIES.ram(depth, bits, False), ENTITIES.rams(count, depth, bits, False)
    address = Counts(ff=(depth - 1).bit_length())
    assert many.rules == (one.rules - address).times(count) + address
    assert many.features == {name: count * value for name, value in one.features.items()}


@given(*SIZES)
def test_a_rom_is_in_luts_or_in_block_ram(depth: int, bits: int) -> None:
    in_luts, in_block = (ENTITIES.rom(depth, bits, bits, block).rules for block in (False, True))
    assert in_luts["bram18"] == in_luts["lutram"] == in_block["lutram"] == 0
    assert (in_block["bram18"] > 0) == (depth >= PIPELINE.block_words)
    assert in_luts["ff"] <= bits + (depth - 1).bit_length()
    if depth == 1:
        assert in_luts["lut"] == in_luts["ff"] == 0


@given(st.integers(1, 8), st.integers(1, 64), st.integers(1, 64))
def test_a_loop_that_runs_once_has_no_counter(heads: int, groups: int, inner: int) -> None:
    registers = ENTITIES.sequencer(heads, groups, inner, inner, False).rules["ff"]
    loops = [count for count in (heads, groups, inner) if count > 1]
    # One says that a row is under way; each end of a count of more than a bit is told a clock ahead.
    assert registers == 1 + sum((count - 1).bit_length() + (count > 2) for count in loops)
    assert ENTITIES.sequencer(heads, groups, inner, inner, True).rules["ff"] == registers + (inner > 1)


@given(st.integers(1, 16), st.integers(2, 8), st.integers(2, 8))
def test_a_lane_is_a_dsp_slice_or_booth_rows(lanes: int, x_bits: int, w_bits: int) -> None:
    sums = x_bits + w_bits + 4
    (slices,) = ENTITIES.mac_lanes(True, lanes, x_bits, True, w_bits, sums, sums)
    (luts,) = ENTITIES.mac_lanes(False, lanes, x_bits, True, w_bits, sums, sums)
    assert (slices.rules["dsp"], luts.rules["dsp"]) == (lanes, 0)
    # A LUT for each bit of the sum and of the rows, one for two bits of the factor that takes fewer chains.
    _, rows = min(
        (0 if a == 2 else a // 2 * -(-(b + 2) // 4), a // 2 * (b + 1) + a % 2 * b)
        for a, b in ((x_bits, w_bits), (w_bits, x_bits))
    )
    assert luts.rules["lut"] == lanes * ((1 if min(x_bits, w_bits) == 2 else rows) + sums)
    assert slices.rules["lut"] == 0


@given(st.integers(2, 20), st.integers(2, 8))
def test_a_division_subtracts_once_for_every_bit_of_the_quotient(denominator: int, quotient: int) -> None:
    found, wider = (ENTITIES.divider(denominator, bits, 2).rules for bits in (quotient, quotient + 1))
    assert wider["lut"] - found["lut"] == denominator + 1
    assert wider["ff"] + wider["lutram"] > found["ff"] + found["lutram"]
