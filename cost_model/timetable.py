"""The schedule of many designs at once: ``quant_model.schedule`` on arrays.

The same closed forms, because a network's nodes hold single numbers only; a test compares both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cost_model.batch import DesignArrays, Flags, Ints
from quant_model.schedule import ROWS_PER_STAGE

__all__ = ["Timetable", "TimingArrays", "timetable"]

# Clocks of the fixed pipelines, as in the VHDL and in quant_model.schedule.
_READ, _SOFTMAX, _COLLECT, _REQUANTIZE, _RESIDUAL, _POOL, _REPLAY, _WRITE = 1, 2, 1, 3, 3, 3, 1, 1
_OUTPUT_FIRST, _OUTPUT_NEXT = 2, 3
_PARTS = ("context", "project", "expand", "contract")


@dataclass(frozen=True)
class TimingArrays:
    """As ``quant_model.schedule.Timing``, by design."""

    period: Ints
    row: Ints
    reading: Ints
    mac_latency: Ints
    latency: Ints


@dataclass(frozen=True)
class Timetable:
    """As ``quant_model.schedule.Schedule``, by design."""

    timings: Mapping[str, TimingArrays]
    buffer_rows: Mapping[str, Ints]
    cycles: Ints


@dataclass(frozen=True)
class _Arrivals:
    """As in ``quant_model.schedule``; where ``row`` is not below the window the condition does not exist."""

    row: Ints
    clock: Ints
    spacing: Ints


def timetable(designs: DesignArrays) -> Timetable:
    """Timings, buffer depths and cycles."""
    rows, features, d_model = designs.window, designs.features, designs.d_model
    timings = _timings(designs)
    nothing = np.zeros_like(rows)
    buffers = {"head": nothing + 1, "output": nothing + 1}
    embed = timings["embed"]
    producer, pace = embed, np.maximum(features, embed.row)
    buffers["embed"] = _depth(features + embed.reading, pace, rows)
    stream = _through([_Arrivals(nothing, features, features)], embed.row, embed.latency)
    for layer in range(designs.layers):
        name = f"layer{layer}"
        query, key, value, scores = (
            timings[f"{name}.{part}"] for part in ("query", "key", "value", "scores")
        )
        replay, loops = d_model + _REPLAY, designs.repeats > 1
        buffers[f"{name}.repeat"] = rows
        for part, own in (("key", key), ("value", value)):
            slowest = np.maximum(key.row, value.row)
            depth = _depth(producer.latency + own.reading, np.maximum(pace, slowest), rows)
            again = _depth(replay + own.reading, np.maximum(d_model, slowest), rows)
            buffers[f"{name}.{part}"] = np.where(loops, np.maximum(depth, again), depth)
        buffers[f"{name}.query"] = buffers[f"{name}.attention_residual"] = rows

        parts = [scores, *(timings[f"{name}.{part}"] for part in _PARTS)]
        producer, pace = parts[-1], _largest([part.row for part in parts])
        ahead = _depth(query.latency + scores.reading, np.maximum(pace, query.row), rows)
        buffers[f"{name}.scores"] = ahead
        for part, source, own in zip(_PARTS, parts, parts[1:], strict=False):
            buffers[f"{name}.{part}"] = _depth(source.latency + own.reading, pace, rows)
        waiting = sum((part.latency for part in parts[2:]), nothing) - _RESIDUAL
        buffers[f"{name}.ffn_residual"] = _depth(waiting, pace, rows)

        through = sum((part.latency for part in parts), nothing)
        finished = stream
        for number in range(int(designs.repeats.max())):
            if number > 0:
                stream = [_Arrivals(nothing, _last(finished, rows) + replay, d_model)]
            stored = _largest([_last(_through(stream, t.row, t.latency), rows) for t in (key, value)])
            queries = _through(stream, query.row, query.latency)
            firsts = [np.where(a.row == 0, a.clock, 0) for a in queries]
            start = _largest([stored, *firsts])
            queries += [
                _Arrivals(nothing, start, pace),
                _Arrivals(ahead, start + scores.reading + query.latency, query.row),
            ]
            left = _through(queries, pace, through)
            finished = left if number == 0 else _chosen(number < designs.repeats, left, finished, rows)
        stream = finished
    head = timings["head"]
    behind = _POOL + head.latency + _OUTPUT_FIRST
    cycles = _last(stream, rows) + behind + _OUTPUT_NEXT * (designs.outputs - 1)
    return Timetable(timings, buffers, cycles)


def _timings(designs: DesignArrays) -> dict[str, TimingArrays]:
    window, d_model, ffn = designs.window, designs.d_model, designs.ffn_width
    weights, tensors = designs.weight_bits, designs.activation_bits
    found: dict[str, TimingArrays] = {}

    def timing(name: str, inner: Ints, outputs: Ints, factors: tuple[Ints, Ints], after: Ints | int) -> None:
        engine = designs.engines[name]
        lanes, groups = engine.lanes, outputs // engine.lanes
        period = np.maximum(inner, lanes)
        long = engine.dsp | (np.minimum(*factors) > ROWS_PER_STAGE)
        mac = np.where(long, 3, 2)
        first = (groups - 1) * period + inner - 1 + _READ + mac + _COLLECT + lanes - 1
        row = groups * period
        latency = first + after + _WRITE
        found[name] = TimingArrays(period, row, row - period + inner, mac, latency)

    simple, wide = _REQUANTIZE, _REQUANTIZE + _RESIDUAL
    timing("embed", designs.features, d_model, (tensors["input"], weights["embed"]), simple)
    stream = "embed"
    for layer in range(designs.layers):
        name = f"layer{layer}"
        for part in ("query", "key", "value"):
            factors = tensors[stream], weights[f"{name}.{part}"]
            timing(f"{name}.{part}", d_model, d_model, factors, simple)
        query, key, value = (tensors[f"{name}.{part}"] for part in ("query", "key", "value"))
        timing(f"{name}.scores", d_model // designs.heads, designs.heads * window, (query, key), simple)
        factors = tensors[f"{name}.probability"], value
        timing(f"{name}.context", window, d_model, factors, _SOFTMAX + value + 1)
        timing(f"{name}.project", d_model, d_model, (value, weights[f"{name}.project"]), wide)
        middle = tensors[f"{name}.attention_residual"]
        timing(f"{name}.expand", d_model, ffn, (middle, weights[f"{name}.expand"]), simple)
        factors = tensors[f"{name}.expand"], weights[f"{name}.contract"]
        timing(f"{name}.contract", ffn, d_model, factors, wide)
        stream = f"{name}.ffn_residual"
    timing("head", d_model, designs.outputs, (tensors["pool"], weights["head"]), simple)
    return found


def _through(arrivals: list[_Arrivals], period: Ints, latency: Ints) -> list[_Arrivals]:
    return [_Arrivals(a.row, a.clock + latency, np.maximum(a.spacing, period)) for a in arrivals]


def _last(arrivals: list[_Arrivals], rows: Ints) -> Ints:
    return _largest([np.where(a.row < rows, a.clock + (rows - 1 - a.row) * a.spacing, 0) for a in arrivals])


def _chosen(where: Flags, new: list[_Arrivals], old: list[_Arrivals], rows: Ints) -> list[_Arrivals]:
    """The arrivals of ``new`` where that pass exists, else those of ``old``."""
    none = [_Arrivals(rows, np.zeros_like(rows), np.zeros_like(rows))]
    return [
        _Arrivals(
            np.where(where, a.row, b.row),
            np.where(where, a.clock, b.clock),
            np.where(where, a.spacing, b.spacing),
        )
        for a, b in zip(new + none * (len(old) - len(new)), old + none * (len(new) - len(old)), strict=True)
    ]


def _depth(lifetime: Ints, spacing: Ints, rows: Ints) -> Ints:
    depth: Ints = np.minimum(-(-lifetime // spacing), rows)
    return depth


def _largest(values: list[Ints]) -> Ints:
    found = values[0]
    for value in values[1:]:
        found = np.maximum(found, value)
    return found
