"""Choices left to ``auto``: taken for a device so that its fullest resource stays as empty as possible.

Greedy and deterministic. Every open choice begins in LUTs (Booth rows, distributed RAM, ROM in logic). Then
one choice at a time moves to DSP or block RAM: the one that relieves the fullest resource most for what it
takes of the other, as long as that lowers the largest utilisation. Of equal moves the first in the order of
the data flow is taken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cost_model.calibration import Calibration, load
from cost_model.component import Counts
from cost_model.devices import Device
from cost_model.engines import Known, engine_counts
from cost_model.fabrics import Fabric
from cost_model.fabrics.fabric import BuildChoice
from quant_model.arithmetic import Number, anywhere, pick
from quant_model.design import DesignPoint
from quant_model.designs import Designs, Flags
from quant_model.engine import Engine
from quant_model.graph import Graph, bind
from quant_model.node import Node
from quant_model.schedule import schedule

__all__ = ["is_final", "resolve", "resolve_many"]

Floats = npt.NDArray[np.float64]
Engines = Mapping[str, Engine]
_CHUNK = 1024
"""Designs at a time: the table of their moves stays in the processor's cache."""


def resolve(
    design: DesignPoint, device: Device, calibration: Calibration | None = None, known: Known | None = None
) -> DesignPoint:
    """The design point with no choice left to ``auto``; choices already made are kept.

    Whoever asks for designs of one shape and set of bits again and again hands in what is ``known`` of them.

    One exception: ``dsp`` for products that synthesis does not put into DSP slices becomes ``lut``. They
    would end in LUTs anyway, and Booth rows are smaller than what synthesis makes of a bare product.
    """
    graph = bind(design.shape, design)
    if is_final(graph, device.fabric):
        return design
    return design.with_engines(_resolved(design, graph, 1, device, calibration, known))


def resolve_many(designs: Designs, device: Device, calibration: Calibration | None = None) -> Designs:
    """The same of many designs: each as :func:`resolve` takes it."""
    parts = [designs.part(slice(first, first + _CHUNK)) for first in range(0, len(designs), _CHUNK)]
    engines = [
        part.engines
        if is_final(part.graph, device.fabric)
        else _resolved(part, part.graph, len(part), device, calibration)
        for part in parts
    ]
    sizes = [len(part) for part in parts]
    return designs.with_engines(
        {name: _joined([own[name] for own in engines], sizes) for name in designs.engines}
    )


def is_final(graph: Graph, fabric: Fabric) -> bool:
    """True when :func:`resolve` would change nothing."""
    return not any(anywhere(node.engine.is_open) or anywhere(_is_short(node, fabric)) for node in graph.nodes)


@dataclass(frozen=True)
class _Bound:
    """Choices that need no check: those of a design that has passed it, with engines changed."""

    weight_bits: Mapping[str, Number]
    activation_bits: Mapping[str, Number]
    engines: Engines


@dataclass(frozen=True)
class _Move:
    """An open choice that may leave the LUTs, and in which designs it is one."""

    engine: str
    choice: BuildChoice
    open: Number


def _resolved(
    design: DesignPoint | Designs,
    graph: Graph,
    count: int,
    device: Device,
    calibration: Calibration | None,
    known: Known | None = None,
) -> dict[str, Engine]:
    """All engines with their choices taken."""
    fabric = device.fabric
    coefficients = calibration or load(fabric.calibration)
    engines = {node.name: _in_luts(node, fabric) for node in graph.nodes}
    moves = list(_moves(graph, fabric))
    if not moves:
        return engines
    bound = _Bound(design.weight_bits, design.activation_bits, engines)
    base = bind(design.shape, bound)
    times = schedule(base)
    costs = engine_counts(base, times, fabric, coefficients, known)
    changes = np.empty((len(moves), len(fabric.additive), count))
    for choice, other in fabric.auto.items():
        moved = {name: _with(engine, choice, other) for name, engine in engines.items()}
        # Each engine's cost depends on its own choices alone, so one pass moves all engines at once.
        graph = bind(design.shape, dataclasses.replace(bound, engines=moved))
        after = engine_counts(graph, times, fabric, coefficients, known)
        for row, move in enumerate(moves):
            if move.choice == choice:
                _tell(changes[row], after[move.engine] - costs[move.engine], fabric)
    table = np.empty((len(fabric.additive), count))
    _tell(table, Counts.total(costs.values()), fabric)
    taken = _greedy(table, changes, np.array([np.broadcast_to(move.open, count) for move in moves]), device)
    for flags, move in zip(taken, moves, strict=True):
        engine = engines[move.engine]
        where = flags if isinstance(design, Designs) else bool(flags[0])
        chosen = pick(where, fabric.auto[move.choice], getattr(engine, move.choice))
        engines[move.engine] = _with(engine, move.choice, chosen)
    return engines


def _greedy(used: Floats, deltas: Floats, available: Flags, device: Device) -> Flags:
    """Which moves each design takes, one after another.

    Args:
        used: Counts with all open choices in LUTs, ``(resources, designs)``.
        deltas: What each move changes, ``(moves, resources, designs)``.
        available: Whether a design has the move, ``(moves, designs)``.
        device: Whose fullest resource is kept empty.
    """
    taken = np.zeros_like(available)
    rows = np.arange(used.shape[1])
    available = available.copy()
    while len(rows):
        now, after = _shares(used, device), _shares(used + deltas, device)
        fullest, top = now.max(axis=0), now.argmax(axis=0)
        relief = (now - after)[:, top, np.arange(len(rows))]
        price = np.maximum(np.max(after - now, axis=1), 1e-9)
        better = available & (relief > 0) & (after.max(axis=1) < fullest)
        best = np.argmax(np.where(better, relief / price, 0.0), axis=0)
        index = np.arange(len(rows))
        going = better[best, index]
        rows, best, index = rows[going], best[going], index[going]
        taken[best, rows] = True
        used = used[:, index] + deltas[best, :, index].T
        deltas, available = deltas[:, :, index], available[:, index]
        available[best, np.arange(len(rows))] = False
    return taken


def _shares(counts: Floats, device: Device) -> Floats:
    """Used over capacity of the resources that add up, ``(..., resources, designs)``."""
    names = device.fabric.additive
    used = device.fabric.occupied({name: counts[..., row, :] for row, name in enumerate(names)})
    return np.stack([used[name] / device.capacity[name] for name in names], axis=-2)


def _moves(graph: Graph, fabric: Fabric) -> Iterator[_Move]:
    for node in graph.nodes:
        for choice in fabric.auto:
            flags = _is_open(node, choice)
            if choice == "multiplier":
                flags = flags & fabric.can_multiply(node)
            if anywhere(flags):
                yield _Move(node.name, choice, flags)


def _is_open(node: Node, choice: BuildChoice) -> Number:
    return getattr(node.engine, choice) == "auto"


def _is_short(node: Node, fabric: Fabric) -> Number:
    """Whether DSP slices are chosen for products that they are not used for."""
    in_dsp = node.engine.in_dsp
    return in_dsp & (fabric.can_multiply(node) == 0) if anywhere(in_dsp) else False


def _in_luts(node: Node, fabric: Fabric) -> Engine:
    """Open choices as Booth rows, distributed RAM or a ROM in logic; no DSP for short products."""
    engine = node.engine
    for choice, candidates in fabric.in_luts.items():
        way = next((one for one in candidates if choice != "memory" or one in node.memories), None)
        leave = _is_open(node, choice)
        if choice == "multiplier":
            leave = leave | _is_short(node, fabric)
        if anywhere(leave):
            engine = _with(engine, choice, pick(leave, way, getattr(engine, choice)))
    return engine


def _with(engine: Engine, choice: BuildChoice, value: Any) -> Engine:
    if getattr(engine, choice) is None:
        return engine
    changed: dict[str, Any] = {choice: value}
    return dataclasses.replace(engine, **changed)


def _tell(table: Floats, counts: Counts, fabric: Fabric) -> None:
    """Write counts into a table, ``(resources, designs)``."""
    for row, name in enumerate(fabric.additive):
        table[row] = counts[name]


def _joined(engines: Sequence[Engine], sizes: Sequence[int]) -> Engine:
    """Engines of several parts of many designs as one."""
    columns: dict[str, Any] = {}
    for field in dataclasses.fields(engines[0]):
        values = [getattr(engine, field.name) for engine in engines]
        if any(isinstance(value, np.ndarray) for value in values):
            pairs = zip(values, sizes, strict=True)
            columns[field.name] = np.concatenate([np.broadcast_to(value, size) for value, size in pairs])
    return dataclasses.replace(engines[0], **columns)
