"""A linear engine: its lanes, its memories, and the bits of its sums that somebody reads."""

from __future__ import annotations

import dataclasses

import pytest

from cost_model.fabrics.xc7_memories import block_rams, distributed_ram
from tests.cost_model.kinds.samples import SHAPE, build, parts_of, timetable

HIDDEN = "layer0.expand"


@pytest.mark.parametrize("lanes", [1, 2, 5, 10])
def test_a_lane_is_a_dsp_slice_or_luts(lanes: int) -> None:
    slices = parts_of(build(engines={HIDDEN: {"lanes": lanes, "multiplier": "dsp"}}), HIDDEN)["lanes"]
    luts = parts_of(build(engines={HIDDEN: {"lanes": lanes}}), HIDDEN)["lanes"]
    assert slices["dsp"] == lanes
    assert luts["dsp"] == 0
    # Four rows of 9 bits and the sum, for each.
    assert luts["lut"] > slices["lut"] + lanes * 4 * 9


@pytest.mark.parametrize("lanes", [1, 4])
def test_weights_are_as_many_words_as_a_lane_multiplies(lanes: int) -> None:
    design = build(engines={HIDDEN: {"lanes": lanes, "memory": "block"}})
    words = SHAPE.d_model * SHAPE.ffn_width // lanes
    assert parts_of(design, HIDDEN)["weights"]["bram18"] == block_rams(words, 8 * lanes, True)[0]
    assert parts_of(design, HIDDEN)["weights"]["lut"] == 0
    in_logic = parts_of(build(engines={HIDDEN: {"lanes": lanes}}), HIDDEN)["weights"]
    assert in_logic["bram18"] == 0
    # 160 words, or 40 of four lanes: three LUTs a bit and one.
    assert in_logic["lut"] == {1: 8 * 4, 4: 32 * 1}[lanes]


def test_the_buffer_holds_the_schedules_rows() -> None:
    design = build()
    rows = timetable(design).buffer_rows[HIDDEN]
    assert parts_of(design, HIDDEN)["ram"]["lutram"] == distributed_ram(SHAPE.d_model * rows, 8)[0]
    in_block = build(engines={HIDDEN: {"buffer": "block"}})
    assert parts_of(in_block, HIDDEN)["ram"]["bram18"] == block_rams(SHAPE.d_model * rows, 8, False)[0]


def test_a_lane_for_every_product_needs_no_weight_memory() -> None:
    lanes = {"embed": {"lanes": SHAPE.d_model}}
    constant, varying = (
        parts_of(build(dataclasses.replace(SHAPE, features=features), engines=lanes), "embed")
        for features in (1, 2)
    )
    assert (constant["weights"]["lut"], constant["weights"]["ff"]) == (0, 0)
    assert (constant["weight_counter"]["ff"], varying["weight_counter"]["ff"]) == (0, 1)
    assert constant["lanes"]["lut"] < varying["lanes"]["lut"]


def test_only_biases_of_every_row_lie_in_block_ram() -> None:
    in_block = build(engines={"embed": {"memory": "block"}, HIDDEN: {"memory": "block"}})
    assert parts_of(in_block, "embed")["biases"]["bram18"] > 0
    assert parts_of(in_block, HIDDEN)["biases"]["bram18"] == 0
    assert parts_of(build(), "embed")["biases"]["bram18"] == 0


def test_who_adds_a_branch_decides_which_of_its_bits_are_kept() -> None:
    """A sum with a coarse stream drops the low ones of the branch; the output of the network keeps all.

    They wait in shift registers of whoever adds them.
    """
    widths = build().activation_bits
    coarse, fine = (
        dataclasses.replace(build(), activation_bits={**widths, "layer0.attention_residual": bits})
        for bits in (3, 16)
    )
    name, stage = "layer0.ffn_residual", "output_stage"
    assert parts_of(coarse, name)["adder"]["lutram"] < parts_of(fine, name)["adder"]["lutram"]
    assert parts_of(coarse, "head")[stage] == parts_of(fine, "head")[stage]


def test_a_single_outputs_bias_is_a_constant() -> None:
    one = build(dataclasses.replace(SHAPE, outputs=1))
    assert parts_of(one, "head")["output_stage"]["lut"] < parts_of(build(), "head")["output_stage"]["lut"]
    assert parts_of(one, "head")["biases"]["lut"] == parts_of(one, "head")["bias_counter"]["ff"] == 0
