"""The integer model as ONNX, in standard operators on integers: for other flows and for viewers.

Every tensor is int64 and every operator exact, so that a runtime's outputs equal the golden model's.
Opset 17, IR version 8. A rounding shift is written ``(v - v mod 2**s) / 2**s``, where ``v`` holds the
rounding constant already: ONNX divides integers towards zero, but its ``Mod`` has the divisor's sign, which
makes the whole a floor.
Needs the package ``onnx`` (extra ``onnx``); only this module imports it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from quant_model.attention import Context, Scores
from quant_model.formats import Format
from quant_model.integer_model import IntegerModel
from quant_model.linear import Linear
from quant_model.node import Node
from quant_model.pooling import Pooling
from quant_model.repeat import Repeat
from quant_model.residual import Residual

__all__ = ["INPUT", "OPSET", "OUTPUT", "to_onnx"]

OPSET = 17
"""``ai.onnx``; from 18 on ReduceMax takes its axes in another way."""
_IR_VERSION = 8
"""The one that opset 17 came with: runtimes of 2022 and later read it."""
INPUT, OUTPUT = "input", "forecast"
"""int64 ``(batch, window, features)`` and ``(batch, outputs)``, the integers of the accelerator's streams."""


def to_onnx(model: IntegerModel, notes: Mapping[str, str] | None = None) -> onnx.ModelProto:
    """The model as an ONNX graph, checked.

    Args:
        model: The integer model.
        notes: More properties to keep in the file, for example the scales in the user's units.
    """
    graph = _Graph(model)
    proto = helper.make_model(
        graph.build(),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="bitfront",
        doc_string="Integers in, integers out. A value is offset + step * integer, and where the property "
        "host says so, plus a value of the window: see the properties.",
    )
    scale = model.input_scale
    properties = {
        "input_offset": json.dumps(scale.offset.tolist()),
        "input_step": json.dumps(scale.step.tolist()),
        "input_range": json.dumps([model.network.input.low, model.network.input.high]),
        "output_step": json.dumps(2.0 ** model.exponents["head"]),
        "design": model.network.design.to_json(),
        **(notes or {}),
    }
    helper.set_model_props(proto, properties)
    onnx.checker.check_model(proto, full_check=True)
    return proto


class _Graph:
    """The graph while it is being written; a value's name says which tensor of the design it is."""

    def __init__(self, model: IntegerModel) -> None:
        self._model = model
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: dict[str, onnx.TensorProto] = {}
        self._passes: dict[str, int] = {}
        self._prefix = ""

    def build(self) -> onnx.GraphProto:
        """All nodes in the order of the data flow, those of repeated layers once per pass."""
        values = {"input": INPUT}
        for node, sources in self._model.network.steps:
            self._passes[node.name] = self._passes.get(node.name, 0) + 1
            again = self._passes[node.name]
            self._prefix = node.name if again == 1 else f"{node.name}.pass{again}"
            values[node.name] = self._write(node, [values[name] for name in sources])
        arch = self._model.network.design.architecture
        self._prefix = "output"
        shape = self._constant("shape", [0, arch.outputs])
        self._nodes.append(
            helper.make_node("Reshape", [values["head"], shape], [OUTPUT], name="output/reshape")
        )
        return helper.make_graph(
            self._nodes,
            f"bitfront_{self._model.network.design.digest}",
            [helper.make_tensor_value_info(INPUT, TensorProto.INT64, ["batch", arch.window, arch.features])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.INT64, ["batch", arch.outputs])],
            list(self._initializers.values()),
        )

    def _write(self, node: Node, sources: Sequence[str]) -> str:
        match node:
            case Linear():
                return self._linear(node, sources[0])
            case Scores():
                return self._scores(node, *sources)
            case Context():
                return self._context(node, *sources)
            case Residual():
                return self._residual(node, *sources)
            case Pooling():
                total = self._reduce_sum(sources[0], 1)
                return self._requantize(total, self._shift(node), node.output)
            case Repeat():
                return sources[0]
        raise TypeError(f"no ONNX for a node of kind {node.kind}")

    def _shift(self, node: Linear | Scores | Pooling) -> int:
        return node.shift(self._model.parameters, self._model.source_exponents(node.name))

    def _linear(self, node: Linear, source: str) -> str:
        own = self._model.parameters.linear[node.name]
        # Stored in a byte each, as small as the format lets them be; the operators want one type.
        stored = self._initializer(f"{node.name}.weights", own.weights.T.astype(np.int8))
        weights = self._op("Cast", "weights", stored, to=TensorProto.INT64)
        products = self._op("MatMul", "matmul", source, weights)
        bias = self._initializer(f"{node.name}.bias", own.bias.astype(np.int64))
        if node.target is None:
            return self._op("Add", "", products, bias)
        total = self._op("Add", "add_bias", products, bias)
        return self._requantize(total, self._shift(node), node.target)

    def _scores(self, node: Scores, query: str, key: str) -> str:
        left = self._heads("query", query, node, [0, 2, 1, 3])
        right = self._heads("key", key, node, [0, 2, 3, 1])
        dot = self._op("MatMul", "matmul", left, right)
        return self._requantize(dot, self._shift(node), node.output)

    def _context(self, node: Context, scores: str, value: str) -> str:
        """Scores come as ``(batch, heads, rows, rows)``."""
        maximum = self._op("ReduceMax", "maximum", scores, axes=[-1], keepdims=1)
        distance = self._op("Sub", "distance", maximum, scores)
        table = self._initializer(f"{node.name}.softmax_table", node.table)
        numerators = self._op("Gather", "softmax", table, distance)
        denominator = self._reduce_sum(numerators, -1)
        values = self._heads("value", value, node, [0, 2, 1, 3])
        weighted = self._op("MatMul", "matmul", numerators, values)
        two = self._constant("two", [2])
        doubled = self._op("Mul", "double", weighted, two)
        dividend = self._op("Add", "round", doubled, denominator)
        divisor = self._op("Mul", "double_denominator", denominator, two)
        quotient = self._floor_divide(dividend, divisor, "quotient")
        rows = self._op("Transpose", "join_heads", quotient, perm=[0, 2, 1, 3])
        return self._op("Reshape", "", rows, self._constant("shape", [0, 0, node.columns]))

    def _heads(self, part: str, source: str, node: Scores | Context, order: list[int]) -> str:
        shape = self._constant("split", [0, 0, node.heads, node.d_head])
        split = self._op("Reshape", f"{part}_split", source, shape)
        return self._op("Transpose", f"{part}_heads", split, perm=order)

    def _residual(self, node: Residual, branch: str, stream: str) -> str:
        parameters, exponents = self._model.parameters, self._model.source_exponents(node.name)
        left, right, out = node.shifts(parameters, exponents)
        total = self._op(
            "Add", "add", self._times(branch, left, "branch"), self._times(stream, right, "stream")
        )
        return self._requantize(total, out, node.output)

    def _requantize(self, value: str, shift: int, target: Format) -> str:
        if shift > 0:
            half = self._constant("half", [1 << (shift - 1)])
            value = self._op("Add", "round", value, half)
            value = self._floor_divide(value, self._constant("divisor", [1 << shift]), "shift")
        else:
            value = self._times(value, -shift, "shift")
        low, high = (
            self._scalar(name, bound) for name, bound in (("low", target.low), ("high", target.high))
        )
        return self._op("Clip", "", value, low, high)

    def _times(self, value: str, places: int, part: str) -> str:
        if places == 0:
            return value
        return self._op("Mul", part, value, self._constant(f"{part}_factor", [1 << places]))

    def _floor_divide(self, dividend: str, divisor: str, part: str) -> str:
        rest = self._op("Mod", f"{part}_rest", dividend, divisor)
        whole = self._op("Sub", f"{part}_whole", dividend, rest)
        return self._op("Div", part, whole, divisor)

    def _reduce_sum(self, value: str, axis: int) -> str:
        return self._op("ReduceSum", "sum", value, self._constant("axis", [axis]), keepdims=1)

    def _op(self, kind: str, part: str, *inputs: str, **attributes: Any) -> str:
        """Add an operator; without ``part`` its output is the tensor of the design itself."""
        output = f"{self._prefix}/{part}" if part else self._prefix
        name = f"{self._prefix}/{part or kind.lower()}"
        self._nodes.append(helper.make_node(kind, list(inputs), [output], name=name, **attributes))
        return output

    def _constant(self, part: str, values: list[int]) -> str:
        return self._initializer(f"{self._prefix}/{part}", np.asarray(values, np.int64))

    def _scalar(self, part: str, value: int) -> str:
        return self._initializer(f"{self._prefix}/{part}", np.asarray(value, np.int64))

    def _initializer(self, name: str, values: npt.NDArray[np.integer]) -> str:
        # Passes of a repeated layer share weights, which are named after the node.
        self._initializers.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name
