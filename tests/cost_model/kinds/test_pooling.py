"""Pooling: a sum for each column, as wide as a window of rows can make it."""

from __future__ import annotations

import dataclasses

import pytest

from cost_model.fabrics.xc7_memories import distributed_ram
from tests.cost_model.kinds.samples import SHAPE, build, parts_of


@pytest.mark.parametrize("window", [4, 12, 64])
def test_a_sum_for_every_column(window: int) -> None:
    design = build(dataclasses.replace(SHAPE, window=window))
    total = (2 * window * 128).bit_length() + 1
    assert parts_of(design, "pool")["ram"]["lutram"] == distributed_ram(SHAPE.d_model, total)[0]
    in_block = build(dataclasses.replace(SHAPE, window=window), engines={"pool": {"buffer": "block"}})
    assert parts_of(in_block, "pool")["ram"]["bram18"] == 1


def test_bits_of_the_stream_that_never_change_are_not_added() -> None:
    """A stream of 16 bits that sums of 4-bit products do not fill."""
    narrow = build(bits=4)
    wide = dataclasses.replace(narrow, activation_bits={**narrow.activation_bits, "layer0.ffn_residual": 16})
    engine, wider = (parts_of(design, "pool")["engine"] for design in (narrow, wide))
    # Row and sum each have 12 bits more, of which the saturation's result has none.
    assert 0 < wider["ff"] - engine["ff"] < 2 * 12
