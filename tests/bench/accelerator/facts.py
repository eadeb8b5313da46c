"""What the accelerator's report says of a design: pure functions of design points."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Literal

from cost_model import Device, Estimate, device, estimate, resolve
from cost_model.allocation import LaneObjective, allocate_lanes
from hdl.playback import Playback, random_vectors
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from quant_model.schedule import schedule

__all__ = [
    "allocated",
    "back_to_back",
    "bits_between_layers",
    "bits_of_whole_matrices",
    "busiest",
    "in_memories",
    "in_turn",
    "random_feasible",
    "square",
]


def square(d_model: int, bits: int) -> DesignPoint:
    """The networks of arXiv 2410.03294's templates: window 24, one feature, one head, FFN ratio 4."""
    return uniform_design(Encoder(24, 1, d_model, 1, 4 * d_model, 1, 1), bits, bits)


def busiest(design: DesignPoint) -> tuple[str, int]:
    """The engine with the most multiply-accumulates per lane, and their number in a window."""
    passes = design.shape.repeats
    work = {
        name: clocks * (passes if name.startswith("layer") else 1) for name, clocks in _work(design).items()
    }
    name = max(work, key=lambda one: work[one])
    return name, work[name]


def in_turn(design: DesignPoint) -> int:
    """Clocks below which no machine with these lanes and passes can bring one window alone.

    The bound of :func:`busiest` without its assumption that all engines work all the time: attention's first
    score needs all keys, its first context all values, and a layer's keys and values all rows before them.
    Everything else may overlap, and rows pass from engine to engine in no time.
    """
    arch, work = design.shape, _work(design)
    # When a layer's first row can come, and when its last is there.
    first, last = 0, work["embed"]
    for layer in range(arch.layers):
        for _ in range(arch.repeats):
            keys, values = (max(last, first + work[f"layer{layer}.{name}"]) for name in ("key", "value"))
            first = max(keys, values)
            rest = max(work[f"layer{layer}.{name}"] for name in ("context", "project", "expand", "contract"))
            last = max(keys + work[f"layer{layer}.scores"], first + rest)
    return last + work["head"]


def _work(design: DesignPoint) -> dict[str, int]:
    """Each engine's multiply-accumulates per lane in one pass; lanes divide them."""
    return {
        node.name: node.macs // design.engines[node.name].lanes
        for node in build_network(design).nodes
        if node.macs
    }


def allocated(design: DesignPoint, part: Device, objective: LaneObjective) -> tuple[DesignPoint, Estimate]:
    """The design with lanes chosen for the device, and its estimate."""
    chosen = allocate_lanes(design, part, objective=objective)
    return chosen, estimate(chosen, part)


def random_feasible(count: int, seed: int, part: Device, *, repeats: int = 1) -> Iterator[DesignPoint]:
    """Random designs of any shape and format that fit the device with one lane per engine."""
    rng = random.Random(seed)
    found = 0
    while found < count:
        design = _draw(rng, repeats)
        if estimate(design, part).fits:
            found += 1
            yield design


def back_to_back(model: IntegerModel, windows: int) -> Playback:
    """Random windows to play one behind another, the first one alone."""
    arch = model.network.design.shape
    stimulus = random_vectors(model.network.input, windows, seed=1)
    return Playback(stimulus, model.forward(stimulus), isolated=1, stall=False, seed=1)


def bits_between_layers(design: DesignPoint) -> int:
    """Bits of all buffers and stores that hold what one engine has made for another."""
    arch, bits = design.shape, design.activation_bits
    rows = schedule(build_network(design)).buffer_rows
    total = rows["embed"] * arch.features * bits["input"] + rows["head"] * arch.d_model * bits["pool"]
    stream = "embed"
    for number in range(arch.layers):
        name = f"layer{number}"
        columns, wide = arch.d_model, bits[stream]
        middle, last = f"{name}.attention_residual", f"{name}.ffn_residual"
        for reader in ("query", "key", "value", "attention_residual"):
            total += rows[f"{name}.{reader}"] * columns * wide
        total += rows[f"{name}.scores"] * columns * bits[f"{name}.query"]
        # A score buffer's row has a score per head and token, and its maxima.
        total += rows[f"{name}.context"] * arch.heads * (arch.window + 1) * bits[f"{name}.scores"]
        total += rows[f"{name}.project"] * columns * bits[f"{name}.value"]
        total += (rows[f"{name}.expand"] + rows[f"{name}.ffn_residual"]) * columns * bits[middle]
        total += rows[f"{name}.contract"] * arch.ffn_width * bits[f"{name}.expand"]
        if arch.repeats > 1:
            total += rows[f"{name}.repeat"] * columns * wide
        for store, tensor in (("scores", "key"), ("context", "value")):
            windows = design.engines[f"{name}.{store}"].windows
            total += windows * arch.window * columns * bits[f"{name}.{tensor}"]
        stream = last
    return total


def bits_of_whole_matrices(design: DesignPoint) -> int:
    """Bits when every tensor between two engines lies in a buffer of its own, whole, as in layer by layer."""
    arch, bits = design.shape, design.activation_bits
    row = arch.features * bits["input"] + arch.d_model * bits["embed"]
    for number in range(arch.layers):
        name = f"layer{number}"
        row += arch.heads * arch.window * bits[f"{name}.scores"]
        row += arch.ffn_width * bits[f"{name}.expand"]
        # The context has the value's format.
        for tensor in ("query", "key", "value", "value", "attention_residual", "ffn_residual"):
            row += arch.d_model * bits[f"{name}.{tensor}"]
    return arch.window * row + arch.d_model * bits["pool"]


def in_memories(style: Literal["distributed", "block"], bits: int = 8, lanes: int = 2) -> DesignPoint:
    """A small design with all its buffers and stores of one kind, products in LUTs."""
    arch = Encoder(window=12, features=1, d_model=8, heads=1, ffn_width=16, layers=1, outputs=1)
    design = uniform_design(arch, bits, bits, lanes=lanes, multiplier="lut", buffer=style, memory=style)
    return resolve(design, device("xc7s15"))


def _draw(rng: random.Random, repeats: int) -> DesignPoint:
    d_model = rng.choice((4, 6, 8, 12, 16, 20, 24, 32, 48, 64))
    arch = Encoder(
        window=rng.choice((4, 6, 8, 12, 16, 20, 24, 32, 48, 64, 96)),
        features=rng.randint(1, 9),
        d_model=d_model,
        heads=rng.choice([heads for heads in (1, 1, 2, 3, 4) if d_model % heads == 0]),
        ffn_width=d_model * rng.randint(1, 4),
        layers=rng.choice((1, 1, 2, 3)),
        outputs=rng.choice((1, 1, 2, 4, 8)),
        repeats=repeats,
    )
    streams = stream_names(arch)
    tensors = {name: rng.randint(2, 8) for name in activation_names(arch)}
    tensors |= {name: rng.choice((6, 8, 10, 12)) for name in streams}
    tensors |= dict.fromkeys(tied_streams(arch), tensors["embed"])
    open_design = uniform_design(arch)
    weights = {name: rng.randint(2, 8) for name in linear_names(arch)}
    return DesignPoint(arch, weights, tensors, open_design.engines)
