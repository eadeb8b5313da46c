"""What netlists take of the device."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost_model.component import Counts
from cost_model.fabrics.xc7 import XC7
from hdl.fabrics import XC7 as MAPPER
from hdl.fabrics import NetlistError
from hdl.fabrics.xc7 import cell_shares, count_shares, slices_of

PORTS = {"FDRE": "R", "FDSE": "S", "FDCE": "CLR", "FDPE": "PRE"}


def register(kind: str, clock: int, enable: int, reset: int) -> dict[str, Any]:
    return {
        "type": kind,
        "connections": {"C": [clock], "CE": [enable], PORTS[kind]: [reset], "D": [9], "Q": [8]},
    }


registers = st.lists(
    st.builds(
        register, st.sampled_from(sorted(PORTS)), st.integers(2, 3), st.integers(4, 6), st.integers(7, 9)
    ),
    max_size=120,
)


@given(registers, st.integers(0, 20))
def test_control_sets_fill_slices_of_their_own(found: list[dict[str, Any]], chains: int) -> None:
    cells = {f"r{index}": cell for index, cell in enumerate(found)}
    cells |= {f"c{index}": {"type": "CARRY4", "connections": {}} for index in range(chains)}
    sets = Counter(
        (
            one["type"] in ("FDCE", "FDPE"),
            *(tuple(bits) for pin, bits in sorted(one["connections"].items()) if pin in ("C", "CE")),
            tuple(one["connections"][PORTS[one["type"]]]),
        )
        for one in found
    )
    slices = sum(-(-count // 8) for count in sets.values())
    counts = count_shares(cells)
    assert counts["carry4"] == chains
    assert len(found) / 8 + counts["ff_gaps"] == slices
    assert slices_of({"lut": 0, "lutram": 0, "ff": len(found), **counts}) == max(slices, chains)
    shares = Counts.total(cell_shares(cells).values())
    assert shares == pytest.approx({name: count for name, count in counts.items() if count})


def test_a_set_and_a_reset_share_a_slice_an_asynchronous_one_does_not() -> None:
    kinds = ["FDRE", "FDSE", "FDCE"]
    cells = {kind: register(kind, 2, 4, 7) for kind in kinds}
    assert count_shares(cells)["ff_gaps"] == 2 - 3 / 8


@given(
    st.fixed_dictionaries(
        {name: st.integers(0, 4000) for name in ("lut", "lutram", "carry4")}
        | {"sets": st.lists(st.integers(1, 90))}
    )
)
def test_the_estimate_counts_slices_alike(counts: dict[str, Any]) -> None:
    """Of exact counts: as many as the netlist, with a reserve where LUTs decide."""
    ff = sum(counts["sets"])
    gaps = sum(-(-count // 8) for count in counts["sets"]) - ff / 8
    own = {**{name: counts[name] for name in ("lut", "lutram", "carry4")}, "ff": ff, "ff_gaps": gaps}
    measured, estimated = slices_of(own), XC7.resources_of(Counts(own))["slice"]
    assert measured <= estimated <= 1.01 * measured + 1
    if counts["lut"] + counts["lutram"] == 0:
        assert estimated == measured


def test_cells_that_must_not_be_there_fail() -> None:
    cells = {"LUT6": 2, "LUT1": 1, "SRL16E": 3, "RAM32M": 1, "RAMB36E1": 1, "FDSE": 4, "CARRY4": 9}
    assert MAPPER.count(cells) == {"lut": 3, "lutram": 7, "ff": 4, "bram18": 2, "dsp": 0}
    with pytest.raises(NetlistError, match=r"latches \(LDCE\)"):
        MAPPER.count({"LUT6": 2, "LDCE": 1})
    with pytest.raises(NetlistError, match=r"latches \(\$_DLATCH_P_\)"):
        MAPPER.count({"$_DLATCH_P_": 1})
    with pytest.raises(NetlistError, match=r"unexpected cells \(MUXF7\)"):
        MAPPER.count({"MUXF7": 1})
