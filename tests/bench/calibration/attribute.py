"""Which component owns each LUT, register and memory of a flattened netlist.

Flattening keeps hierarchical names of registers and memories. A LUT has no name of its own: it belongs to
what it drives. So every cell is counted once, components add up to the netlist exactly, and what synthesis
shares or moves across borders is counted where it ended up. Components are summed in groups (those of
``cost_model.calibration.groups``) because a border is not always sharp: a ROM that drives a lane's register
without a register of its own is part of the lane.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from hdl.netlist import identifier
from hdl.synthesize import count
from quant_model.kinds.residual import Residual
from quant_model.network import Network
from quant_model.node import Node

__all__ = ["Owner", "attribute"]

Owner = tuple[str, str]
"""Engine and group."""
Cells = Mapping[str, Mapping[str, Any]]

_REGISTERS = frozenset({"FDRE", "FDSE", "FDCE", "FDPE"})
_MEMORIES = ("RAM", "SRL", "DSP48")
_INSTANCE = re.compile(
    r"(?P<engine>.+)_(?P<part>buffer|maxima|maximum|store|adder|weight_rom|bias_rom|softmax_rom|loop|engine|port)"
)
_SIGNAL = re.compile(
    r"(?P<engine>.+?)(_pass)?_(?P<part>weight|bias|softmax)_(data|address)|(?P<other>.+?)(_pass)?_data"
)
# Instances, by the end of their label.
_PARTS = {
    "maxima": "maximum",
    "weight_rom": "datapath",
    "bias_rom": "biases",
    "softmax_rom": "datapath",
}
# Instances inside an engine, by label.
_INNER = {
    "loops": "loops",
    "weight_counter": "weight_counter",
    "bias_counter": "bias_counter",
    "lanes_of_engine": "datapath",
    "output_stage": "output_stage",
    "normaliser": "normaliser",
    "sums": "engine",
}
# A register's name may be that of a port that it drives: whose port.
_READ_PORTS = frozenset({"x", "score", "weight_data", "softmax_data", "key_data", "value_data"})
_WRITE_PORTS = frozenset({"write_data", "write_enable", "write_valid"})
_UNNAMED = re.compile(r"n\d+")
"""GHDL's name of a register that has none in the VHDL: of a memory, its read data."""
_CONTROL_PORTS = {
    "weight_address": "weight_counter",
    "bias_address": "bias_counter",
    "bias_data": "biases",
    "maximum": "maximum",
    "out_valid": "output_stage",
}
_ROUNDS = 200
"""More than the logic levels of any design."""


def attribute(network: Network, module: Mapping[str, Any]) -> dict[Owner, dict[str, int]]:
    """Counts (``lut``, ``lutram``, ``ff``, ``bram18``, ``dsp``) by engine and group; they add up.

    Args:
        network: the design's network.
        module: the flattened module as ``write_json`` of Yosys writes it.
    """
    cells: Cells = module["cells"]
    namer = _Names(network)
    names = _net_names(module["netnames"])
    outputs = {name: _bits(cell, "output") for name, cell in cells.items()}
    owners: dict[str, Owner] = {}
    for name, cell in cells.items():
        if cell["type"] in _REGISTERS or cell["type"].startswith(_MEMORIES):
            owners[name] = namer.owner(name, (net for bit in outputs[name] for net in names[bit]))
    _spread(cells, outputs, owners)
    found: dict[Owner, Counter[str]] = defaultdict(Counter)
    for name, cell in cells.items():
        found[owners.get(name, ("", "other"))][cell["type"]] += 1
    return {owner: count(types) for owner, types in found.items()}


def _net_names(nets: Mapping[str, Any]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    for name, net in nets.items():
        if not name.startswith("$"):
            for bit in net["bits"]:
                if isinstance(bit, int):
                    names[bit].append(name)
    return names


def _bits(cell: Mapping[str, Any], direction: str) -> list[int]:
    return [
        bit
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == direction
        for bit in bits
        if isinstance(bit, int)
    ]


def _spread(cells: Cells, outputs: Mapping[str, list[int]], owners: dict[str, Owner]) -> None:
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
                return
            partial = True
        open_cells = waiting


class _Names:
    """Owners of registers and memories, by name."""

    def __init__(self, network: Network) -> None:
        self.nodes = {identifier(node.name): node for node in network.nodes}

    def owner(self, cell: str, nets: Iterable[str]) -> Owner:
        """The owner by the cell's own name (memories, DSP slices) or else by the nets that it drives."""
        plain = cell.replace("$flatten", "").replace("\\", "")
        candidates = [plain] if not plain.startswith("$") else list(nets)
        found = [self._owner(name) for name in candidates]
        # A name inside the lanes may be a factor's, whose register belongs to a ROM or buffer: same group.
        return next((owner for owner in found if owner[1] != "other"), ("", "other"))

    def _owner(self, name: str) -> Owner:
        *path, signal = name.split(".")
        signal = re.sub(r"[\[$].*", "", signal)
        if not path:
            return self._top_signal(signal)
        match = _INSTANCE.fullmatch(path[0])
        if match is None:
            return "", "other"
        engine, part = match["engine"], match["part"]
        if part == "engine":
            return self._inside_engine(engine, path[1:], signal)
        if part in ("buffer", "store"):
            return self._inside_store(engine, part, path[1:], signal)
        if part == "adder" and signal == "branch":
            return self._writer(engine, "branch")
        return self._known(engine, _PARTS.get(part, part))

    def _top_signal(self, signal: str) -> Owner:
        match = _SIGNAL.fullmatch(signal)
        if match is None:
            return "", "other"
        if match["other"]:
            return self._output(match["other"])
        counters = {"weight": "weight_counter", "bias": "bias_counter", "softmax": "control"}
        roms = {"weight": "datapath", "bias": "biases", "softmax": "datapath"}
        table = counters if signal.endswith("_address") else roms
        return self._known(match["engine"], table[match["part"]])

    def _inside_engine(self, engine: str, path: list[str], signal: str) -> Owner:
        if not path:
            if signal in _READ_PORTS:
                return self._known(engine, "datapath")
            group = "engine" if engine == "pool" else _CONTROL_PORTS.get(signal, "control")
            return self._known(engine, group)
        if signal == "step" and path[0] in ("weight_counter", "bias_counter"):
            return self._known(engine, "loops" if path[0] == "weight_counter" else "datapath")
        return self._known(engine, _INNER.get(path[0], "other"))

    def _inside_store(self, engine: str, part: str, path: list[str], signal: str) -> Owner:
        if path and signal in _WRITE_PORTS:
            return self._writer(engine, part)
        if path and ("memory" in (*path, signal) or _UNNAMED.fullmatch(signal)):
            return self._known(engine, self._memory_group(engine))
        return self._known(engine, part)

    def _memory_group(self, engine: str) -> str:
        if engine == "output":
            return "buffer"
        return "adder" if isinstance(self.nodes.get(engine), Residual) else "datapath"

    def _writer(self, engine: str, part: str) -> Owner:
        """Whose output is written into a buffer or store of ``engine``, or is an adder's branch."""
        if engine == "output":
            return self._output("head")
        node = self.nodes.get(engine)
        if node is None:
            return "", "other"
        # Stores hold the second source: keys and values. A residual's buffer holds its second source too.
        second = part == "store" or (isinstance(node, Residual) and part == "buffer")
        return self._output(identifier(node.sources[1 if second else 0]))

    def _output(self, engine: str) -> Owner:
        groups = {"context": "normaliser", "residual": "adder", "pooling": "engine", "repeat": "loop"}
        node: Node | None = self.nodes.get(engine)
        if node is None:
            return ("input", "port") if engine == "input" else ("", "other")
        return node.name, groups.get(node.kind, "output_stage")

    def _known(self, engine: str, group: str) -> Owner:
        if engine in ("input", "output"):
            return engine, group
        return (self.nodes[engine].name, group) if engine in self.nodes else ("", "other")
