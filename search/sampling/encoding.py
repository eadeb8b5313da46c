"""Choices as rows of numbers: thousands of them become arrays of designs without a Python loop over them.

A row holds, for each open parameter of the space, the position of its value. What rows mean is what
:meth:`search.space.design_space.DesignSpace.design` says; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from cost_model.batch import DesignArrays, EngineArrays
from cost_model.resolve_many import OpenChoices
from quant_model.design import (
    Architecture,
    activation_names,
    engine_kinds,
    linear_names,
    memory_choices,
    tied_streams,
)
from search.space.design_space import DesignSpace, Value
from search.study_files.spec import widest_architecture

__all__ = ["SHAPE_COLUMNS", "Batch", "Encoding", "Ints", "Rows", "largest_divisors", "shape_of"]

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
"""``(choices, parameters)``: positions in the parameters' lists of values."""

SHAPE_COLUMNS = ("window", "d_model", "heads", "ffn_width", "layers", "repeats")
"""What an arithmetic begins with, before the bits of weights and activations."""


@dataclass(frozen=True)
class Batch:
    """Designs that can be estimated together."""

    where: Ints
    """Their positions among the rows."""
    designs: DesignArrays
    """Choices left to ``auto`` are False here."""
    open: Mapping[str, OpenChoices]
    """By engine, where a choice is left to ``auto``."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """The open parameters of a space as columns."""

    space: DesignSpace

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The parameters, in the order of the columns."""
        return tuple(self.space.open)

    @cached_property
    def sizes(self) -> Ints:
        """How many values each parameter has."""
        return np.array([len(values) for values in self.space.open.values()], dtype=np.int64)

    @cached_property
    def ordered(self) -> npt.NDArray[np.bool_]:
        """Whether a parameter's values are numbers in rising order, so that neighbours are alike."""
        return np.array(
            [
                all(isinstance(value, int) for value in values) and list(values) == sorted(values, key=int)
                for values in self.space.open.values()
            ],
            dtype=np.bool_,
        )

    @cached_property
    def arithmetic_columns(self) -> npt.NDArray[np.bool_]:
        """Which parameters decide the forecasts; the others decide how the accelerator is built."""
        return np.array(
            [name in self.space.shape_names or name.endswith("_bits") for name in self.names], dtype=np.bool_
        )

    @cached_property
    def arithmetic_names(self) -> tuple[str, ...]:
        """Columns of :meth:`arithmetic`."""
        weights = (f"{name}.weight_bits" for name in linear_names(self._widest))
        tensors = (f"{name}.activation_bits" for name in activation_names(self._widest))
        return (*SHAPE_COLUMNS, *weights, *tensors)

    def random(self, generator: np.random.Generator, count: int) -> Rows:
        """Uniform rows."""
        return generator.integers(self.sizes, size=(count, len(self.sizes)))

    def row(self, choice: Mapping[str, Any]) -> Ints | None:
        """The row of a choice; ``None`` when it lacks a parameter or has a value outside the space."""
        try:
            positions = [self._positions[name][choice[name]] for name in self.names]
        except KeyError:
            return None
        return np.array(positions, dtype=np.int64)

    def choice(self, row: Ints) -> dict[str, Value]:
        """The parameters that a row means."""
        return {
            name: values[int(position)]
            for (name, values), position in zip(self.space.open.items(), row, strict=True)
        }

    def arithmetic(self, rows: Rows) -> Ints:
        """What decides the forecasts, ``(rows, arithmetic_names)``; bits of absent layers are 0.

        Two rows have equal ones exactly when their designs have the same arithmetic digest.
        """
        table = np.zeros((len(rows), len(self.arithmetic_names)), dtype=np.int64)
        column = {name: index for index, name in enumerate(self.arithmetic_names)}
        for batch in self.batches(rows):
            designs, where = batch.designs, batch.where
            for name in SHAPE_COLUMNS:
                table[where, column[name]] = getattr(designs, name) if name != "layers" else designs.layers
            for name, bits in designs.weight_bits.items():
                table[where, column[f"{name}.weight_bits"]] = bits
            for name, bits in designs.activation_bits.items():
                table[where, column[f"{name}.activation_bits"]] = bits
        return table

    def batches(self, rows: Rows) -> Iterator[Batch]:
        """The designs that the rows mean, by number of layers, repeated or not."""
        layers, loops = self._numbers(rows, "layers"), self._numbers(rows, "repeats") > 1
        for count in np.unique(layers):
            for loop in (False, True):
                where = np.flatnonzero((layers == count) & (loops == loop))
                if len(where):
                    yield self._batch(rows[where], where, int(count))

    def _batch(self, rows: Rows, where: Ints, layers: int) -> Batch:
        window, d_model = self._numbers(rows, "window"), self._numbers(rows, "d_model")
        heads = largest_divisors(self._numbers(rows, "heads"), d_model)
        repeats = self._numbers(rows, "repeats")
        ffn_width = d_model * self._numbers(rows, "ffn_ratio")
        outputs = np.full(len(rows), self.space.spec.outputs, dtype=np.int64)
        shape = shape_of(layers, bool(repeats[0] > 1))
        tied = dict.fromkeys(tied_streams(shape)[1:], "embed")
        limits = {"expand": ffn_width, "head": outputs, "scores": window, "context": d_model // heads}
        engines, choices = {}, {}
        for name, kind in engine_kinds(shape).items():
            limit = limits.get(name.rsplit(".", 1)[-1], d_model)
            engines[name], choices[name] = self._engine(rows, name, bool(memory_choices(kind)), limit)
        designs = DesignArrays(
            layers=layers,
            repeats=repeats,
            window=window,
            features=np.full(len(rows), len(self.space.spec.data.features), dtype=np.int64),
            d_model=d_model,
            heads=heads,
            ffn_width=ffn_width,
            outputs=outputs,
            weight_bits={
                name: self._numbers(rows, self._slot(f"{name}.weight_bits")) for name in linear_names(shape)
            },
            activation_bits={
                name: self._numbers(rows, self._slot(f"{tied.get(name, name)}.activation_bits"))
                for name in activation_names(shape)
            },
            engines=engines,
        )
        return Batch(where, designs, {name: one for name, one in choices.items() if _any_open(one)})

    def _engine(
        self, rows: Rows, name: str, with_lanes: bool, limit: Ints
    ) -> tuple[EngineArrays, OpenChoices]:
        def chosen(key: str, value: str) -> npt.NDArray[np.bool_]:
            return self._is(rows, self._slot(f"{name}.{key}"), value)

        nothing = np.zeros(len(rows), dtype=np.bool_)
        one = np.ones(len(rows), dtype=np.int64)
        in_block, left = chosen("buffer", "block"), chosen("buffer", "auto")
        if not with_lanes:
            engine = EngineArrays(
                lanes=one, windows=one, dsp=nothing, buffer_block=in_block, memory_block=nothing
            )
            return engine, OpenChoices(nothing, left, nothing)
        slot = f"{name}.windows"
        engine = EngineArrays(
            lanes=largest_divisors(self._numbers(rows, self._slot(f"{name}.lanes")), limit),
            windows=self._numbers(rows, self._slot(slot)) if slot in self.space.parameter_of else one,
            dsp=chosen("multiplier", "dsp"),
            buffer_block=in_block,
            memory_block=chosen("memory", "block"),
        )
        return engine, OpenChoices(chosen("multiplier", "auto"), left, chosen("memory", "auto"))

    def _slot(self, slot: str) -> str:
        return self.space.parameter_of[slot]

    def _numbers(self, rows: Rows, parameter: str) -> Ints:
        """The values of a parameter that are numbers."""
        if parameter in self.space.constants:
            return np.full(len(rows), self.space.constants[parameter], dtype=np.int64)
        values = np.array(self.space.open[parameter], dtype=np.int64)
        return values[rows[:, self._column[parameter]]]

    def _is(self, rows: Rows, parameter: str, value: str) -> npt.NDArray[np.bool_]:
        if parameter in self.space.constants:
            return np.full(len(rows), self.space.constants[parameter] == value, dtype=np.bool_)
        flags = np.array([one == value for one in self.space.open[parameter]], dtype=np.bool_)
        return flags[rows[:, self._column[parameter]]]

    @cached_property
    def _column(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    @cached_property
    def _positions(self) -> dict[str, dict[Value, int]]:
        return {
            name: {value: position for position, value in enumerate(values)}
            for name, values in self.space.open.items()
        }

    @cached_property
    def _widest(self) -> Architecture:
        return widest_architecture(self.space.spec)


def shape_of(layers: int, loops: bool) -> Architecture:
    """Any architecture with the engines and tensors of this depth."""
    return Architecture(
        window=2,
        features=1,
        d_model=4,
        heads=1,
        ffn_width=4,
        layers=layers,
        outputs=1,
        repeats=2 if loops else 1,
    )


def largest_divisors(wanted: Ints, limits: Ints) -> Ints:
    """As :func:`quant_model.design.snap_lanes`: the largest divisors of the limits up to what is wanted."""
    base = int(limits.max()) + 1
    keys, inverse = np.unique(np.minimum(wanted, limits) * base + limits, return_inverse=True)
    found = [_largest_divisor(*divmod(int(key), base)) for key in keys]
    return np.array(found, dtype=np.int64)[inverse]


def _largest_divisor(wanted: int, limit: int) -> int:
    return max(n for n in range(1, wanted + 1) if limit % n == 0)


def _any_open(choices: OpenChoices) -> bool:
    return bool(choices.dsp.any() or choices.buffer_block.any() or choices.memory_block.any())
