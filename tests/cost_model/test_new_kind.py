"""A kind that exists only in tests: registered, its designs are estimated, resolved and given lanes.

What a new kind takes in the cost model, all of it; its other half is ``tests/quant_model/mirror.py``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from random import Random
from types import MappingProxyType

import pytest

from cost_model import Counts, Device, device, estimate, resolve
from cost_model.allocation import allocate_lanes
from cost_model.component import Part, Usage
from cost_model.explain import fitting_changes, shares_by_kind
from cost_model.kinds import KINDS, Cost, Of
from quant_model.arithmetic import Number
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import FAMILIES
from tests.cost_model.agreement import check_estimates, check_resolutions
from tests.quant_model.mirror import Mirror, Negate

XC7S15 = device("xc7s15")
NEGATION = "negation"


def parts(node: Negate, of: Of) -> Iterator[Part]:
    """The rows of a window, and what negates them."""
    bits = node.output.bits
    ram = of.entities.ram(node.rows * node.columns, node.input.bits, node.engine.buffer_in_block)
    yield Part("ram", ram, NEGATION, "datapath")
    yield Part("negation", Usage("negation", Counts(lut=bits, ff=bits + 1)), NEGATION, "datapath")


def filled(node: Negate, of: Of) -> Number:
    """No more bits than come in."""
    return of.filled(node.source)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each."""
    monkeypatch.setitem(FAMILIES, Mirror.family, Mirror)
    monkeypatch.setitem(KINDS, Negate.kind, Cost(parts, filled))


def mirrors(count: int) -> list[DesignPoint]:
    """Of all sizes, with everything left to ``auto``."""
    random = Random(1)
    found = []
    for _ in range(count):
        shape = Mirror(*(random.randint(2, most) for most in (64, 8, 48, 8)))
        bits = random.randint(2, 8), random.randint(2, 8)
        found.append(uniform_design(shape, *bits, lanes=random.randint(1, 8)))
    return found


def parts_of(design: DesignPoint, part: Device = XC7S15) -> dict[str, Counts]:
    return {one.label: one.counts for one in estimate(design, part).components if one.engine == "turned"}


def test_its_parts_are_in_the_estimate() -> None:
    design = uniform_design(Mirror(32, 2, 20, 3), 8, 5, buffer="distributed")
    found = parts_of(design)
    assert found["negation"] == {"lut": 5, "ff": 6}
    assert found["ram"]["lutram"] > 0
    total = Counts.total(one.counts for one in estimate(design, XC7S15).components)
    assert {name: round(total[name]) for name in ("lut", "ff", "lutram")} == {
        name: estimate(design, XC7S15).resources[name] for name in ("lut", "ff", "lutram")
    }
    negation = next(one for one in shares_by_kind(estimate(design, XC7S15)) if one.name == NEGATION)
    assert negation.counts == Counts.total(found.values())


def test_who_reads_its_rows_knows_which_bits_never_change(monkeypatch: pytest.MonkeyPatch) -> None:
    design = uniform_design(
        Mirror(32, 2, 20, 3), 8, 8, multiplier="lut", buffer="distributed", memory="logic"
    )
    narrow = dataclasses.replace(design, activation_bits={**design.activation_bits, "first": 3})
    told = estimate(narrow, XC7S15).resources
    monkeypatch.setitem(KINDS, Negate.kind, Cost(parts))
    assert told["ff"] < estimate(narrow, XC7S15).resources["ff"]


def test_its_buffer_may_lie_in_block_ram() -> None:
    design = uniform_design(Mirror(64, 2, 64, 3), 8, 8, buffer="block")
    assert parts_of(design)["ram"]["bram18"] == 2
    assert parts_of(design)["ram"]["lutram"] == 0


def test_auto_takes_its_choices_among_the_others() -> None:
    """The largest memory of the network: where LUTs are short it is the first to leave them."""
    design = uniform_design(Mirror(64, 2, 64, 3), 8, 8)
    few = dataclasses.replace(XC7S15, capacity=MappingProxyType({**XC7S15.capacity, "bram18": 6}))
    assert resolve(design, few).engines["turned"].buffer == "block"
    none = dataclasses.replace(
        XC7S15, capacity=MappingProxyType({**XC7S15.capacity, "lut": 10**6, "lutram": 10**6})
    )
    assert resolve(design, none).engines["turned"].buffer == "distributed"


def test_many_equal_one_by_one() -> None:
    designs = mirrors(60)
    check_resolutions(designs, XC7S15)
    check_estimates(designs, XC7S15)


def test_lanes_are_allocated_around_it() -> None:
    design = uniform_design(Mirror(32, 4, 24, 3), 6, 6)
    quick = allocate_lanes(design, XC7S15, 0.2)
    found = estimate(quick, XC7S15)
    assert found.fits(0.2)
    assert found.cycles < estimate(design, XC7S15).cycles / 2
    assert quick.engines["turned"].lanes == 1


def test_changes_of_it_are_proposed() -> None:
    design = resolve(uniform_design(Mirror(64, 2, 64, 3), 8, 8, buffer="distributed"), XC7S15)
    used = estimate(design, XC7S15).resources["lutram"]
    small = dataclasses.replace(XC7S15, capacity=MappingProxyType({**XC7S15.capacity, "lutram": used - 1}))
    assert "turned: buffer distributed -> block" in [
        one.description for one in fitting_changes(design, small)
    ]
