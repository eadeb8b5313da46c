"""What each engine of an accelerator takes: its parts summed up."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable

from cost_model.calibration import Calibration
from cost_model.component import Counts, Part
from cost_model.fabrics import Fabric
from cost_model.kinds import KINDS, Of, ports
from quant_model.graph import INPUT, Graph
from quant_model.schedule import OUTPUT, Schedule

__all__ = ["Known", "engine_counts"]

Known = dict[Hashable, Counts]
"""Counts that were computed before, for one shape with one set of bits, fabric and calibration: an engine's
then depend on its build, the rows in its buffer and its clocks alone. Of single designs, not of many."""


def engine_counts(
    graph: Graph, times: Schedule, fabric: Fabric, calibration: Calibration, known: Known | None = None
) -> dict[str, Counts]:
    """Counts by engine and port, in the order of the data flow; fractions of LUTs are kept.

    Args:
        graph: Its multipliers are resolved.
        times: Its schedule.
        fabric: Whose closed forms are used.
        calibration: For what these leave open.
        known: Looked into, and added to.
    """
    of = Of(graph, times, fabric.entities, KINDS)
    rows = times.buffer_rows

    def told(key: Hashable, parts: Callable[[], Iterable[Part]]) -> Counts:
        if known is None:
            return Counts.total(calibration.counts(part.usage) for part in parts())
        if key not in known:
            known[key] = Counts.total(calibration.counts(part.usage) for part in parts())
        return known[key]

    found = {INPUT: told(INPUT, lambda: ports.input_parts(of))}
    for node in graph.nodes:
        key = node.name, node.engine, rows.get(node.name), times.timings.get(node.name)
        found[node.name] = told(key, lambda node=node: of.parts(node))  # type: ignore[misc]
    found[OUTPUT] = told((OUTPUT, rows[OUTPUT]), lambda: ports.output_parts(of))
    return found
