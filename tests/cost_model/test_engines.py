"""Engines' counts: what was computed before equals what would be computed again."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest

from cost_model.calibration import load
from cost_model.component import Counts
from cost_model.devices import device
from cost_model.engines import Known, engine_counts
from cost_model.kinds import all_parts
from quant_model.design import DesignPoint
from quant_model.network import build_network
from quant_model.schedule import schedule
from tests.designs import drawn, random_design, random_hybrid


@pytest.mark.parametrize("family", [random_design, random_hybrid])
def test_known_counts_are_those_of_other_builds_of_the_same_bits(
    family: Callable[[Random], DesignPoint],
) -> None:
    fabric = device("xc7s15").fabric
    calibration = load(fabric.calibration)
    for seed in range(6):
        first = family(Random(seed))
        builds = [drawn(Random(number), first.shape).engines for number in range(8)]
        known: Known = {}
        found = []
        for engines in builds:
            network = build_network(first.with_engines(engines))
            times = schedule(network)
            own: dict[str, list[Counts]] = {}
            for engine, part in all_parts(network, times, fabric.entities):
                own.setdefault(engine, []).append(calibration.counts(part.usage))
            told = engine_counts(network, times, fabric, calibration, known)
            assert told == {engine: Counts.total(parts) for engine, parts in own.items()}
            assert list(told) == list(own)
            found.append(told)
        assert any(one != other for one, other in pairwise(found))
