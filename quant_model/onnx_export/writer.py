"""An ONNX graph while it is being written; a value's name says which tensor of the design it is.

A rounding shift is written ``(v - v mod 2**s) / 2**s``, where ``v`` holds the rounding constant already: ONNX
divides integers towards zero, but its ``Mod`` has the divisor's sign, which makes the whole a floor.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from quant_model.formats import Format
from quant_model.integer_model import IntegerModel


class Writer:
    """What a kind writes its operators with.

    Args:
        model: the integer model.

    Attributes:
        model: the same.
        prefix: of the names of what is written: the node's name, with the pass where it is computed again.
        nodes: operators so far.
        initializers: constants so far, by name.
    """

    def __init__(self, model: IntegerModel) -> None:
        self.model = model
        self.prefix = ""
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, onnx.TensorProto] = {}

    def requantize(self, value: str, shift: int, target: Format) -> str:
        """Rounding shift and saturation; the result is the tensor of the design itself."""
        if shift > 0:
            half = self.constant("half", [1 << (shift - 1)])
            value = self.op("Add", "round", value, half)
            value = self.floor_divide(value, self.constant("divisor", [1 << shift]), "shift")
        else:
            value = self.times(value, -shift, "shift")
        low, high = (
            self._scalar(name, bound) for name, bound in (("low", target.low), ("high", target.high))
        )
        return self.op("Clip", "", value, low, high)

    def times(self, value: str, places: int, part: str) -> str:
        """A left shift."""
        if places == 0:
            return value
        return self.op("Mul", part, value, self.constant(f"{part}_factor", [1 << places]))

    def floor_divide(self, dividend: str, divisor: str, part: str) -> str:
        """A quotient rounded down."""
        rest = self.op("Mod", f"{part}_rest", dividend, divisor)
        whole = self.op("Sub", f"{part}_whole", dividend, rest)
        return self.op("Div", part, whole, divisor)

    def reduce_sum(self, value: str, axis: int) -> str:
        """The sum along an axis, which stays."""
        return self.op("ReduceSum", "sum", value, self.constant("axis", [axis]), keepdims=1)

    def newest(self, value: str, source: str, count: int) -> str:
        """The last rows of a source's tensor, so many of ``(batch, rows, columns)``."""
        rows = int(self.model.network.rows_alone[source])
        if rows == count:
            return value
        last = self.constant(f"newest_of_{source}", list(range(rows - count, rows)))
        return self.op("Gather", f"newest_{source}", value, last, axis=1)

    def op(self, kind: str, part: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator; without ``part`` its output is the tensor of the design itself."""
        output = f"{self.prefix}/{part}" if part else self.prefix
        name = f"{self.prefix}/{part or kind.lower()}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], name=name, **attributes))
        return output

    def constant(self, part: str, values: list[int]) -> str:
        """A constant vector of this node."""
        return self.initializer(f"{self.prefix}/{part}", np.asarray(values, np.int64))

    def _scalar(self, part: str, value: int) -> str:
        return self.initializer(f"{self.prefix}/{part}", np.asarray(value, np.int64))

    def initializer(self, name: str, values: npt.NDArray[np.integer]) -> str:
        """A constant by its full name."""
        # Passes of a repeated part share weights, which are named after the node.
        self.initializers.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name
