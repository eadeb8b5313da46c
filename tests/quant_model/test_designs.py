"""Many designs as arrays: every number of graph and schedule equals that of each design."""

from __future__ import annotations

import dataclasses
from random import Random
from typing import Any

import numpy as np
import pytest

from quant_model.design import DesignPoint
from quant_model.designs import Designs
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.schedule import schedule
from tests.designs import random_design


def batch(layers: int, repeats: int, count: int = 30, readout: str = "mean") -> list[DesignPoint]:
    """Random designs of one structure."""
    found: list[DesignPoint] = []
    random = Random(layers * 10 + repeats)
    while len(found) < count:
        design = random_design(random)
        assert isinstance(design.shape, Encoder)
        if design.shape.structure == ("encoder", layers, repeats, readout):
            found.append(design)
    return found


def equal(many: Any, each: list[Any]) -> bool:
    return bool(np.array_equal(np.broadcast_to(many, len(each)), np.array(each)))


@pytest.mark.parametrize(
    ("layers", "repeats", "readout"),
    [(1, 1, "mean"), (1, 2, "mean"), (2, 1, "mean"), (2, 3, "mean"), (1, 1, "last"), (2, 1, "last")],
)
def test_arrays_hold_what_each_design_gives(layers: int, repeats: int, readout: str) -> None:
    designs = batch(layers, repeats, readout=readout)
    many, networks = Designs.of(designs), [build_network(design) for design in designs]
    plans, plan = [schedule(network) for network in networks], schedule(many.graph)
    assert equal(plan.cycles, [one.cycles for one in plans])
    assert equal(plan.interval, [one.interval for one in plans])
    for name, rows in plan.buffer_rows.items():
        assert equal(rows, [one.buffer_rows[name] for one in plans]), name
    assert equal(many.graph.macs, [network.macs for network in networks])
    for node in many.graph.nodes:
        own = [network.by_name[node.name] for network in networks]
        for number in ("rows", "columns", "macs", "lane_limit", "fixed_factor", "unsigned_factor"):
            assert equal(getattr(node, number), [getattr(one, number) for one in own]), (node.name, number)
        assert equal(node.output.bits, [one.output.bits for one in own]), node.name


def test_a_part_is_the_arrays_of_those_designs() -> None:
    designs = batch(1, 1)
    part, alone = Designs.of(designs).part(slice(3, 9)), Designs.of(designs[3:9])
    assert len(part) == len(alone) == 6
    assert equal(schedule(part.graph).cycles, schedule(alone.graph).cycles.tolist())
    assert part.graph.outline is not None
    assert part.graph.outline is designs[3].graph


def test_designs_of_different_structure_are_no_batch() -> None:
    one, other = batch(1, 1, 1)[0], batch(2, 1, 1)[0]
    with pytest.raises(ValueError, match="same layers"):
        Designs.of([one, other])


def test_engines_are_replaced_in_all_designs() -> None:
    many = Designs.of(batch(1, 1))
    engine = dataclasses.replace(many.engines["embed"], lanes=1)
    assert many.with_engines({"embed": engine}).graph.by_name["embed"].engine.lanes == 1
