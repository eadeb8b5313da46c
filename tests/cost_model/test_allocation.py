"""Lanes chosen by the cost model: within the budget, quick, and near the best that can be had."""

from __future__ import annotations

import dataclasses
import itertools
from types import MappingProxyType
from typing import Literal

import pytest

from cost_model import allocation
from cost_model.allocation import LaneObjective, allocate_lanes, at_full_pace
from cost_model.devices import device
from cost_model.estimates import estimate
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import AnyShape, Encoder, Stream
from quant_model.network import build_network
from tests.cost_model.designs import two_windows

XC7S15 = device("xc7s15")


@pytest.mark.parametrize(
    ("d_model", "bits", "cycles"),
    [
        # A twentieth and a twenty-fifth of what the templates of arXiv 2410.03294 need for the same networks,
        # 128,394 and 1,188,030 cycles as simulated.
        (16, 8, 6_400),
        (64, 4, 47_500),
    ],
)
def test_fills_the_device_with_a_fast_accelerator(d_model: int, bits: int, cycles: int) -> None:
    arch = Encoder(24, 1, d_model, 1, 4 * d_model, 1, 1)
    chosen = estimate(allocate_lanes(uniform_design(arch, bits, bits), XC7S15), XC7S15)
    assert chosen.fits()
    assert chosen.cycles <= cycles


@pytest.mark.parametrize("limit", [0.5, 0.8])
def test_keeps_to_the_limit(limit: float) -> None:
    design = uniform_design(Encoder(12, 2, 16, 2, 32, 1, 1), 6, 6)
    single = estimate(allocate_lanes(design, XC7S15, 0.01), XC7S15)
    chosen = allocate_lanes(design, XC7S15, limit)
    found = estimate(chosen, XC7S15)
    assert max(found.utilization.values()) <= limit
    assert found.cycles < single.cycles
    assert found.fits(limit)
    assert not any(node.lane_limit % chosen.engines[node.name].lanes for node in chosen.graph.nodes)


def test_without_room_every_engine_has_one_lane() -> None:
    design = uniform_design(Encoder(24, 1, 64, 1, 256, 2, 1), 8, 8, lanes=4)
    chosen = allocate_lanes(design, device("xc7s6"))
    assert {engine.lanes for engine in chosen.engines.values()} == {1}


def test_with_room_all_engines_go_at_full_pace_and_without_they_do_not() -> None:
    design = uniform_design(Encoder(12, 2, 8, 2, 16, 1, 1), 6, 6)
    roomy, tight = (allocate_lanes(design, XC7S15, limit) for limit in (0.8, 0.3))
    assert (at_full_pace(roomy, XC7S15), at_full_pace(tight, XC7S15)) == (True, False)


def test_lanes_of_the_design_do_not_matter() -> None:
    arch = Encoder(6, 1, 8, 1, 16, 1, 1)
    narrow, wide = (uniform_design(arch, 4, 4, lanes=lanes) for lanes in (1, 8))
    assert allocate_lanes(narrow, XC7S15, 0.4) == allocate_lanes(wide, XC7S15, 0.4)


@pytest.mark.parametrize("objective", ["latency", "interval"])
@pytest.mark.parametrize("limit", [0.35, 0.45])
def test_near_the_best_of_all_paces(limit: float, objective: LaneObjective) -> None:
    """Every combination of the chains' paces, against the one that the search finds."""
    design = uniform_design(Encoder(6, 1, 8, 1, 16, 1, 1), 6, 6, multiplier="lut", buffer="distributed")
    designs = [design] if objective == "latency" else [design, two_windows(design)]
    searches = [allocation._Search(one, XC7S15, limit, objective) for one in designs]
    chains = list(searches[0].paces)
    points = (
        search.at(dict(zip(chains, steps, strict=True)))
        for steps in itertools.product(*(range(len(searches[0].paces[chain])) for chain in chains))
        for search in searches
    )
    best = min(point.clocks for point in points if point.fits)
    found = estimate(allocate_lanes(design, XC7S15, limit, objective), XC7S15)
    assert (found.cycles if objective == "latency" else found.interval) <= 1.05 * best


@pytest.mark.parametrize("layers", [1, 2])
def test_windows_that_overlap_keep_the_slowest_engine_at_work(layers: int) -> None:
    """Back to back, the multiply-accumulates of one engine are nearly all that a window waits for."""
    design = uniform_design(Encoder(24, 1, 16, 1, 64, layers, 1), 8, 8)
    chosen = allocate_lanes(design, XC7S15, objective="interval")
    nodes = build_network(chosen).nodes
    work = max(node.macs / chosen.engines[node.name].lanes for node in nodes)
    found = estimate(chosen, XC7S15)
    assert found.fits()
    assert work <= found.interval <= 1.3 * work
    assert found.interval < estimate(allocate_lanes(design, XC7S15), XC7S15).interval


@pytest.mark.slow
def test_a_single_row_is_as_quick_as_with_any_lanes() -> None:
    """Every combination of lanes that make an engine quicker, against the one that the search finds."""
    limit = 0.2
    shape = Stream(4, 1, 4, 1, 8, 1, 1)
    design = uniform_design(shape, 6, 6, multiplier="lut", buffer="distributed")
    search = allocation._Search(design, XC7S15, limit, "latency")
    assert ("layer0.query", "layer0.key", "layer0.value") in search.chains.values()
    steps = itertools.product(*(range(len(paces)) for paces in search.paces.values()))
    points = (search.at(dict(zip(search.paces, own, strict=True))) for own in steps)
    best = min(point.clocks for point in points if point.fits)
    found = estimate(allocate_lanes(design, XC7S15, limit), XC7S15)
    assert found.fits(limit)
    assert found.cycles <= 1.02 * best


@pytest.mark.parametrize(
    ("d_model", "heads", "bits", "cycles", "least"),
    # The least that any lanes come to: attention needs whole rows, other engines start as elements come.
    [(16, 1, 8, 328, 300), (16, 1, 4, 289, 289), (16, 2, 8, 348, 340), (64, 1, 4, 1790, 770)],
)
def test_a_stream_s_row_on_the_device_and_with_all_the_room(
    d_model: int, heads: int, bits: int, cycles: int, least: int
) -> None:
    design = uniform_design(Stream(24, 1, d_model, heads, 4 * d_model, 1, 1), bits, bits, stream_bits=8)
    boundless = dataclasses.replace(
        XC7S15, capacity=MappingProxyType({name: 100 * held for name, held in XC7S15.capacity.items()})
    )
    for part, most in ((XC7S15, cycles), (boundless, least)):
        found = estimate(allocate_lanes(design, part), part)
        assert found.fits()
        assert found.cycles <= most


@pytest.mark.parametrize(("bits", "clocks"), [(8, 130), (4, 115)])
def test_lanes_for_the_interval_of_a_stream_shorten_the_rounds_of_its_rings(bits: int, clocks: int) -> None:
    """Engines are quick enough for a row every 64 clocks: the next one waits for the places in the rings."""
    design = uniform_design(Stream(24, 1, 16, 1, 64, 1, 1), bits, bits, stream_bits=8)
    found = estimate(allocate_lanes(design, XC7S15, objective="interval"), XC7S15)
    assert found.fits()
    assert found.interval <= clocks


@pytest.mark.parametrize("objective", ["latency", "interval"])
@pytest.mark.parametrize("shape", [Encoder(8, 2, 8, 2, 16, 1, 1), Stream(8, 2, 8, 1, 16, 1, 1)])
def test_no_choice_takes_fewer_clocks_than_a_point_promises(
    shape: AnyShape, objective: LaneObjective
) -> None:
    for bits in (2, 5, 8):
        search = allocation._Search(uniform_design(shape, bits, bits), XC7S15, 0.8, objective)
        points = [search.at(dict.fromkeys(search.paces, 0))]
        points += [search.at({chain: len(paces) - 1 for chain, paces in search.paces.items()})]
        for point in points:
            builds = [point.design, *(_all_in(point.design, where) for where in ("dsp", "lut"))]
            assert point.fewest <= min(search.clocks(estimate(one, XC7S15)) for one in builds)


def _all_in(design: DesignPoint, where: Literal["dsp", "lut"]) -> DesignPoint:
    """The design with all products made there."""
    own = {name: one for name, one in design.engines.items() if one.multiplier is not None}
    return design.with_engines(
        {name: dataclasses.replace(one, multiplier=where) for name, one in own.items()}
    )
