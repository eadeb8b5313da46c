"""Choices left to ``auto``: taken for a device so that its fullest resource stays as empty as possible.

Greedy and deterministic. Every open choice begins in LUTs (row adders, distributed RAM, ROM in logic). Then
one choice at a time moves to DSP or block RAM: the one that relieves the fullest resource most for what it
takes of the other, as long as that lowers the largest utilisation.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from cost_model.breakdown import node_usages, usages
from cost_model.calibration import Calibration, load
from cost_model.component import Counts
from cost_model.devices import RESOURCES, Device, check_calibrated, utilization
from quant_model.attention import Context, Scores
from quant_model.design import DesignPoint, Engine, EngineKind, engine_kinds, memory_choices
from quant_model.linear import Linear
from quant_model.network import Network, build_network
from quant_model.node import Node
from quant_model.schedule import Schedule, operand_bits, schedule

__all__ = ["DSP_MINIMUM_BITS", "can_use_dsp", "is_final", "resolve"]

DSP_MINIMUM_BITS = 9
"""Yosys 0.70 infers a DSP48E1 only for products of so many bits (``synth_xilinx``: ``DSP_Y_MINWIDTH``)."""


Choice = Literal["multiplier", "buffer", "memory"]


@dataclass(frozen=True)
class _Move:
    """An open choice that leaves the LUTs, and what that changes."""

    engine: str
    choice: Choice
    delta: Counts


def can_use_dsp(node: Linear | Scores | Context) -> bool:
    """True when synthesis puts this engine's products into DSP slices.

    Not those with constant weights, which a ROM of a single word has: synthesis simplifies them case by case.
    """
    if isinstance(node, Linear) and node.in_features * node.columns == node.engine.lanes:
        return False
    unsigned = not (node.input.signed if isinstance(node, Linear) else isinstance(node, Scores))
    return sum(operand_bits(node)) + unsigned >= DSP_MINIMUM_BITS


def resolve(design: DesignPoint, device: Device, calibration: Calibration | None = None) -> DesignPoint:
    """The design point with no choice left to ``auto``; choices already made are kept.

    One exception: ``dsp`` for products that synthesis does not put into DSP slices becomes ``lut``. They
    would end in LUTs anyway, and row adders are smaller than what synthesis makes of a bare product.

    Raises:
        UserError: the device has no calibration.
    """
    check_calibrated(device)
    design = _without_short_dsp(design)
    if design.is_resolved:
        return design
    kinds = engine_kinds(design.architecture)
    in_luts = design.with_engines(
        {name: _in_luts(design.engines[name], kind) for name, kind in kinds.items()}
    )
    network = build_network(in_luts)
    timetable = schedule(network)
    coefficients = calibration or load()
    used = Counts.total(coefficients.counts(usage) for _, _, usage in usages(network, timetable))
    chosen = dict(in_luts.engines)
    moves = list(_moves(design, network, timetable, coefficients))
    while (move := _best(moves, used, device)) is not None:
        moves.remove(move)
        used += move.delta
        chosen[move.engine] = _moved(chosen[move.engine], move.choice)
    return design.with_engines(chosen)


def is_final(network: Network) -> bool:
    """True when :func:`resolve` would change nothing."""
    return network.design.is_resolved and not any(_is_short(node) for node in network.nodes)


def _without_short_dsp(design: DesignPoint) -> DesignPoint:
    if all(engine.multiplier != "dsp" for engine in design.engines.values()):
        return design
    short = {
        node.name: dataclasses.replace(node.engine, multiplier="lut")
        for node in build_network(design).nodes
        if isinstance(node, Linear | Scores | Context) and _is_short(node)
    }
    return design.with_engines(short) if short else design


def _is_short(node: Node) -> bool:
    """True when DSP slices are chosen for products that they are not used for."""
    return (
        isinstance(node, Linear | Scores | Context)
        and node.engine.multiplier == "dsp"
        and not can_use_dsp(node)
    )


def _in_luts(engine: Engine, kind: EngineKind) -> Engine:
    """Open choices as row adders, distributed RAM or a ROM in logic."""
    memory = engine.memory
    if memory == "auto":
        memory = "logic" if "logic" in memory_choices(kind) else "distributed"
    return dataclasses.replace(
        engine,
        multiplier="lut" if engine.multiplier == "auto" else engine.multiplier,
        buffer="distributed" if engine.buffer == "auto" else engine.buffer,
        memory=memory,
    )


def _moves(
    design: DesignPoint, in_luts: Network, timetable: Schedule, calibration: Calibration
) -> Iterator[_Move]:
    def cost(node: Node) -> Counts:
        found = node_usages(node, in_luts, timetable)
        return Counts.total(calibration.counts(usage) for _, usage in found)

    for node in in_luts.nodes:
        wanted, now = design.engines[node.name], in_luts.design.engines[node.name]
        open_choices: list[Choice] = []
        if wanted.multiplier == "auto" and isinstance(node, Linear | Scores | Context) and can_use_dsp(node):
            open_choices.append("multiplier")
        if wanted.buffer == "auto":
            open_choices.append("buffer")
        if wanted.memory == "auto":
            open_choices.append("memory")
        before = cost(node)
        for choice in open_choices:
            after = cost(_rebuilt(node, _moved(now, choice)))
            yield _Move(node.name, choice, after - before)


def _rebuilt(node: Node, engine: Engine) -> Node:
    # Every node is a frozen dataclass with the field `engine`; the protocol says nothing of dataclasses.
    rebuilt: Node = dataclasses.replace(node, engine=engine)  # type: ignore[type-var]
    return rebuilt


def _best(moves: list[_Move], used: Counts, device: Device) -> _Move | None:
    """The move that lowers the largest utilisation most for what it takes; None when none lowers it."""
    now = _ratios(used, device)
    fullest = max(now)
    best, best_gain = None, 0.0
    for move in moves:
        after = _ratios(used + move.delta, device)
        if max(after) >= fullest:
            continue
        top = now.index(fullest)
        taken = max(0.0, *(later - before for later, before in zip(after, now, strict=True)))
        gain = (now[top] - after[top]) / max(taken, 1e-9)
        if gain > best_gain:
            best, best_gain = move, gain
    return best


def _ratios(used: Counts, device: Device) -> list[float]:
    return list(utilization({name: getattr(used, name) for name in RESOURCES}, device).values())


def _moved(engine: Engine, choice: Choice) -> Engine:
    """The engine with one choice out of the LUTs."""
    match choice:
        case "multiplier":
            return dataclasses.replace(engine, multiplier="dsp")
        case "buffer":
            return dataclasses.replace(engine, buffer="block")
        case "memory":
            return dataclasses.replace(engine, memory="block")
