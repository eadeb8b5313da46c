"""The 7 series: which products go into DSP slices, how counts become slices, what is taken of a device."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost_model import Counts
from cost_model.fabrics import FABRICS
from cost_model.fabrics.xc7 import XC7
from quant_model.design import uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network

SHAPE = Encoder(window=12, features=1, d_model=8, heads=1, ffn_width=16, layers=1, outputs=1)
COUNTS = st.builds(
    lambda lut, lutram, ff, carry4: Counts(lut=lut, lutram=lutram, ff=ff, carry4=carry4),
    st.floats(0, 3e4),
    st.integers(0, 5000),
    st.floats(0, 6e4),
    st.integers(0, 9000),
)


def test_it_is_registered() -> None:
    assert FABRICS["xc7"] is XC7
    assert set(XC7.additive) == set(XC7.resources) - {"slice"}


@pytest.mark.parametrize(
    ("weight_bits", "activation_bits", "signed", "unsigned"),
    [(4, 4, False, True), (5, 4, True, True), (4, 5, True, True), (3, 5, False, True), (2, 5, False, False)],
)
def test_nine_bits_of_factors_make_a_dsp_slice(
    weight_bits: int, activation_bits: int, signed: bool, unsigned: bool
) -> None:
    """An unsigned factor, behind the ReLU, has a sign bit more there."""
    nodes = build_network(uniform_design(SHAPE, weight_bits, activation_bits)).by_name
    assert XC7.can_multiply(nodes["layer0.query"]) == signed
    assert XC7.can_multiply(nodes["layer0.contract"]) == unsigned
    assert not XC7.can_multiply(nodes["pool"])


@given(COUNTS)
def test_slices_hold_luts_and_carry_chains(counts: Counts) -> None:
    """Four LUTs and one CARRY4 each."""
    found = XC7.resources_of(counts)
    assert list(found) == list(XC7.resources)
    assert 4 * found["slice"] >= found["lut"] + found["lutram"]
    assert found["slice"] >= counts["carry4"]
    assert all(isinstance(used, int | np.integer) for used in found.values())


@given(st.lists(COUNTS, min_size=1, max_size=6))
def test_arrays_give_what_single_counts_give(many: list[Counts]) -> None:
    arrays = Counts({name: np.array([one[name] for one in many]) for name in many[0]})
    found = XC7.resources_of(arrays)
    occupied = XC7.occupied(found)
    for index, one in enumerate(many):
        single = XC7.resources_of(one)
        used = XC7.occupied(single)
        for name, count in single.items():
            column, taken = (
                np.broadcast_to(found[name], len(many)),
                np.broadcast_to(occupied[name], len(many)),
            )
            assert (column[index], taken[index]) == (count, used[name]), name


@given(COUNTS)
def test_what_decides_a_resource_is_most_of_it(counts: Counts) -> None:
    """A design with twice of what decides its slices needs more of them."""
    assert XC7.decided_by("lut", counts) == ("lut", "lutram")
    assert XC7.decided_by("dsp", counts) == ("dsp",)
    names = XC7.decided_by("slice", counts)
    before = XC7.resources_of(counts)["slice"]
    after = XC7.resources_of(counts + {name: counts[name] for name in names})["slice"]
    assert after >= 1.9 * before - 1


def test_a_lut_that_is_memory_is_a_lut_of_the_device() -> None:
    used = XC7.occupied({"lut": 300, "lutram": 100, "ff": 7, "bram18": 2, "dsp": 1, "slice": 150})
    assert used == {"lut": 400, "lutram": 100, "ff": 7, "bram18": 2, "dsp": 1, "slice": 150}
