"""How the host turns normalised values into the accelerator's input integers.

Each feature has an offset and a step of its own, any real numbers: the host's arithmetic costs no hardware,
and the first layer's weights and biases absorb both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_model.formats import Format, IntArray


@dataclass(frozen=True, eq=False)
class InputScale:
    """A feature's value is ``offset + step * integer``.

    Raises:
        ValueError: the two are no vectors of one length, one is not finite, or a step is not positive.
    """

    offset: npt.NDArray[np.float64]
    """``(features,)``, in normalised units."""
    step: npt.NDArray[np.float64]
    """``(features,)``, in normalised units."""

    def __post_init__(self) -> None:
        if self.offset.ndim != 1 or self.offset.shape != self.step.shape:
            raise ValueError(f"input: offsets {self.offset.shape}, steps {self.step.shape}")
        if not (np.isfinite(self.offset).all() and np.isfinite(self.step).all() and (self.step > 0).all()):
            raise ValueError("input: an offset is not finite, or a step not finite and positive")

    @classmethod
    def uniform(cls, features: int, step: float) -> InputScale:
        """The same step for all features, from zero."""
        return cls(np.zeros(features), np.full(features, step))

    def quantize(self, values: npt.NDArray[np.floating[Any]], target: Format) -> IntArray:
        """Normalised ``(..., features)`` to integers: the nearest, half up, saturated; in float64.

        Raises:
            ValueError: a value is not a number, for which no integer stands.
        """
        unknown = np.argwhere(np.isnan(values))
        if len(unknown):
            place = ", ".join(map(str, unknown[0].tolist()))
            raise ValueError(f"input: the value at ({place}) is not a number; fill it, or drop its window")
        nearest = np.floor((np.asarray(values, np.float64) - self.offset) / self.step + 0.5)
        return np.clip(nearest, target.low, target.high).astype(np.int64)

    def to_json(self) -> dict[str, list[float]]:
        """The two lists."""
        return {"offset": self.offset.tolist(), "step": self.step.tolist()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> InputScale:
        """Read :meth:`to_json`'s object.

        Raises:
            ValueError: it is none.
        """
        return cls(np.asarray(data["offset"], np.float64), np.asarray(data["step"], np.float64))
