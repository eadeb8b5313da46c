"""Mean and standard deviation by column, and values brought to mean 0 and deviation 1 with them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.errors import UserError

__all__ = ["Scale", "scale_of"]


@dataclass(frozen=True, eq=False)
class Scale:
    """Of some columns, in their own units.

    Attributes:
        mean: ``(columns,)`` float64, read-only.
        std: ``(columns,)`` float64, read-only; 1 for a constant column.
    """

    mean: npt.NDArray[np.float64]
    std: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        self.mean.flags.writeable = self.std.flags.writeable = False

    def normalise(self, values: npt.NDArray[np.floating], place: str) -> npt.NDArray[np.float32]:
        """Values ``(..., columns)`` in these units; ``place`` begins the message of an error.

        Raises:
            UserError: One lies so far off that it overflows.
        """
        with np.errstate(over="ignore"):
            normalised = ((values - self.mean) / self.std).astype(np.float32)
        if not np.isfinite(normalised).all():
            raise UserError(
                place,
                "a value lies so far from the training rows that it overflows",
                "look for a wrong value, or choose other split shares",
            )
        return normalised


def scale_of(values: npt.NDArray[np.float64], names: tuple[str, ...], place: str) -> Scale:
    """The scale of columns ``(rows, columns)`` called ``names`` of the file ``place``.

    Raises:
        UserError: A column's spread cannot be told in floating point.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, std = values.mean(axis=0), values.std(axis=0)
    # By the values themselves: the deviation of equal numbers is not always computed as exactly 0.
    constant = values.max(axis=0) == values.min(axis=0)
    mean[constant], std[constant] = values[0, constant], 1.0
    for name, deviation in zip(names, std, strict=True):
        if not (math.isfinite(deviation) and deviation > 0):
            raise UserError(
                f"{place} column {name}",
                "the values' spread overflows or underflows",
                "write the column in a unit that gives numbers of ordinary size",
            )
    return Scale(mean, std)
