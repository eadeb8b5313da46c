"""iCE40 UltraPlus: what auto comes to, what memories and products take."""

from __future__ import annotations

from cost_model import device, estimate, resolve
from cost_model.allocation import allocate_lanes
from cost_model.explain import fitting_changes, fullest
from cost_model.fabrics import FABRICS
from cost_model.fabrics.ice40up import ICE40UP
from hdl.fabrics import MAPPERS
from quant_model.design import uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from tests.cost_model.agreement import check_estimates, check_resolutions
from tests.cost_model.designs import hybrid_designs, random_designs

PART = device("ice40up5k")
SHAPE = Encoder(window=12, features=1, d_model=8, heads=1, ffn_width=16, layers=1, outputs=1)


def test_both_halves_are_registered() -> None:
    assert FABRICS["ice40up"] is ICE40UP
    assert set(ICE40UP.resources) == {*MAPPERS["ice40up"].counted, "lc"}


def test_auto_puts_every_ram_into_block_ram() -> None:
    design = resolve(uniform_design(SHAPE, 4, 4), PART)
    assert {engine.buffer for engine in design.engines.values()} == {"block"}
    assert {design.engines[f"layer0.{name}"].memory for name in ("scores", "context")} == {"block"}


def test_eleven_bits_of_factors_make_a_multiplier() -> None:
    for bits, taken in ((5, False), (6, True)):
        nodes = build_network(uniform_design(SHAPE, bits, bits)).by_name
        assert bool(ICE40UP.can_multiply(nodes["layer0.query"])) is taken


def test_a_ram_of_either_style_is_a_block_ram_with_a_register_of_its_own() -> None:
    block, distributed = (ICE40UP.entities.ram(100, 8, style).rules for style in (True, False))
    assert block["ebr"] == distributed["ebr"] == 1
    assert (block["ff"], distributed["ff"]) == (8, 7)


def test_many_equal_one_by_one() -> None:
    designs = [*random_designs(40, seed=7), *hybrid_designs(6)]
    check_resolutions(designs, PART)
    check_estimates(designs, PART)


def test_lanes_are_allocated_and_changes_proposed_within_the_device() -> None:
    slow = uniform_design(SHAPE, 4, 4)
    quick = allocate_lanes(slow, PART)
    assert estimate(quick, PART).fits()
    assert estimate(quick, PART).cycles < estimate(slow, PART).cycles
    large = uniform_design(SHAPE, 5, 5, lanes=4)
    over = estimate(large, PART)
    assert not over.fits()
    assert fullest(over) in ("lc", "ebr")
    assert all(change.estimate.fits() for change in fitting_changes(large, PART))
