"""The choice of a space that means a given network: how designs of one study are found again in another."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from quant_model.design import DesignPoint
from quant_model.families import AnyShape
from search.space.design_space import FAMILY, DesignSpace, Value, Values
from search.space.identity import arithmetic_digest

__all__ = ["Inverse"]


@dataclass(frozen=True, eq=False)
class Inverse:
    """Looks for designs in a space."""

    space: DesignSpace

    def choice(self, design: DesignPoint) -> dict[str, Value] | None:
        """All open parameters, such that shape and bits are the design's; ``None`` where there are no such.

        Lanes, multipliers and memories are the design's where the space offers them, else what is nearest:
        they change nothing in what is computed. What the network does not have takes its first value.
        """
        found = self._shape(design.shape)
        if found is None:
            return None
        wanted = _wanted(design)
        for slot, name in self.space.parameter_of.items():
            if slot in wanted:
                # One parameter may fill many slots; where they differ, the check below tells.
                found.setdefault(name, _nearest(self.space.parameters[name], wanted[slot]))
        choice = {name: found.get(name, values[0]) for name, values in self.space.open.items()}
        own = arithmetic_digest(self.space.design(choice)) == arithmetic_digest(design)
        return choice if own else None

    def _shape(self, shape: AnyShape) -> dict[str, Value] | None:
        """The parameters that mean a shape."""
        family, parameters, spec = type(shape), self.space.parameters, self.space.spec
        if family not in self.space.families:
            return None
        told = shape.parameter_values
        # A number that was lowered to suit the others may have been any.
        options = [parameters[name] if name in family.snapped else (told[name],) for name in told]
        if not all(set(values) <= set(parameters[name]) for name, values in zip(told, options, strict=True)):
            return None
        for values in itertools.product(*options):
            choice: dict[str, Any] = dict(zip(told, values, strict=True))
            if family.chosen(choice, len(spec.data.features), spec.outputs) == shape:
                return choice | ({FAMILY: family.family} if FAMILY in parameters else {})
        return None


def _wanted(design: DesignPoint) -> dict[str, Value]:
    """What a design has in each slot, by the slots' names."""
    found: dict[str, Value] = {f"{name}.weight_bits": bits for name, bits in design.weight_bits.items()}
    found |= {f"{name}.activation_bits": bits for name, bits in design.activation_bits.items()}
    for name, engine in design.engines.items():
        for key in ("lanes", "multiplier", "buffer", "memory", "windows"):
            if (value := getattr(engine, key)) is not None:
                found[f"{name}.{key}"] = value
    return found


def _nearest(values: Values, wanted: Value) -> Value:
    """The value itself, else the nearest number, else what is left to the cost model, else the first."""
    if wanted in values:
        return wanted
    numbers = [value for value in values if isinstance(value, int)]
    if isinstance(wanted, int) and numbers:
        return min(numbers, key=lambda value: (abs(value - wanted), value))
    return "auto" if "auto" in values else values[0]
