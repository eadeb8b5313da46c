"""Estimates of many designs at once, equal to the single form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from cost_model import attention, linear, pooling, repeat, residual
from cost_model.arithmetic import Number
from cost_model.attention import ContextShape, ScoresShape
from cost_model.batch import DesignArrays, Flags, Ints
from cost_model.breakdown import input_usages, output_usages
from cost_model.calibration import Calibration, load
from cost_model.component import Usage
from cost_model.devices import RESOURCES, Device, check_calibrated
from cost_model.energy import busy_pj, clocked_energy_pj, total_energy_uj
from cost_model.linear import LinearShape
from cost_model.pooling import PoolingShape
from cost_model.repeat import RepeatShape
from cost_model.residual import ResidualShape
from cost_model.timetable import Timetable, timetable

__all__ = ["Estimates", "engine_usages", "estimate_many"]

Floats = npt.NDArray[np.float64]
_CHUNK = 2048
"""Designs at a time: their columns stay in the processor's cache."""


@dataclass(frozen=True)
class Estimates:
    """What many design points need on a device; arrays in the order of the designs."""

    resources: Mapping[str, Ints]
    """``lut``, ``lutram``, ``ff``, ``bram18``, ``dsp``."""
    utilization: Mapping[str, Floats]
    """Used over capacity, same keys; ``lut`` counts LUTs that are memory too."""
    cycles: Ints
    interval: Ints
    """Clocks from window to window in a back-to-back stream."""
    fits: Flags
    device: str
    calibration: str
    clocked_pj: Floats
    """Dynamic energy of every clock, in pJ."""
    busy_pj: Floats
    """Dynamic energy of all engines while they work, in pJ an inference."""
    _device: Device = field(repr=False)

    def energy_uj(self, clock_mhz: float) -> Floats:
        """Energy per inference in uJ at ``clock_mhz``, the same as :meth:`cost_model.Estimate.energy_uj`.

        An estimate within a factor of two: for comparing designs, for example as an objective.
        """
        found: Floats = total_energy_uj(self.cycles, self.clocked_pj, self.busy_pj, self._device, clock_mhz)
        return found


def estimate_many(designs: DesignArrays, device: Device, calibration: Calibration | None = None) -> Estimates:
    """Resources, cycles and utilisation of resolved design points, the same as :func:`estimate` gives.

    Raises:
        UserError: the device has no calibration.
    """
    check_calibrated(device)
    coefficients = calibration or load()
    parts = [
        _chunk(designs.part(slice(first, first + _CHUNK)), coefficients, device)
        for first in range(0, len(designs), _CHUNK)
    ]
    table = np.concatenate([resources for resources, _, _ in parts], axis=1)
    counts = {name: np.rint(row).astype(np.int64) for name, row in zip(RESOURCES, table, strict=True)}
    used = {**counts, "lut": counts["lut"] + counts["lutram"]}
    shares = {name: used[name] / getattr(device, name) for name in RESOURCES}
    return Estimates(
        resources=counts,
        utilization=shares,
        cycles=np.concatenate([times.cycles for _, times, _ in parts]),
        interval=np.concatenate([times.interval for _, times, _ in parts]),
        fits=np.all([share <= 1 for share in shares.values()], axis=0),
        device=device.name,
        calibration=coefficients.name,
        clocked_pj=clocked_energy_pj(counts["ff"], counts["bram18"], device),
        busy_pj=np.concatenate([busy for _, _, busy in parts]),
        _device=device,
    )


def _chunk(
    designs: DesignArrays, calibration: Calibration, device: Device
) -> tuple[Floats, Timetable, Floats]:
    """Resources, timing, and the energy of engines at work."""
    times = timetable(designs)
    table = np.zeros((len(RESOURCES), len(designs)))
    parts = []
    for engine, usage in engine_usages(designs, times):
        counts = calibration.counts(usage)
        parts.append((engine, counts))
        table[0] += counts.lut
        for row, count in enumerate((counts.lutram, counts.ff, counts.bram18, counts.dsp), start=1):
            if isinstance(count, np.ndarray) or count:
                table[row] += count
    return table, times, busy_pj(parts, designs, times.timings, device)


def engine_usages(designs: DesignArrays, times: Timetable) -> Iterator[tuple[str, Usage]]:
    """As ``breakdown.usages``, by engine and in the same order: sums of fractions are then equal too."""
    shapes = _Shapes(designs, times)
    yield from _of("input", input_usages(designs.features))
    yield from _of("embed", linear.usages(shapes.linear("embed", "input", embedding=True)))
    stream = "embed"
    for layer in range(designs.layers):
        name = f"layer{layer}"
        if designs.repeats[0] > 1:
            yield from _of(f"{name}.repeat", repeat.usages(shapes.repeat(f"{name}.repeat", stream)))
        for part in ("query", "key", "value"):
            yield from _of(f"{name}.{part}", linear.usages(shapes.linear(f"{name}.{part}", stream)))
        yield from _of(f"{name}.scores", attention.scores_usages(shapes.scores(name)))
        yield from _of(f"{name}.context", attention.context_usages(shapes.context(name)))
        middle, last = f"{name}.attention_residual", f"{name}.ffn_residual"
        project = shapes.linear(f"{name}.project", f"{name}.value", residual=(stream, middle))
        yield from _of(f"{name}.project", linear.usages(project))
        yield from _of(middle, residual.usages(shapes.residual(middle, project, stream)))
        expand = shapes.linear(f"{name}.expand", middle, out_signed=False)
        yield from _of(f"{name}.expand", linear.usages(expand))
        contract = shapes.linear(
            f"{name}.contract", f"{name}.expand", x_signed=False, residual=(middle, last)
        )
        yield from _of(f"{name}.contract", linear.usages(contract))
        addition = shapes.residual(last, contract, middle)
        yield from _of(last, residual.usages(addition))
        stream = last
    yield from _of("pool", pooling.usages(shapes.pooling(stream, residual.filled_output(addition))))
    head = shapes.linear("head", "pool", passed_on=True)
    yield from _of("head", linear.usages(head))
    yield from _of("output", output_usages(head, times.buffer_rows["output"]))


def _of(engine: str, labelled: Iterator[tuple[str, Usage]]) -> Iterator[tuple[str, Usage]]:
    return ((engine, usage) for _, usage in labelled)


class _Shapes:
    """The engines of all designs, by name."""

    def __init__(self, designs: DesignArrays, times: Timetable) -> None:
        self.designs, self.times = designs, times
        self.tensors = designs.activation_bits

    def linear(
        self,
        name: str,
        source: str,
        *,
        embedding: bool = False,
        x_signed: bool = True,
        out_signed: bool = True,
        residual: tuple[str, str] | None = None,
        passed_on: bool = False,
    ) -> LinearShape:
        """A linear engine; ``residual`` names the stream and the result of the addition behind it."""
        designs, engine = self.designs, self.designs.engines[name]
        inputs, columns = self._shape(name)
        wide = passed_on or residual is not None
        return LinearShape(
            inputs=inputs,
            columns=columns,
            biases=columns * designs.window if embedding else columns,
            embedding=embedding,
            x_bits=self.tensors[source],
            x_signed=x_signed,
            w_bits=designs.weight_bits[name],
            out_bits=None if wide else self.tensors[name],
            out_signed=out_signed,
            residual=(self.tensors[residual[0]], self.tensors[residual[1]]) if residual else None,
            lanes=engine.lanes,
            period=self.times.timings[name].period,
            rows=self.times.buffer_rows[name],
            dsp=engine.dsp,
            buffer_block=engine.buffer_block,
            memory_block=engine.memory_block,
        )

    def _shape(self, name: str) -> tuple[Ints, Ints]:
        designs = self.designs
        d_model, ffn = designs.d_model, designs.ffn_width
        shapes = {
            "embed": (designs.features, d_model),
            "expand": (d_model, ffn),
            "contract": (ffn, d_model),
            "head": (d_model, designs.outputs),
        }
        return shapes.get(name.rsplit(".", 1)[-1], (d_model, d_model))

    def scores(self, layer: str) -> ScoresShape:
        """The scores engine of a layer."""
        designs, name = self.designs, f"{layer}.scores"
        engine = designs.engines[name]
        return ScoresShape(
            window=designs.window,
            heads=designs.heads,
            d_head=designs.d_model // designs.heads,
            query_bits=self.tensors[f"{layer}.query"],
            key_bits=self.tensors[f"{layer}.key"],
            out_bits=self.tensors[name],
            lanes=engine.lanes,
            period=self.times.timings[name].period,
            rows=self.times.buffer_rows[name],
            dsp=engine.dsp,
            buffer_block=engine.buffer_block,
            memory_block=engine.memory_block,
            windows=engine.windows,
        )

    def context(self, layer: str) -> ContextShape:
        """The context engine of a layer."""
        designs, name = self.designs, f"{layer}.context"
        engine, timing = designs.engines[name], self.times.timings[name]
        return ContextShape(
            window=designs.window,
            heads=designs.heads,
            d_head=designs.d_model // designs.heads,
            score_bits=self.tensors[f"{layer}.scores"],
            probability_bits=self.tensors[f"{layer}.probability"],
            value_bits=self.tensors[f"{layer}.value"],
            lanes=engine.lanes,
            period=timing.period,
            mac_latency=timing.mac_latency,
            rows=self.times.buffer_rows[name],
            dsp=engine.dsp,
            buffer_block=engine.buffer_block,
            memory_block=engine.memory_block,
            windows=engine.windows,
        )

    def residual(self, name: str, branch: LinearShape, stream: str) -> ResidualShape:
        """The addition ``name`` of a branch and the tensor ``stream``."""
        return ResidualShape(
            columns=self.designs.d_model,
            inputs=branch.inputs,
            x_bits=branch.x_bits,
            x_signed=branch.x_signed,
            w_bits=branch.w_bits,
            stream_bits=self.tensors[stream],
            out_bits=self.tensors[name],
            rows=self.times.buffer_rows[name],
            buffer_block=self.designs.engines[name].buffer_block,
        )

    def repeat(self, name: str, stream: str) -> RepeatShape:
        """The loop around a layer that reads the tensor ``stream``."""
        designs = self.designs
        return RepeatShape(
            window=designs.window,
            columns=designs.d_model,
            passes=designs.repeats,
            bits=self.tensors[stream],
            rows=self.times.buffer_rows[name],
            buffer_block=designs.engines[name].buffer_block,
        )

    def pooling(self, source: str, filled: Number) -> PoolingShape:
        """The pooling engine, of whose input ``filled`` bits are not constant."""
        designs = self.designs
        return PoolingShape(
            window=designs.window,
            columns=designs.d_model,
            in_bits=self.tensors[source],
            filled=filled,
            out_bits=self.tensors["pool"],
            buffer_block=designs.engines["pool"].buffer_block,
        )
