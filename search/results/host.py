"""What a host computes around an accelerator: user units to input integers, output integers to user units."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from quant_model.data import Dataset
from quant_model.integer_model import IntegerModel

__all__ = ["Host", "Line", "host"]


@dataclass(frozen=True)
class Line:
    """One input or output: its value in the user's unit is ``offset + step * integer``."""

    name: str
    offset: float
    step: float


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
        rows = [f"| input | {one.name} | {one.offset!r} | {one.step!r} |" for one in self.inputs]
        rows += [f"| output | {one.name} | {one.offset!r} | {one.step!r} |" for one in self.outputs]
        return "\n".join(["| stream | value | offset | step |", "|---|---|---|---|", *rows])


def host(model: IntegerModel, dataset: Dataset) -> Host:
    """The scales of a model that was trained on a dataset: normalisation and quantisation in one."""
    scale, one = model.input_scale, 2.0 ** model.exponents[model.network.output.name]
    offsets = dataset.feature_mean + dataset.feature_std * scale.offset
    steps = dataset.feature_std * scale.step
    features = zip(dataset.feature_names, offsets, steps, strict=True)
    outputs = zip(dataset.output_names, dataset.target_mean, dataset.target_std * one, strict=True)
    return Host(
        low=model.network.input.format.low,
        high=model.network.input.format.high,
        inputs=tuple(Line(name, float(offset), float(step)) for name, offset, step in features),
        outputs=tuple(Line(name, float(offset), float(step)) for name, offset, step in outputs),
    )
