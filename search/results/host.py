"""What a host computes around an accelerator: user units to input integers, output integers to user units.

Where an output is a change, the host adds to it the value of the window that it is a change from.
"""

from __future__ import annotations

import itertools
from dataclasses import asdict, dataclass

from quant_model.data import Dataset
from quant_model.integer_model import IntegerModel

__all__ = ["Host", "Line", "Plus", "added_values", "host"]


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


def host(model: IntegerModel, dataset: Dataset) -> Host:
    """The scales of a model that was trained on a dataset: normalisation and quantisation in one."""
    scale, one = model.input_scale, 2.0 ** model.exponents[model.network.output.name]
    offsets = dataset.feature_mean + dataset.feature_std * scale.offset
    steps = dataset.feature_std * scale.step
    features = zip(dataset.feature_names, offsets, steps, strict=True)
    scales, added = (dataset.target_mean, dataset.target_std * one), added_values(dataset)
    outputs = zip(dataset.output_names, *scales, added, strict=True)
    return Host(
        low=model.network.input.format.low,
        high=model.network.input.format.high,
        inputs=tuple(Line(name, float(offset), float(step)) for name, offset, step in features),
        outputs=tuple(Line(name, float(offset), float(step), plus) for name, offset, step, plus in outputs),
    )


def added_values(dataset: Dataset) -> tuple[Plus | None, ...]:
    """By output, the value that the host adds."""
    targets = itertools.cycle(dataset.target_names)
    return tuple(
        None if rows is None else Plus(target, rows)
        for rows, target in zip(dataset.rows_back, targets, strict=False)
    )
