"""A residual addition: the stream waits in full rows, of which only bits that matter are kept."""

from __future__ import annotations

import dataclasses

from cost_model.fabrics.xc7_memories import block_rams
from tests.cost_model.kinds.samples import SHAPE, build, parts_of, timetable

NAME, STREAM = "layer0.attention_residual", "embed"


def test_rows_wait_as_the_schedule_says() -> None:
    design = build(engines={NAME: {"buffer": "block"}})
    rows = timetable(design).buffer_rows[NAME]
    assert rows >= SHAPE.window
    ram = parts_of(design, NAME)["ram"]
    assert (ram["lutram"], ram["bram18"]) == (0, block_rams(SHAPE.d_model * rows, 8, False)[0])


def test_more_bits_of_the_stream_wait_in_luts() -> None:
    def waiting(bits: int) -> float:
        design = dataclasses.replace(build(), activation_bits={**build().activation_bits, STREAM: bits})
        return float(parts_of(design, NAME)["ram"]["lutram"])

    assert 0 < waiting(3) < waiting(8) < waiting(16)


def test_low_bits_that_no_sum_depends_on_are_not_held() -> None:
    """Of a fine stream into a coarse one, with a branch of few bits."""
    fine = {**build(bits=3).activation_bits, STREAM: 16}
    into_fine, into_coarse = (
        dataclasses.replace(build(bits=3), activation_bits={**fine, NAME: bits}) for bits in (16, 4)
    )
    assert parts_of(into_coarse, NAME)["ram"]["lutram"] < parts_of(into_fine, NAME)["ram"]["lutram"]
    assert parts_of(into_coarse, NAME)["adder"]["ff"] < parts_of(into_fine, NAME)["adder"]["ff"]
