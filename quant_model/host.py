"""What a host computes around an accelerator: user units to input integers, output integers to user units.

Where an output is a change, the host adds to it the value of the window that it is a change from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quant_model.integer_model import IntegerModel

__all__ = ["Host", "Line", "Plus", "plain_host"]


@dataclass(frozen=True)
class Plus:
    """A value of the window, as it was measured (not as it was quantised)."""

    column: str
    rows_back: int
    """Rows before the window's newest; 0 is the newest."""

    def __str__(self) -> str:
        return f"{self.column}, {f'{self.rows_back} rows before the newest' if self.rows_back else 'newest'}"


@dataclass(frozen=True)
class Line:
    """One input or output: its value in the user's unit is ``offset + step * integer + plus``."""

    name: str
    offset: float
    step: float
    plus: Plus | None = None
    """For outputs that are changes."""


@dataclass(frozen=True)
class Host:
    """The scales of all inputs and outputs, in the order in which the streams carry them.

    Attributes:
        low: The smallest input integer; what lies below is saturated.
        high: The largest.
        inputs: By feature. The integer of a value is ``floor((value - offset) / step + 1/2)``, saturated.
        outputs: By output; what they are for is the task's decision (``quant_model.data.decisions``).
    """

    low: int
    high: int
    inputs: tuple[Line, ...]
    outputs: tuple[Line, ...]

    def to_json(self) -> dict[str, object]:
        """All of it as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Host:
        """Read :meth:`to_json`'s object.

        Raises:
            ValueError: it is none.
        """
        try:
            inputs, outputs = (tuple(map(_line, data[key])) for key in ("inputs", "outputs"))
            return cls(int(data["low"]), int(data["high"]), inputs, outputs)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"no scales of a host ({error})") from error

    def table(self) -> str:
        """All of it as a table in Markdown."""
        rows = [["stream", "value", "offset", "step", "plus"], ["---"] * 5]
        for stream, lines in (("input", self.inputs), ("output", self.outputs)):
            rows += [
                [stream, one.name, repr(one.offset), repr(one.step), f"{one.plus or ''}"] for one in lines
            ]
        columns = 5 if self.adds else 4
        return "\n".join(f"| {' | '.join(row[:columns])} |" for row in rows)

    @property
    def adds(self) -> bool:
        """Whether it adds values of the window to some outputs."""
        return any(one.plus is not None for one in self.outputs)

    @property
    def columns(self) -> tuple[str, ...]:
        """What a row of the user's data holds: the inputs, then what is only added to outputs."""
        added = (one.plus.column for one in self.outputs if one.plus is not None)
        return tuple(dict.fromkeys([*(one.name for one in self.inputs), *added]))


def plain_host(model: IntegerModel) -> Host:
    """A host of normalised values, for a model without data: it computes the model's ``predict``."""
    scale, step = model.input_scale, 2.0 ** model.exponents[model.network.output.name]
    lines = zip(scale.offset, scale.step, strict=True)
    return Host(
        low=int(model.network.input.format.low),
        high=int(model.network.input.format.high),
        inputs=tuple(Line(f"input{n}", float(offset), float(one)) for n, (offset, one) in enumerate(lines)),
        outputs=tuple(Line(f"output{n}", 0.0, step) for n in range(model.network.output.columns)),
    )


def _line(data: Mapping[str, Any]) -> Line:
    plus = data["plus"]
    added = None if plus is None else Plus(str(plus["column"]), int(plus["rows_back"]))
    return Line(str(data["name"]), float(data["offset"]), float(data["step"]), added)
