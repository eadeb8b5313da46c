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

from quant_model.designs import Designs
from quant_model.families import FAMILIES
from search.space.design_space import FAMILY, DesignSpace, Value

__all__ = ["Batch", "Encoding", "Ints", "Rows"]

Ints = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]
"""``(choices, parameters)``: positions in the parameters' lists of values."""


@dataclass(frozen=True)
class Batch:
    """Designs that can be estimated together."""

    where: Ints
    """Their positions among the rows."""
    designs: Designs


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
            [name in self.space.shape_parameters or name.endswith("_bits") for name in self.names],
            dtype=np.bool_,
        )

    @cached_property
    def arithmetic_names(self) -> tuple[str, ...]:
        """Columns of :meth:`arithmetic`."""
        weights = (f"{name}.weight_bits" for name in self.space.weighted)
        tensors = (f"{name}.activation_bits" for name in self.space.tensors)
        return (*self.space.shape_parameters, *weights, *tensors)

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

        Words, the family's name too, are their place among those of the space, from 1; numbers that a family
        does not have are 0.

        Two rows have equal ones exactly when their designs have the same arithmetic digest.
        """
        table = np.zeros((len(rows), len(self.arithmetic_names)), dtype=np.int64)
        column = {name: index for index, name in enumerate(self.arithmetic_names)}
        for batch in self.batches(rows):
            designs, where = batch.designs, batch.where
            family = FAMILIES[designs.shape.family]
            if FAMILY in column:
                table[where, column[FAMILY]] = self.space.families.index(family) + 1
            for name, values in family.suited(self._choices(rows[where])).items():
                table[where, column[name]] = self.numbers(name, values)
            for name, bits in designs.weight_bits.items():
                table[where, column[f"{name}.weight_bits"]] = bits
            for name, bits in designs.activation_bits.items():
                table[where, column[f"{name}.activation_bits"]] = bits
        return table

    def numbers(self, name: str, values: Any) -> Any:
        """Values of a parameter as numbers."""
        known = self.space.parameters[name]
        if not isinstance(known[0], str):
            return values
        places = [known.index(word) + 1 for word in np.ravel(values).tolist()]
        return np.array(places) if np.ndim(values) else places[0]

    def batches(self, rows: Rows) -> Iterator[Batch]:
        """The designs that the rows mean, by the numbers that decide which nodes there are."""
        structural = [name for name in self.names if name in self.space.structural]
        kinds, inverse = np.unique(
            rows[:, [self._column[name] for name in structural]], axis=0, return_inverse=True
        )
        for index, kind in enumerate(kinds):
            where = np.flatnonzero(inverse.reshape(-1) == index)
            alike = {
                name: self.space.open[name][int(place)] for name, place in zip(structural, kind, strict=True)
            }
            designs = self.space.designs({**self._choices(rows[where]), **alike}, len(where))
            yield Batch(where, designs)

    def _choices(self, rows: Rows) -> dict[str, Any]:
        """The values of all parameters: one of a constant, an array by row of an open one."""
        chosen = {
            name: np.array(values)[rows[:, column]]
            for column, (name, values) in enumerate(self.space.open.items())
        }
        return {**self.space.constants, **chosen}

    @cached_property
    def _column(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.names)}

    @cached_property
    def _positions(self) -> dict[str, dict[Value, int]]:
        return {
            name: {value: position for position, value in enumerate(values)}
            for name, values in self.space.open.items()
        }
