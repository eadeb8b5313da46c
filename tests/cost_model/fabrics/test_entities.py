"""Closed forms of the entities at the ends of their ranges, where synthesis removes what never changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost_model.fabrics.xc7 import XC7

ENTITIES = XC7.entities
SIZES = st.integers(1, 5000), st.integers(2, 40)


@pytest.mark.parametrize(("depth", "registers"), [(1, 0), (2, 1), (8, 3), (9, 4)])
def test_an_address_that_never_moves_is_no_counter(depth: int, registers: int) -> None:
    assert ENTITIES.address_counter("read_counter", depth).rules["ff"] == registers


@given(*SIZES)
def test_a_ram_is_in_luts_or_in_block_ram(depth: int, bits: int) -> None:
    in_luts, in_block = (ENTITIES.ram(depth, bits, block).rules for block in (False, True))
    assert in_luts["bram18"] == in_block["lutram"] == 0
    # A single word is registers either way: the word and what was read of it.
    assert (in_luts["lutram"] > 0) == (in_block["bram18"] > 0) == (depth > 1)
    assert in_luts["ff"] == (bits if depth > 1 else 2 * bits)
    if depth == 1:
        assert in_block == in_luts


@given(st.integers(1, 16), *SIZES)
def test_equal_rams_are_so_many_of_one(count: int, depth: int, bits: int) -> None:
    one, many = ENTITIES.ram(depth, bits, False), ENTITIES.rams(count, depth, bits, False)
    assert {name: used / count for name, used in many.rules.items()} == dict(one.rules)
    assert many.features == {name: count * value for name, value in one.features.items()}


@given(*SIZES)
def test_a_rom_is_in_luts_or_in_block_ram(depth: int, bits: int) -> None:
    in_luts, in_block = (ENTITIES.rom(depth, bits, bits, block).rules for block in (False, True))
    assert in_luts["bram18"] == in_luts["lutram"] == in_block["lutram"] == 0
    assert (in_block["bram18"] > 0) == (depth > 1)
    assert in_luts["ff"] <= bits
    if depth == 1:
        assert in_luts["lut"] == in_luts["ff"] == 0


@given(st.integers(1, 8), st.integers(1, 64), st.integers(1, 64))
def test_a_loop_that_runs_once_has_no_counter(heads: int, groups: int, inner: int) -> None:
    registers = ENTITIES.sequencer(heads, groups, inner, inner).rules["ff"]
    assert registers == 1 + sum((count - 1).bit_length() for count in (heads, groups, inner))


@given(st.integers(1, 16), st.integers(2, 8), st.integers(2, 8))
def test_a_lane_is_a_dsp_slice_or_row_adders(lanes: int, x_bits: int, w_bits: int) -> None:
    sums = x_bits + w_bits + 4
    (slices,) = ENTITIES.mac_lanes(True, lanes, x_bits, True, w_bits, sums, sums)
    (luts,) = ENTITIES.mac_lanes(False, lanes, x_bits, True, w_bits, sums, sums)
    assert (slices.rules["dsp"], luts.rules["dsp"]) == (lanes, 0)
    # A LUT for a bit of every row of the product but one, and for a bit of the sum.
    assert luts.rules["lut"] == lanes * (x_bits * w_bits - 1 + sums)
    assert slices.rules["lut"] == 0


@given(st.integers(2, 20), st.integers(2, 8))
def test_a_division_subtracts_once_for_every_bit_of_the_quotient(denominator: int, quotient: int) -> None:
    found, wider = (ENTITIES.divider(denominator, bits).rules for bits in (quotient, quotient + 1))
    assert wider["lut"] - found["lut"] == denominator + 1
    assert wider["ff"] > found["ff"]
