"""Components of a linear engine."""

from __future__ import annotations

from collections.abc import Iterator

from cost_model import entities
from cost_model.component import Component, Counts
from quant_model.linear import Linear
from quant_model.schedule import Schedule

_CONTROL = Counts(lut=2, ff=3)


def components(node: Linear, schedule: Schedule) -> Iterator[Component]:
    """Input buffer, ROMs, lanes, output stage."""
    engine, timing = node.engine, schedule.timings[node.name]
    groups = node.columns // engine.lanes

    def component(label: str, entity: str, counts: Counts) -> Component:
        return Component(node.name, label, entity, counts)

    buffer = entities.row_buffer(
        node.input.bits, node.in_features, schedule.buffer_rows[node.name], engine.buffer
    )
    yield component("buffer", "row_buffer", buffer)
    weights = entities.rom(groups * node.in_features, engine.lanes * node.weight.bits, str(engine.memory))
    yield component("weights", "rom", weights)
    yield component("biases", "rom", bias_rom(node))
    yield component("control", "linear_engine", _CONTROL)
    yield component("loops", "sequencer", entities.sequencer(1, groups, node.in_features, timing.period))
    yield component("weight_counter", "address_counter", entities.address_counter(groups * node.in_features))
    yield component(
        "bias_counter", "address_counter", entities.address_counter(node.bias_rows * node.columns)
    )
    lanes = entities.mac_lanes(
        engine.lanes,
        node.input.bits,
        node.input.signed,
        node.weight.bits,
        node.accumulator.bits,
        str(engine.multiplier),
    )
    yield component("lanes", "mac_lanes", lanes)
    output = entities.bias_requantize(
        node.accumulator.bits, node.total.bits, node.target is None, node.output.bits
    )
    yield component("output_stage", "bias_requantize", output)


def bias_rom(node: Linear) -> Counts:
    """A bias per token follows the weights' memory type; others are small and lie in logic."""
    style = "block" if node.engine.memory == "block" and node.bias_rows > 1 else "logic"
    return entities.rom(node.bias_rows * node.columns, node.total.bits, style)
