"""Cells of a netlist and who owns them, on netlists written by hand."""

from __future__ import annotations

from typing import Any

from cost_model.component import Counts, Part, Usage
from hdl.fabrics import XC7 as MAPPER
from search.calibration.attribution import OTHER, attribute

NOTHING = Usage("kind", Counts())


def part(label: str, group: str, place: str = "") -> Part:
    return Part(label, NOTHING, "purpose", group, place)


PARTS = [
    ("layer0.query", part("buffer", "buffer")),
    ("layer0.query", part("ram", "datapath", "buffer.ram")),
    ("layer0.query", part("control", "control", "engine")),
    ("layer0.query", part("loops", "loops", "engine.loops")),
    ("layer0.scores", part("store", "store")),
    ("layer0.scores", part("banks", "datapath", "store.banks")),
    ("output", part("port", "port")),
]


def cell(kind: str, inputs: list[int], outputs: list[int]) -> dict[str, Any]:
    return {
        "type": kind,
        "port_directions": {"I": "input", "O": "output"},
        "connections": {"I": inputs, "O": outputs},
    }


def owners(
    mapped: dict[str, dict[str, Any]], names: dict[str, list[int]], drivers: dict[str, str]
) -> dict[str, tuple[str, str]]:
    """By cell. ``drivers``: by net's name, the cell that drives it before mapping."""
    bits = {name: [100 + index] for index, name in enumerate(drivers)}
    hierarchy = {
        "netnames": {name: {"bits": own} for name, own in bits.items()},
        "cells": {driver: cell("$dff", [], bits[name]) for name, driver in drivers.items()},
    }
    netlist = {"cells": mapped, "netnames": {name: {"bits": own} for name, own in names.items()}}
    return {
        name: next(iter(attribute(PARTS, hierarchy, netlist, {name: {"lut": 1}}, MAPPER.lasting)))
        for name in mapped
    }


def test_a_register_lies_where_it_is_driven_whatever_its_name() -> None:
    # Flattening leaves a register the name of the port that reads it.
    found = owners(
        {"$1": cell("FDRE", [2], [3])},
        {"layer0_scores_store.write_data": [3]},
        {"layer0_scores_store.write_data": r"$flatten\layer0_query_engine.\loops.$procdff$7"},
    )
    assert found == {"$1": ("layer0.query", "loops")}


def test_inner_instances_belong_to_the_part_around_them() -> None:
    cells = {
        r"layer0_scores_store.banks_n1_ram.memory.0.0": cell("RAM32M", [2], [3]),
        r"layer0_query_buffer.ram.memory.0.0": cell("RAM64M", [2], [4]),
        r"$flatten\layer0_query_engine.\lanes.$mul$top.v:7$9": cell("DSP48E1", [2], [5]),
        r"layer0_scores_store.slots.taken": cell("FDRE", [2], [6]),
    }
    assert list(owners(cells, {}, {}).values()) == [
        ("layer0.scores", "datapath"),
        ("layer0.query", "datapath"),
        ("layer0.query", "control"),
        ("layer0.scores", "store"),
    ]


def test_other_cells_belong_to_what_they_drive() -> None:
    registers = {
        "output_port.a": cell("FDRE", [3], [10]),
        "output_port.b": cell("FDRE", [3], [11]),
        "layer0_query_buffer.c": cell("FDRE", [4], [12]),
    }
    logic = {
        "near": cell("LUT2", [2], [3]),
        "far": cell("LUT2", [9], [2]),
        "shared": cell("LUT2", [9], [3, 4]),
        "carry": cell("CARRY4", [9], [4]),
    }
    found = owners(registers | logic, {}, {})
    port, buffer = ("output", "port"), ("layer0.query", "buffer")
    assert [found[name] for name in logic] == [port, port, port, buffer]


def test_what_has_no_name_is_nobodys() -> None:
    assert owners({"$1": cell("FDRE", [2], [3])}, {}, {}) == {"$1": OTHER}


def test_counts_add_up() -> None:
    cells = {"output_port.a": cell("FDRE", [3], [10]), "near": cell("LUT2", [2], [3])}
    counts = {"output_port.a": {"ff": 1, "ff_gaps": 0.875}, "near": {"lut": 1.0}}
    hierarchy: dict[str, Any] = {"netnames": {}, "cells": {}}
    found = attribute(PARTS, hierarchy, {"cells": cells, "netnames": {}}, counts, MAPPER.lasting)
    assert found == {("output", "port"): {"ff": 1, "ff_gaps": 0.875, "lut": 1}}
