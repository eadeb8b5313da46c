"""The ports: a counter of columns in front, and the buffer of full sums behind the network."""

from __future__ import annotations

import dataclasses

import pytest

from quant_model.network import build_network
from tests.cost_model.kinds.samples import SHAPE, build, parts_of


@pytest.mark.parametrize(("features", "registers"), [(1, 0), (2, 1), (5, 3), (32, 5)])
def test_the_input_counts_columns(features: int, registers: int) -> None:
    design = build(dataclasses.replace(SHAPE, features=features))
    assert parts_of(design, "input")["port"]["ff"] == registers


def test_the_output_passes_on_full_sums() -> None:
    """A row of them waits in LUTs, whatever other buffers do."""
    for outputs in (2, 16):
        design = build(dataclasses.replace(SHAPE, outputs=outputs))
        parts = parts_of(design, "output")
        assert parts["ram"]["lutram"] > 0
        assert parts["ram"]["bram18"] == 0
        assert parts["port"]["ff"] >= build_network(design).output.format.bits
