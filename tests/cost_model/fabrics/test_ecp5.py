"""ECP5: what memories and products take, and what of a device is taken."""

from __future__ import annotations

from cost_model import device, estimate, resolve
from cost_model.component import Counts
from cost_model.fabrics import FABRICS
from cost_model.fabrics.ecp5 import ECP5
from hdl.fabrics import MAPPERS
from quant_model.design import uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from tests.cost_model.agreement import check_estimates, check_resolutions
from tests.cost_model.designs import hybrid_designs, random_designs

PART = device("ecp5-25f")
SHAPE = Encoder(window=12, features=1, d_model=8, heads=1, ffn_width=16, layers=1, outputs=1)


def test_both_halves_are_registered() -> None:
    assert FABRICS["ecp5"] is ECP5
    assert set(ECP5.resources) == set(MAPPERS["ecp5"].counted)


def test_luts_as_memory_are_luts_of_the_device() -> None:
    found = estimate(resolve(uniform_design(SHAPE, 6, 6), PART), PART)
    used = found.resources["lut4"] + found.resources["lutram"]
    assert found.utilization["lut4"] == used / PART.capacity["lut4"]
    assert ECP5.decided_by("lut4", Counts()) == ("lut4", "lutram")


def test_a_ram_in_luts_is_banks_of_sixteen_words_of_four_bits() -> None:
    for depth, bits, rams in ((16, 4, 1), (17, 4, 2), (16, 5, 2), (40, 9, 9)):
        counts, _ = ECP5.entities.distributed_ram(depth, bits)
        assert counts == {"lutram": 6 * rams}


def test_nine_bits_of_factors_make_a_multiplier() -> None:
    for bits, taken in ((4, False), (5, True)):
        nodes = build_network(uniform_design(SHAPE, bits, bits)).by_name
        assert bool(ECP5.can_multiply(nodes["layer0.query"])) is taken


def test_many_equal_one_by_one() -> None:
    designs = [*random_designs(40, seed=7), *hybrid_designs(6)]
    check_resolutions(designs, PART)
    check_estimates(designs, PART)
