"""What other studies have trained, for the error model: designs that this study cannot take over.

Their space, limits, data or training differ. What bits cost, and which shapes learn well, is much the same
all the same. Where data and training are this study's, errors are taken as they are; else their level is
fitted to this study's own, which tells only how they differ among each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quant_model.design import DesignPoint
from quant_model.families import FAMILIES
from search.sampling.encoding import Encoding, Ints
from search.sampling.error_model import fit_error_model
from search.sampling.features import Features
from search.space.design_space import FAMILY, DesignSpace

__all__ = ["Hearsay", "arithmetic_row"]

Floats = npt.NDArray[np.float64]

_FEWEST = 3
"""Own trials from which on the level of others' errors is fitted."""


@dataclass(frozen=True, eq=False)
class Hearsay:
    """Trained designs of other studies.

    Attributes:
        arithmetic: As :meth:`Encoding.arithmetic` has them, ``(designs, columns)``.
        errors: ``(designs,)``, positive.
        alike: Whether an error is on this study's scale.
    """

    arithmetic: Ints
    errors: Floats
    alike: npt.NDArray[np.bool_]

    @classmethod
    def none(cls, encoding: Encoding) -> Hearsay:
        """Nothing."""
        columns = len(encoding.arithmetic_names)
        return cls(np.zeros((0, columns), np.int64), np.zeros(0), np.zeros(0, np.bool_))

    @classmethod
    def from_json(cls, data: Iterable[Mapping[str, Any]], encoding: Encoding) -> Hearsay:
        """Of ``{"row", "error", "alike"}`` each, the rows as :func:`arithmetic_row` has them."""
        rows = list(data)
        if not rows:
            return cls.none(encoding)
        return cls(
            np.array([row["row"] for row in rows], dtype=np.int64),
            np.array([row["error"] for row in rows], dtype=np.float64),
            np.array([row["alike"] for row in rows], dtype=np.bool_),
        )

    def __len__(self) -> int:
        return len(self.errors)

    def part(self, count: int) -> Hearsay:
        """At most so many of them, those of the least errors, in their order."""
        if len(self) <= count:
            return self
        chosen = np.sort(np.argsort(self.errors, kind="stable")[: max(count, 0)])
        return Hearsay(self.arithmetic[chosen], self.errors[chosen], self.alike[chosen])

    def columns(self, features: Features) -> Floats:
        """The error model's view of them."""
        return features(self.arithmetic)

    def levelled(self, features: Features, own: Floats, errors: Floats) -> Floats:
        """Their errors on this study's scale.

        Args:
            features: The error model's columns.
            own: This study's trained designs, as these columns.
            errors: Their errors.
        """
        found, others = self.errors.copy(), ~self.alike
        if others.any() and len(errors):
            told = fit_error_model(self.columns(features)[others], self.errors[others], features.groups)
            level = float(np.median(errors) / np.median(self.errors[others]))
            if len(errors) >= _FEWEST:
                level = float(np.exp(np.median(np.log(errors) - told.forecast(own).mean)))
            found[others] *= level
        return found


def arithmetic_row(design: DesignPoint, encoding: Encoding) -> list[int] | None:
    """A design as a row of :meth:`Encoding.arithmetic`; ``None`` where the space lacks one of its tensors.

    Numbers may lie outside of the space, words not: a shape that it lacks must differ in numbers alone.
    """
    space: DesignSpace = encoding.space
    family = FAMILIES[design.shape.family]
    named = {f"{name}.weight_bits": bits for name, bits in design.weight_bits.items()}
    named |= {f"{name}.activation_bits": bits for name, bits in design.activation_bits.items()}
    if family not in space.families or not set(named) <= set(encoding.arithmetic_names):
        return None
    shape = {FAMILY: family.family, **design.shape.parameter_values}
    told = {name: shape[name] for name in space.shape_parameters if name in shape}
    if any(isinstance(value, str) and value not in space.parameters[name] for name, value in told.items()):
        return None
    numbers = {name: encoding.numbers(name, value) for name, value in told.items()}
    return [{**numbers, **named}.get(name, 0) for name in encoding.arithmetic_names]
