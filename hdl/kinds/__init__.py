"""Kinds of nodes: what the generator makes of each, one module a kind, registered in one line."""

from __future__ import annotations

from hdl.kinds import attention, depthwise, linear, neighbourhood, pooling, repeat, residual, ring
from hdl.kinds.kind import Build, Vhdl

__all__ = ["KINDS", "Build", "Vhdl"]

KINDS: dict[str, Vhdl] = {
    "linear": Vhdl(linear.build),
    "neighbourhood": Vhdl(neighbourhood.build),
    "depthwise": Vhdl(depthwise.build),
    "scores": Vhdl(attention.build_scores),
    "context": Vhdl(attention.build_context),
    "ring_scores": Vhdl(ring.build_ring_scores),
    "ring_context": Vhdl(attention.build_context),
    "residual": Vhdl(residual.build, passes_on=True, rounding=residual.rounding),
    "pooling": Vhdl(pooling.build),
    "repeat": Vhdl(repeat.build),
}
"""By a node's ``kind``."""
