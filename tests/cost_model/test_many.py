"""Arrays of designs: the same answers as one by one, and the same closed forms as the network's."""

from __future__ import annotations

import pytest
from cost_model.sums import context_widths, dot_widths, linear_widths, pooled_width
from cost_model.timetable import timetable

from cost_model import DesignArrays, device, estimate, estimate_many
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.kinds.attention import Context, Scores
from quant_model.kinds.linear import Linear
from quant_model.kinds.pooling import Pooling
from quant_model.network import build_network
from quant_model.schedule import schedule
from tests.cost_model.designs import random_designs, two_windows

XC7S15 = device("xc7s15")
ONE_WINDOW = random_designs(40)
DESIGNS = ONE_WINDOW + [two_windows(design) for design in ONE_WINDOW[::2]]


def alike() -> list[list[DesignPoint]]:
    """The designs by what a batch must have in common."""
    groups: dict[tuple[int, bool], list[DesignPoint]] = {}
    for design in DESIGNS:
        architecture = design.shape
        groups.setdefault((architecture.layers, architecture.repeats > 1), []).append(design)
    return list(groups.values())


@pytest.mark.parametrize("designs", alike())
def test_many_equal_one_by_one(designs: list[DesignPoint]) -> None:
    found = estimate_many(DesignArrays.of(designs), XC7S15)
    for index, design in enumerate(designs):
        single = estimate(design, XC7S15)
        assert {name: column[index] for name, column in found.resources.items()} == single.resources
        assert {name: column[index] for name, column in found.utilization.items()} == single.utilization
        assert (found.cycles[index], found.fits[index]) == (single.cycles, single.fits)
        assert found.interval[index] == single.interval
    energies = [estimate(design, XC7S15).energy_uj(100.0) for design in designs]
    assert found.energy_uj(100.0) == pytest.approx(energies, rel=1e-12)
    assert found.calibration == estimate(designs[0], XC7S15).calibration


@pytest.mark.parametrize("designs", alike())
def test_timetable_equals_the_schedule(designs: list[DesignPoint]) -> None:
    found = timetable(DesignArrays.of(designs))
    for index, design in enumerate(designs):
        expected = schedule(build_network(design))
        assert (found.cycles[index], found.interval[index]) == (expected.cycles, expected.interval)
        rows = {name: found.buffer_rows[name][index] for name in expected.buffer_rows}
        assert rows == expected.buffer_rows
        for name, timing in expected.timings.items():
            own = found.timings[name]
            assert own.period[index] == timing.period
            assert own.mac_latency[index] == timing.mac_latency
            assert own.latency[index] == timing.latency


@pytest.mark.parametrize("design", DESIGNS[::4], ids=lambda design: design.digest)
def test_widths_are_the_networks(design: DesignPoint) -> None:
    for node in build_network(design).nodes:
        match node:
            case Linear():
                found = linear_widths(node.in_features, node.input.bits, node.input.signed, node.weight.bits)
                assert found == (node.product_bound, node.accumulator.bits, node.total.bits)
            case Scores():
                dot = dot_widths(node.d_head, node.query_format.bits, node.key_format.bits)
                assert dot == (node.product_bound, node.accumulator.bits)
            case Context():
                widths = context_widths(node.rows, node.probability.bits, node.output.bits)
                assert widths == (node.accumulator.bits, node.denominator.bits)
            case Pooling():
                assert pooled_width(node.window, node.input.bits) == node.total.bits


def test_a_batch_needs_designs_of_one_shape() -> None:
    one, two = (
        uniform_design(
            Encoder(window=8, features=1, d_model=8, heads=1, ffn_width=8, layers=layers, outputs=1),
            multiplier="lut",
            buffer="block",
            memory="block",
        )
        for layers in (1, 2)
    )
    with pytest.raises(ValueError, match="same layers"):
        DesignArrays.of([one, two])
    with pytest.raises(ValueError, match="resolved"):
        DesignArrays.of([uniform_design(one.shape)])
