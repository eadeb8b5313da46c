"""Which part of an accelerator owns each cell of its mapped netlist.

A register lies where it is driven in the hierarchy: the netlist as it was before mapping, flattened but not
optimised, tells the instance behind every name. Other cells belong to what they drive. So every cell is
counted once, parts add up to the netlist exactly, and what synthesis shares or moves across borders is
counted where it ended up. Parts are summed in groups (:attr:`cost_model.component.Part.group`) because a
border is not always sharp: a ROM that drives a lane's register without a register of its own is part of the
lane.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cost_model.component import Counts, Part
from hdl.netlist import identifier

__all__ = ["HIERARCHY", "OTHER", "Owner", "attribute"]

Owner = tuple[str, str]
"""Engine and group."""
OTHER: Owner = ("", "other")
"""Of what synthesis made itself, without a name."""
Module = Mapping[str, Any]
"""A flat module as ``write_json`` of Yosys writes it."""
Net = tuple[str, int]
"""A net's name, and the bit of it."""

HIERARCHY = """\
read_verilog top.v
hierarchy -top {top}
proc
flatten
write_json hierarchy.json
"""
"""What Yosys does to tell which instance drives a name: each cell's own name says where it lies."""
_ROUNDS = 200
"""More than the logic levels of any design."""


def attribute(
    parts: Iterable[tuple[str, Part]],
    hierarchy: Module,
    netlist: Module,
    counts: Mapping[str, Mapping[str, float]],
    lasting: tuple[str, ...],
) -> dict[Owner, Counts]:
    """Counts by engine and group; they add up.

    Args:
        parts: All instances, each with its engine.
        hierarchy: What :data:`HIERARCHY` writes of the design.
        netlist: The mapped design.
        counts: By cell of the netlist, what it takes of a device.
        lasting: Beginnings of types of cells that mapping leaves where they were.
    """
    cells = netlist["cells"]
    places = {
        f"{identifier(engine)}_{part.place or part.label}": (engine, part.group) for engine, part in parts
    }
    drivers, names = dict(_drivers(hierarchy)), _names(netlist)
    outputs = {name: list(_bits(cell, "output")) for name, cell in cells.items()}
    owners: dict[str, Owner] = {}
    for name, cell in cells.items():
        if cell["type"].startswith(lasting):
            nets = (net for bit in outputs[name] for net in names[bit])
            own = "" if _is_after_a_net(name, cell["type"]) else _path(name)
            found = (_owner(place, places) for place in (own, *(drivers.get(net, "") for net in nets)))
            owners[name] = next((owner for owner in found if owner is not None), OTHER)
    _spread(cells, outputs, owners)
    total: dict[Owner, Counts] = defaultdict(Counts)
    for name, taken in counts.items():
        total[owners.get(name, OTHER)].add(taken)
    return dict(total)


def _is_after_a_net(cell: str, kind: str) -> bool:
    """Whether Yosys has named a cell after a net that it drives, as its ``autoname`` does."""
    return f"_{kind}_" in cell


def _path(cell: str) -> str:
    """Where a cell lies by its name, without the marks of Yosys: in ``engine.loops`` a register of it."""
    return cell.removeprefix("$flatten").replace("\\", "")


def _owner(place: str, places: Mapping[str, Owner]) -> Owner | None:
    """The innermost instance around a name that is a part's."""
    while place:
        if place in places:
            return places[place]
        place = place[: max(place.rfind("."), place.rfind("_"), 0)]
    return None


def _drivers(hierarchy: Module) -> Iterator[tuple[Net, str]]:
    """By net: the path of the cell that drives it."""
    driven = {bit: name for name, cell in hierarchy["cells"].items() for bit in _bits(cell, "output")}
    for name, net in hierarchy["netnames"].items():
        for index, bit in enumerate(net["bits"]):
            if bit in driven:
                yield (name, index), _path(driven[bit])


def _names(netlist: Module) -> dict[int, list[Net]]:
    """By bit: the names that the user's VHDL gives it."""
    names: dict[int, list[Net]] = defaultdict(list)
    for name, net in netlist["netnames"].items():
        if not name.startswith("$"):
            for index, bit in enumerate(net["bits"]):
                names[bit].append((name, index))
    return names


def _bits(cell: Mapping[str, Any], direction: str) -> Iterator[int]:
    for port, bits in cell["connections"].items():
        if cell["port_directions"][port] == direction:
            yield from (bit for bit in bits if isinstance(bit, int))


def _spread(cells: Mapping[str, Any], outputs: Mapping[str, list[int]], owners: dict[str, Owner]) -> None:
    """Give every other cell to the owner of most of what it drives, from the registers backwards."""
    sinks: dict[int, list[str]] = defaultdict(list)
    for name, cell in cells.items():
        for bit in _bits(cell, "input"):
            sinks[bit].append(name)
    driven = {name: [sink for bit in bits for sink in sinks[bit]] for name, bits in outputs.items()}
    open_cells = [name for name in cells if name not in owners]
    partial = False
    for _ in range(_ROUNDS):
        waiting = []
        for name in open_cells:
            votes = Counter(owners[sink] for sink in driven[name] if sink in owners)
            if votes and (partial or votes.total() == len(driven[name])):
                owners[name] = votes.most_common(1)[0][0]
            else:
                waiting.append(name)
        # Loops through outputs of the design leave some cells without a complete vote.
        if len(waiting) == len(open_cells):
            if partial:
                break
            partial = True
        open_cells = waiting
    # Nothing but a port of the design reads these: they belong to what they read.
    drivers = {bit: name for name, bits in outputs.items() for bit in bits}
    for name in open_cells:
        read = (drivers.get(bit) for bit in _bits(cells[name], "input"))
        votes = Counter(owners[driver] for driver in read if driver in owners)
        if votes:
            owners[name] = votes.most_common(1)[0][0]
