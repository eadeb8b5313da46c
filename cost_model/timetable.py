"""The schedule of many designs at once: ``quant_model.schedule`` on arrays.

The same closed forms, because a network's nodes hold single numbers only; a test compares both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cost_model.batch import DesignArrays, Flags, Ints
from quant_model.schedule import ROWS_PER_STAGE
from quant_model.throughput import LayerTimes, head_limits, layer_limits

__all__ = ["Timetable", "TimingArrays", "timetable"]

# Clocks of the fixed pipelines, as in the VHDL and in quant_model.schedule.
_READ, _SOFTMAX, _COLLECT, _REQUANTIZE, _RESIDUAL, _POOL, _REPLAY, _WRITE = 1, 2, 1, 3, 3, 3, 1, 1
_OUTPUT_FIRST, _OUTPUT_NEXT = 2, 3
_CHAIN = ("scores", "context", "project", "expand", "contract")


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
    interval: Ints


@dataclass(frozen=True)
class _Arrivals:
    """As in ``quant_model.schedule``; where ``row`` is not below the window the condition does not exist."""

    row: Ints
    clock: Ints
    spacing: Ints


def timetable(designs: DesignArrays) -> Timetable:
    """Timings, buffer depths, cycles and interval."""
    timings = _timings(designs)
    layers = _layers(designs, timings)
    overlaps = _overlaps(designs, layers)
    buffers, limits = _buffers(designs, timings, layers, overlaps)
    for layer, times in zip(layers, overlaps, strict=True):
        rows = buffers[f"{layer.name}.query"], buffers[f"{layer.name}.attention_residual"]
        limits += layer_limits(times, *rows, _largest)
    head = timings["head"]
    limits += head_limits(layers[-1].chain[-1].latency, head.reading, head.latency, designs.outputs)
    return Timetable(timings, buffers, _cycles(designs, timings, layers, buffers), _largest(limits))


@dataclass(frozen=True)
class _Layer:
    """As in ``quant_model.schedule``."""

    name: str
    producer: TimingArrays
    spacing: Ints
    query: TimingArrays
    key: TimingArrays
    value: TimingArrays
    chain: tuple[TimingArrays, ...]
    windows: tuple[Ints, Ints]
    pace: Ints
    through: Ints

    @property
    def overlaps(self) -> Flags:
        overlaps: Flags = np.minimum(*self.windows) > 1
        return overlaps

    @property
    def slowest(self) -> tuple[Ints, Ints]:
        before = _largest([self.spacing, self.key.row, self.value.row])
        return before, np.maximum(self.pace, self.query.row)


def _layers(designs: DesignArrays, timings: Mapping[str, TimingArrays]) -> list[_Layer]:
    found: list[_Layer] = []
    producer, spacing = timings["embed"], np.maximum(designs.features, timings["embed"].row)
    for number in range(designs.layers):
        name = f"layer{number}"
        chain = tuple(timings[f"{name}.{part}"] for part in _CHAIN)
        layer = _Layer(
            name=name,
            producer=producer,
            spacing=spacing,
            query=timings[f"{name}.query"],
            key=timings[f"{name}.key"],
            value=timings[f"{name}.value"],
            chain=chain,
            windows=(designs.engines[f"{name}.scores"].windows, designs.engines[f"{name}.context"].windows),
            pace=_largest([part.row for part in chain]),
            through=_sum([part.latency for part in chain]),
        )
        found.append(layer)
        producer, spacing = chain[-1], layer.pace
    return found


def _buffers(
    designs: DesignArrays,
    timings: Mapping[str, TimingArrays],
    layers: list[_Layer],
    overlaps: list[LayerTimes],
) -> tuple[dict[str, Ints], list[Ints]]:
    """Rows of all buffers, and what those that hold no more than a window ask of the interval."""
    rows, d_model, loops = designs.window, designs.d_model, designs.repeats > 1
    nothing = np.zeros_like(rows)
    buffers = {"head": nothing + 1, "output": nothing + 1}
    limits: list[Ints] = []

    def depth(lifetime: Ints, spacing: Ints, layer: _Layer) -> Ints:
        wanted: Ints = -(-lifetime // spacing)
        return np.where(layer.overlaps, wanted, np.minimum(wanted, rows))

    def hold(name: str, lifetime: Ints, spacing: Ints, layer: _Layer) -> None:
        buffers[name] = depth(lifetime, spacing, layer)
        limits.append(np.where(buffers[name] <= rows, lifetime, 0))

    hold("embed", designs.features + timings["embed"].reading, layers[0].spacing, layers[0])
    for layer, times in zip(layers, overlaps, strict=True):
        name = layer.name
        replay, slowest = d_model + _REPLAY, np.maximum(layer.key.row, layer.value.row)
        buffers[f"{name}.repeat"] = rows
        for part, own in (("key", layer.key), ("value", layer.value)):
            first, again = layer.producer.latency + own.reading, replay + own.reading
            once = depth(first, np.maximum(layer.spacing, slowest), layer)
            deeper = np.maximum(once, depth(again, np.maximum(d_model, slowest), layer))
            held = buffers[f"{name}.{part}"] = np.where(loops, deeper, once)
            limits.append(np.where(held <= rows, np.where(loops, np.maximum(first, again), first), 0))
        for part, lead in (("query", times.query_lead), ("attention_residual", times.residual_lead)):
            buffers[f"{name}.{part}"] = np.where(layer.overlaps, times.crossing_rows(lead, _largest), rows)
        query, chain = layer.query, layer.chain
        hold(f"{name}.scores", query.latency + chain[0].reading, np.maximum(layer.pace, query.row), layer)
        for part, source, own in zip(_CHAIN[1:], chain, chain[1:], strict=False):
            hold(f"{name}.{part}", source.latency + own.reading, layer.pace, layer)
        waiting = _sum([part.latency for part in chain[2:]]) - _RESIDUAL
        hold(f"{name}.ffn_residual", waiting, layer.pace, layer)
    return buffers, limits


def _overlaps(designs: DesignArrays, layers: list[_Layer]) -> list[LayerTimes]:
    found = []
    for number, layer in enumerate(layers):
        before, behind = layer.slowest
        if number:
            before = np.maximum(before, layers[number - 1].slowest[1])
        if layer is not layers[-1]:
            behind = np.maximum(behind, layers[number + 1].slowest[0])
        scores, context, project = layer.chain[:3]
        key, value, query = layer.key, layer.value, layer.query
        found.append(
            LayerTimes(
                rows=designs.window,
                entry_latency=layer.producer.latency,
                entry_pace=before,
                pace=behind,
                key_latency=np.maximum(key.latency, value.latency),
                key_reading=np.maximum(key.reading, value.reading),
                replay_pace=_largest([designs.d_model, key.row, value.row]),
                replay_latency=designs.d_model + _REPLAY,
                query_latency=query.latency,
                query_reading=query.reading,
                scores_latency=scores.latency,
                scores_reading=scores.reading,
                context_reading=context.reading,
                to_project=scores.latency + context.latency + project.latency,
                through=layer.through,
                passes=designs.repeats,
                key_windows=layer.windows[0],
                value_windows=layer.windows[1],
            )
        )
    return found


def _cycles(
    designs: DesignArrays,
    timings: Mapping[str, TimingArrays],
    layers: list[_Layer],
    buffers: Mapping[str, Ints],
) -> Ints:
    rows, features = designs.window, designs.features
    embed, head, nothing = timings["embed"], timings["head"], np.zeros_like(rows)
    replay = designs.d_model + _REPLAY
    stream = _through([_Arrivals(nothing, features, features)], embed.row, embed.latency)
    for layer in layers:
        query, ahead = layer.query, buffers[f"{layer.name}.scores"]
        finished = stream
        for number in range(int(designs.repeats.max())):
            if number > 0:
                stream = [_Arrivals(nothing, _last(finished, rows) + replay, designs.d_model)]
            stored = _largest(
                [_last(_through(stream, t.row, t.latency), rows) for t in (layer.key, layer.value)]
            )
            queries = _through(stream, query.row, query.latency)
            firsts = [np.where(a.row == 0, a.clock, 0) for a in queries]
            start = _largest([stored, *firsts])
            queries += [
                _Arrivals(nothing, start, layer.pace),
                _Arrivals(ahead, start + layer.chain[0].reading + query.latency, query.row),
            ]
            left = _through(queries, layer.pace, layer.through)
            finished = left if number == 0 else _chosen(number < designs.repeats, left, finished, rows)
        stream = finished
    behind: Ints = _POOL + head.latency + _OUTPUT_FIRST + _OUTPUT_NEXT * (designs.outputs - 1)
    return _last(stream, rows) + behind


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


def _largest(values: Sequence[Ints]) -> Ints:
    found = values[0]
    for value in values[1:]:
        found = np.maximum(found, value)
    return found


def _sum(values: list[Ints]) -> Ints:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total
