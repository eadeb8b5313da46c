"""A repeated part's loop: all rows of a pass in a store, and counters that route them."""

from __future__ import annotations

import dataclasses

import pytest

from cost_model.fabrics.xc7_memories import block_rams, distributed_ram
from tests.cost_model.kinds.samples import SHAPE, build, parts_of

NAME = "layer0.repeat"


@pytest.mark.parametrize("passes", [2, 5])
def test_the_store_holds_all_rows_of_a_pass(passes: int) -> None:
    """However many passes there are."""
    shape = dataclasses.replace(SHAPE, repeats=passes)
    words = SHAPE.window * SHAPE.d_model
    assert parts_of(build(shape), NAME)["store_ram"]["lutram"] == distributed_ram(words, 8)[0]
    in_block = parts_of(build(shape, engines={NAME: {"buffer": "block"}}), NAME)["store_ram"]
    assert (in_block["lutram"], in_block["bram18"]) == (0, block_rams(words, 8, False)[0])


def test_passes_are_counted() -> None:
    few, many = (parts_of(build(dataclasses.replace(SHAPE, repeats=passes)), NAME) for passes in (2, 8))
    assert few["routing"]["ff"] < many["routing"]["ff"]
    assert parts_of(build(), NAME) == {}
