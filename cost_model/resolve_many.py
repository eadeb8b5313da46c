"""Choices left to ``auto``, taken for many designs at once: :func:`cost_model.resolve` on arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cost_model.batch import DesignArrays, EngineArrays, Flags, Ints
from cost_model.calibration import Calibration, load
from cost_model.devices import RESOURCES, Device, check_calibrated
from cost_model.many import engine_usages
from cost_model.resolution import DSP_MINIMUM_BITS
from cost_model.timetable import Timetable, timetable

__all__ = ["OpenChoices", "resolve_many"]

Floats = npt.NDArray[np.float64]
_CHUNK = 1024
"""Designs at a time: the table of their moves stays in the processor's cache."""
_LUT, _LUTRAM = RESOURCES.index("lut"), RESOURCES.index("lutram")


@dataclass(frozen=True)
class OpenChoices:
    """Which build choices of an engine are left to ``auto``, by design."""

    dsp: Flags
    buffer_block: Flags
    memory_block: Flags

    def part(self, rows: slice) -> OpenChoices:
        """Those of some of the designs."""
        return OpenChoices(self.dsp[rows], self.buffer_block[rows], self.memory_block[rows])


_CHOICES = tuple(field.name for field in dataclasses.fields(OpenChoices))


@dataclass(frozen=True)
class _Move:
    """An open choice that may leave the LUTs, and where it is one."""

    engine: str
    choice: str
    open: Flags


def resolve_many(
    designs: DesignArrays,
    choices: Mapping[str, OpenChoices],
    device: Device,
    calibration: Calibration | None = None,
) -> DesignArrays:
    """The designs with every open choice taken as :func:`cost_model.resolve` takes it.

    Where two moves are equally good to the last bit of a sum, the two may differ.

    Args:
        designs: What is chosen already; what they say about open choices is ignored.
        choices: By engine; an engine without ``auto`` may be left out.
        device: Whose fullest resource is kept as empty as possible.
        calibration: The committed one when None.

    Raises:
        UserError: the device has no calibration.
    """
    check_calibrated(device)
    coefficients = calibration or load()
    slices = [slice(first, first + _CHUNK) for first in range(0, len(designs), _CHUNK)]
    parts = [
        _resolved(
            designs.part(rows),
            {name: choice.part(rows) for name, choice in choices.items()},
            device,
            coefficients,
        )
        for rows in slices
    ]
    engines = {
        name: _with(
            engine,
            {key: np.concatenate([getattr(part[name], key) for part in parts]) for key in _CHOICES},
        )
        for name, engine in designs.engines.items()
    }
    return dataclasses.replace(designs, engines=engines)


def _resolved(
    designs: DesignArrays, choices: Mapping[str, OpenChoices], device: Device, calibration: Calibration
) -> dict[str, EngineArrays]:
    short = _short(designs)
    engines = {
        name: _in_luts(engine, choices.get(name), short.get(name)) for name, engine in designs.engines.items()
    }
    moves = list(_moves(engines, choices, short))
    if not moves:
        return engines
    base = dataclasses.replace(designs, engines=engines)
    times = timetable(base)
    costs = _costs(base, times, calibration)
    deltas = np.empty((len(moves), len(RESOURCES), len(designs)))
    for choice in dict.fromkeys(move.choice for move in moves):
        every = np.ones(len(designs), dtype=np.bool_)
        moved = {name: _with(engine, {choice: every}) for name, engine in engines.items()}
        # Each engine's cost depends on its own choices alone, so one pass moves all engines at once.
        after = _costs(dataclasses.replace(base, engines=moved), times, calibration)
        for row, move in enumerate(moves):
            if move.choice == choice:
                deltas[row] = after[move.engine] - costs[move.engine]
    capacity = np.array([getattr(device, name) for name in RESOURCES], dtype=np.float64)
    used = np.sum(list(costs.values()), axis=0)
    taken = _greedy(
        _shares(used, capacity), _shares(deltas, capacity), np.array([move.open for move in moves])
    )
    for row, move in enumerate(moves):
        flags = getattr(engines[move.engine], move.choice) | taken[row]
        engines[move.engine] = _with(engines[move.engine], {move.choice: flags})
    return engines


def _with(engine: EngineArrays, flags: Mapping[str, Flags]) -> EngineArrays:
    changed: Mapping[str, Any] = flags
    return dataclasses.replace(engine, **changed)


def _greedy(used: Floats, deltas: Floats, available: Flags) -> Flags:
    """Which moves each design takes, one after another, as ``cost_model.resolution`` does.

    Args:
        used: Utilisation with all open choices in LUTs, ``(resources, designs)``.
        deltas: What each move changes, ``(moves, resources, designs)``.
        available: Whether a design has the move, ``(moves, designs)``.
    """
    taken = np.zeros_like(available)
    rows = np.arange(used.shape[1])
    used, available = used.copy(), available.copy()
    price = np.maximum(np.max(deltas, axis=1), 1e-9)
    while len(rows):
        fullest, top = used.max(axis=0), used.argmax(axis=0)
        relief = -np.take_along_axis(deltas, top[None, None, :], axis=1)[:, 0]
        better = available & (relief > 0) & ((used + deltas).max(axis=1) < fullest)
        best = np.argmax(np.where(better, relief / price, 0.0), axis=0)
        index = np.arange(len(rows))
        going = better[best, index]
        rows, best, index = rows[going], best[going], index[going]
        taken[best, rows] = True
        used = used[:, index] + deltas[best, :, index].T
        deltas, price, available = deltas[:, :, index], price[:, index], available[:, index]
        available[best, np.arange(len(rows))] = False
    return taken


def _moves(
    engines: Mapping[str, EngineArrays], choices: Mapping[str, OpenChoices], short: Mapping[str, Flags]
) -> Iterator[_Move]:
    for name in engines:
        if name not in choices:
            continue
        for choice in _CHOICES:
            flags = getattr(choices[name], choice)
            if choice == "dsp":
                flags = flags & ~short[name] if name in short else np.zeros_like(flags)
            if flags.any():
                yield _Move(name, choice, flags)


def _in_luts(engine: EngineArrays, choices: OpenChoices | None, short: Flags | None) -> EngineArrays:
    """Open choices as row adders, distributed RAM or a ROM in logic; no DSP for short products."""
    dsp = engine.dsp if short is None else engine.dsp & ~short
    if choices is None:
        return dataclasses.replace(engine, dsp=dsp)
    return dataclasses.replace(
        engine,
        dsp=dsp & ~choices.dsp,
        buffer_block=engine.buffer_block & ~choices.buffer_block,
        memory_block=engine.memory_block & ~choices.memory_block,
    )


def _short(designs: DesignArrays) -> dict[str, Flags]:
    """By engine with lanes: products that synthesis does not put into DSP slices (``can_use_dsp``)."""
    weights, tensors, engines = designs.weight_bits, designs.activation_bits, designs.engines
    d_model, ffn = designs.d_model, designs.ffn_width
    found: dict[str, Flags] = {}

    def linear(name: str, source: str, shape: tuple[Ints, Ints], unsigned: int = 0) -> None:
        short = tensors[source] + weights[name] + unsigned < DSP_MINIMUM_BITS
        # A lane for every product: weights are constants.
        found[name] = short | (shape[0] * shape[1] == engines[name].lanes)

    linear("embed", "input", (designs.features, d_model))
    stream = "embed"
    for layer in range(designs.layers):
        name = f"layer{layer}"
        for part in ("query", "key", "value"):
            linear(f"{name}.{part}", stream, (d_model, d_model))
        query, key, value = (tensors[f"{name}.{part}"] for part in ("query", "key", "value"))
        found[f"{name}.scores"] = query + key < DSP_MINIMUM_BITS
        found[f"{name}.context"] = tensors[f"{name}.probability"] + value + 1 < DSP_MINIMUM_BITS
        linear(f"{name}.project", f"{name}.value", (d_model, d_model))
        linear(f"{name}.expand", f"{name}.attention_residual", (d_model, ffn))
        linear(f"{name}.contract", f"{name}.expand", (ffn, d_model), unsigned=1)
        stream = f"{name}.ffn_residual"
    linear("head", "pool", (d_model, designs.outputs))
    return found


def _costs(designs: DesignArrays, times: Timetable, calibration: Calibration) -> dict[str, Floats]:
    """Resources by engine, ``(resources, designs)``; fractions of LUTs are kept."""
    found: dict[str, Floats] = {}
    for engine, usage in engine_usages(designs, times):
        table = found.setdefault(engine, np.zeros((len(RESOURCES), len(designs))))
        counts = calibration.counts(usage)
        for row, count in enumerate((counts.lut, counts.lutram, counts.ff, counts.bram18, counts.dsp)):
            if isinstance(count, np.ndarray) or count:
                table[row] += count
    return found


def _shares(counts: Floats, capacity: Floats) -> Floats:
    """Used over capacity; ``(..., resources, designs)``. A LUT that is memory is a LUT of the device too."""
    used = counts.copy()
    used[..., _LUT, :] += used[..., _LUTRAM, :]
    shares: Floats = used / capacity[:, None]
    return shares
