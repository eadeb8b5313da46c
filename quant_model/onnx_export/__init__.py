"""The integer model as ONNX, in standard operators on integers: for other flows and for viewers.

Every tensor is int64 and every operator exact, so that a runtime's outputs equal the golden model's.
Opset 17, IR version 8. Needs the package ``onnx`` (extra ``onnx``); only this package imports it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import onnx
from onnx import TensorProto, helper

from quant_model.graph import INPUT as SOURCE
from quant_model.integer_model import IntegerModel
from quant_model.onnx_export.kinds import WRITERS
from quant_model.onnx_export.writer import Writer

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
    proto = helper.make_model(
        _graph(model),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="bitfront",
        doc_string="Integers in, integers out. A value is offset + step * integer, and where the property "
        "host says so, plus a value of the window: see the properties.",
    )
    scale, source = model.input_scale, model.network.input.format
    properties = {
        "input_offset": json.dumps(scale.offset.tolist()),
        "input_step": json.dumps(scale.step.tolist()),
        "input_range": json.dumps([source.low, source.high]),
        "output_step": json.dumps(2.0 ** model.exponents[model.network.output.name]),
        "design": model.network.design.to_json(),
        **(notes or {}),
    }
    helper.set_model_props(proto, properties)
    onnx.checker.check_model(proto, full_check=True)
    return proto


def _graph(model: IntegerModel) -> onnx.GraphProto:
    """All nodes in the order of the data flow, those of repeated parts once per pass."""
    network, writer = model.network, Writer(model)
    values, passes = {SOURCE: INPUT}, dict.fromkeys(network.by_name, 0)
    for node, sources in network.steps:
        passes[node.name] += 1
        again = passes[node.name]
        writer.prefix = node.name if again == 1 else f"{node.name}.pass{again}"
        values[node.name] = WRITERS[node.kind](writer, node, *(values[name] for name in sources))
    port, out = network.input, network.output
    writer.prefix = "output"
    shape = writer.constant("shape", [0, out.columns])
    reshape = helper.make_node("Reshape", [values[out.name], shape], [OUTPUT], name="output/reshape")
    return helper.make_graph(
        [*writer.nodes, reshape],
        f"bitfront_{network.design.digest}",
        [helper.make_tensor_value_info(INPUT, TensorProto.INT64, ["batch", int(network.sees), port.columns])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.INT64, ["batch", out.columns])],
        list(writer.initializers.values()),
    )
