"""Groups of components that are measured together.

In a flattened netlist a border between components is not always sharp: a ROM that feeds a DSP slice has no
register of its own, the mapper puts a RAM's read multiplexer into what it drives. Counts are exact for these
groups.
"""

from __future__ import annotations

__all__ = ["GROUPS", "group"]

GROUPS = (
    "datapath",
    "buffer",
    "output_stage",
    "loops",
    "weight_counter",
    "bias_counter",
    "biases",
    "adder",
    "store",
    "control",
    "normaliser",
    "maximum",
    "engine",
    "loop",
    "port",
)
"""All groups: ``datapath`` is lanes with ROM, RAM and softmax table, ``engine`` is pooling with its RAM."""

_BY_LABEL = {
    "ram": "datapath",
    "weights": "datapath",
    "lanes": "datapath",
    "softmax_table": "datapath",
    "store_ram": "datapath",
    "banks": "datapath",
    "store_counter": "store",
    "maxima": "maximum",
    "maxima_ram": "maximum",
}


def group(engine: str, label: str) -> str:
    """The group of the component ``label`` of ``engine``."""
    kind = engine.rsplit(".", 1)[-1]
    if kind == "repeat":
        return "loop"
    if label == "ram":
        own = {"output": "buffer", "pool": "engine", "attention_residual": "adder", "ffn_residual": "adder"}
        return own.get(kind, "datapath")
    return _BY_LABEL.get(label, label)
