"""The attention engines: stores of one or two windows, lanes, the softmax's table and division."""

from __future__ import annotations

import dataclasses

import pytest

from cost_model.fabrics.xc7_memories import block_rams, distributed_ram, softmax_rom
from tests.cost_model.kinds.samples import SHAPE, build, parts_of, timetable

SCORES, CONTEXT = "layer0.scores", "layer0.context"
VALUES = SHAPE.window * SHAPE.d_model


@pytest.mark.parametrize("windows", [1, 2])
@pytest.mark.parametrize("lanes", [1, 3, 12])
def test_a_bank_of_keys_for_every_lane(lanes: int, windows: int) -> None:
    words = VALUES // lanes * windows
    chosen = {"lanes": lanes, "windows": windows}
    in_luts = parts_of(build(engines={SCORES: chosen}), SCORES)["banks"]
    assert in_luts["lutram"] == lanes * distributed_ram(words, 8)[0]
    in_block = parts_of(build(engines={SCORES: {**chosen, "memory": "block"}}), SCORES)["banks"]
    assert (in_block["lutram"], in_block["bram18"]) == (0, lanes * block_rams(words, 8, False)[0])


@pytest.mark.parametrize("windows", [1, 2])
@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_values_of_all_lanes_in_one_word(lanes: int, windows: int) -> None:
    words = VALUES // lanes * windows
    chosen = {"lanes": lanes, "windows": windows}
    in_luts = parts_of(build(engines={CONTEXT: chosen}), CONTEXT)["store_ram"]
    assert in_luts["lutram"] == distributed_ram(words, 8 * lanes)[0]
    in_block = parts_of(build(engines={CONTEXT: {**chosen, "memory": "block"}}), CONTEXT)["store_ram"]
    assert (in_block["lutram"], in_block["bram18"]) == (0, block_rams(words, 8 * lanes, False)[0])


@pytest.mark.parametrize("name", [SCORES, CONTEXT])
def test_a_store_of_two_windows_takes_turns(name: str) -> None:
    one, two = (parts_of(build(engines={name: {"windows": windows}}), name)["store"] for windows in (1, 2))
    assert two["lut"] > one["lut"]
    assert two["ff"] > one["ff"]


@pytest.mark.parametrize("name", [SCORES, CONTEXT])
def test_a_lane_is_a_dsp_slice_or_luts(name: str) -> None:
    chosen = {"lanes": 2, "multiplier": "dsp"}
    assert parts_of(build(engines={name: chosen}), name)["lanes"]["dsp"] == 2
    assert parts_of(build(engines={name: {"lanes": 2}}), name)["lanes"]["dsp"] == 0


def test_buffers_hold_the_schedules_rows() -> None:
    design = build()
    rows = timetable(design).buffer_rows
    queries = distributed_ram(SHAPE.d_model * rows[SCORES], 8)[0]
    assert parts_of(design, SCORES)["ram"]["lutram"] == queries
    context = parts_of(design, CONTEXT)
    assert context["ram"]["lutram"] == distributed_ram(SHAPE.heads * SHAPE.window * rows[CONTEXT], 8)[0]
    assert context["maxima_ram"]["lutram"] == distributed_ram(SHAPE.heads * rows[CONTEXT], 8)[0]


@pytest.mark.parametrize("bits", [2, 5, 8])
def test_the_softmax_table_lies_in_luts(bits: int) -> None:
    """With all its contents known."""
    design = build(bits=bits, engines={CONTEXT: {"memory": "block", "buffer": "block"}})
    table = parts_of(design, CONTEXT)["softmax_table"]
    # A register of the address stands in front.
    assert (table["lut"], table["ff"] - bits) == softmax_rom(bits, bits)
    assert table["bram18"] == 0


def test_a_quotient_bit_is_a_subtraction() -> None:
    """As wide as the sum of a row's probabilities."""
    wide = parts_of(build(), CONTEXT)["normaliser"]
    narrow = dataclasses.replace(build(), activation_bits={**build().activation_bits, "layer0.value": 4})
    # 12 numerators of 8 bits: 12 bits of denominator for each bit of the quotient that is saved, and its own.
    assert wide["lut"] - parts_of(narrow, CONTEXT)["normaliser"]["lut"] == 4 * 12 + 4
