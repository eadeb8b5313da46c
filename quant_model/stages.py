"""A graph cut at its barriers: engines in series, what feeds a barrier, what waits for it.

A node that reads a store starts when all rows of a window lie there (of a ring: the newest): a barrier. What
lies between two barriers is a stage. Stages depend on nothing but names, kinds and edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

from quant_model.graph import Graph
from quant_model.node import Node, paced

__all__ = ["Stage", "Stages", "engine_of", "stages"]


@dataclass
class Stage:
    """The nodes between two barriers, by name, in the order of the data flow."""

    chain: list[str] = field(default_factory=list)
    """Engines with a pace of their own, in series."""
    stored: list[str] = field(default_factory=list)
    """Engines before the barrier in front, whose rows are stored for it."""
    ahead: list[str] = field(default_factory=list)
    """Engines whose rows go to this stage from before the barrier: they may run ahead of it."""
    stores: list[str] = field(default_factory=list)
    """Nodes of this stage that read the stores."""
    crossing: list[tuple[str, slice]] = field(default_factory=list)
    """Nodes for which rows wait from before the barrier, and the part of the chain that they wait for."""
    waiting: list[tuple[str, slice]] = field(default_factory=list)
    """Nodes for which rows wait inside this stage, and the part of the chain from their maker on."""
    loop: str | None = None
    """The node at whose entry the part with this stage's barrier begins again."""
    repeated: list[str] = field(default_factory=list)
    """Engines of the stage before that part's barrier that are in it, too."""
    loops: list[tuple[str, slice]] = field(default_factory=list)
    """Nodes at whose entry a part of the chain begins again that holds no barrier, and that part."""
    lined: bool = False
    """Whether an engine of the chain reads its rows by lines."""

    @property
    def even(self) -> bool:
        """Whether all rows pass once, one by one."""
        return not (self.loops or self.lined)


@dataclass
class Stages:
    """A whole graph."""

    first: Stage
    """Before any barrier."""
    barriers: Sequence[Stage]
    """Each with the barrier in front of it."""
    last: Stage | None
    """Where the last row of a window alone asks, and meets what is stored of all: the stores, those that fill
    them, and the nodes for which rows wait until engines of the tail are done. It has no chain of its own."""
    tail: Sequence[str]
    """Engines with a pace that work on one row of a window's, in series."""
    reducing: str | None
    """The node in front of them that makes this row of all; None where it is the last."""
    delays: dict[str, int]
    """By engine with a pace: clocks of what passes its elements on at once, one row for a row."""
    in_order: set[str]
    """Engines with a pace whose rows only engines read that take a row's elements in order."""


@lru_cache(maxsize=4096)
def stages(outline: Graph) -> Stages:
    """The stages of a graph, given its outline; they must not be changed.

    Raises:
        ValueError: rows wait, are repeated, or cross a barrier, in a way that the schedule has no closed form
            for.
    """
    depth = _depths(outline)
    found = [Stage() for _ in range(1 + max(depth.values()))]
    reduced = _reduced(outline)
    tail = [node.name for node in outline.nodes if node.name in reduced and paced(node)]
    starts: dict[str, int] = {}
    for node in outline.nodes:
        if node.name not in reduced:
            _place(node, outline, depth, found, starts)
    for stage in found:
        stage.loops = [
            (name, slice(part.start, stage.chain.index(engine_of(outline.loop_ends[name], outline)) + 1))
            for name, part in stage.loops
        ]
    is_last = len(found) > 1 and not found[-1].chain and bool(tail)
    last = _last(found.pop(), outline, reduced, tail) if is_last else None
    for before, stage in pairwise(found):
        if stage.loop is not None:
            stage.repeated = before.chain[starts[stage.loop] :]
        if len(stage.ahead) != 1 or not stage.chain:
            raise ValueError(
                "a barrier needs one engine in front of it that runs ahead, and a chain behind it"
            )
        if not stage.even or (stage.repeated and before is not found[0]):
            raise ValueError("convolutions and repeated parts without a barrier come before all barriers")
    if last is not None and (not found[0].even or any(stage.repeated for stage in found)):
        raise ValueError("a last row that alone asks comes behind neither convolutions nor repeated parts")
    reducing = next((node.name for node in outline.nodes if node.reduces), None)
    in_order = {node.name for node in outline.nodes if paced(node) and _in_order(node.name, outline)}
    return Stages(found[0], found[1:], last, tail, reducing, _delays(outline), in_order)


def _last(stage: Stage, outline: Graph, reduced: set[str], tail: Sequence[str]) -> Stage:
    """The stage whose stores the tail reads: those, and the nodes of the tail for which rows wait."""
    for node in (node for node in outline.nodes if node.name in reduced):
        for edge in node.inputs:
            if edge.stored:
                stage.stores.append(node.name)
            elif edge.type == "wait":
                waits_for = tail.index(engine_of(node.name, outline)) + 1
                if edge.last_of is not None:
                    stage.crossing.append((node.name, slice(1, waits_for)))
                else:
                    stage.waiting.append(
                        (node.name, slice(tail.index(engine_of(edge.source, outline)), waits_for))
                    )
    return stage


def _delays(outline: Graph) -> dict[str, int]:
    return {
        node.name: sum(
            reader.delay
            for reader, edge in outline.readers(node.name)
            if edge.type == "direct" and not reader.reduces
        )
        for node in outline.nodes
        if paced(node)
    }


def _in_order(name: str, outline: Graph) -> bool:
    """Whether everything that starts on a row of this node's reads the row in order."""
    starting = [(reader, edge) for reader, edge in outline.readers(name) if edge.type != "wait"]
    return bool(starting) and all(
        _in_order(reader.name, outline)
        if edge.type == "direct" and not reader.reduces
        else reader.in_order and edge.type == "stream" and not edge.reduces
        for reader, edge in starting
    )


def _depths(outline: Graph) -> dict[str, int]:
    """Barriers in front of each node."""
    depth = {outline.input.name: 0}
    for node in outline.nodes:
        depth[node.name] = max(
            depth[edge.source] + edge.stored for edge in node.inputs if edge.type != "loop"
        )
    return depth


def _reduced(outline: Graph) -> set[str]:
    """Nodes that work on one row of a window's, and the one that makes it."""
    found: set[str] = set()
    for node in outline.nodes:
        if _reduces(node) or any(edge.source in found for edge in node.inputs):
            found.add(node.name)
    return found


def _reduces(node: Node) -> bool:
    """Whether it makes one row of a window's: of all, or of the last."""
    return node.reduces or any(edge.reduces for edge in node.inputs)


def _place(
    node: Node, outline: Graph, depth: dict[str, int], found: list[Stage], starts: dict[str, int]
) -> None:
    """Put a node where it belongs; ``starts`` holds engines of the chain before each repeated part."""
    own = depth[node.name]
    stage = found[own]
    for edge in node.inputs:
        if edge.stored:
            stage.stores.append(node.name)
        elif edge.type == "loop" and depth[edge.source] == own:
            stage.loops.append((node.name, slice(len(stage.chain), None)))
        elif edge.type == "loop":
            found[own + 1].loop = node.name
            starts[node.name] = len(stage.chain)
        elif edge.type == "lines":
            stage.lined = True
        elif edge.type == "wait":
            waits_for = stage.chain.index(engine_of(node.name, outline)) + 1
            if depth[edge.source] < own:
                stage.crossing.append((node.name, slice(waits_for)))
            else:
                first = stage.chain.index(engine_of(edge.source, outline))
                stage.waiting.append((node.name, slice(first, waits_for)))
    if not paced(node):
        return
    edges = outline.readers(node.name)
    if edges and all(edge.stored for _, edge in edges):
        found[own + 1].stored.append(node.name)
    elif edges and depth[edges[0][0].name] > own:
        found[depth[edges[0][0].name]].ahead.append(node.name)
    else:
        stage.chain.append(node.name)


def engine_of(name: str, outline: Graph) -> str:
    """The engine with a pace whose rows, passed on element by element, a node's rows are."""
    node = outline.by_name[name]
    while not paced(node):
        node = outline.by_name[next(edge.source for edge in node.inputs if edge.type == "direct")]
    return node.name
