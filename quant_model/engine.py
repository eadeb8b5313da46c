"""Build choices: how one engine of the accelerator is made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from quant_model.arithmetic import Number

Multiplier = Literal["auto", "dsp", "lut"]
BufferType = Literal["auto", "distributed", "block"]
MemoryType = Literal["auto", "logic", "distributed", "block"]
Choice = Literal["weight_bits", "lanes", "multiplier", "memory", "windows"]
"""What a kind of engine may offer to choose, besides its buffer."""


@dataclass(frozen=True)
class Engine:
    """How one engine is built; ``None`` where a choice does not apply.

    Of many designs every field may be an array, of numbers or of names.
    """

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)

    lanes: Annotated[int, Field(ge=1)] = 1
    """Parallel multiply-accumulates; divides the node's ``lane_limit``."""
    multiplier: Multiplier | None = None
    """Where products are made: DSP slices or Booth rows in LUTs."""
    buffer: BufferType = "auto"
    """RAM type of the input row buffer (residual: the waiting stream; pool: the sums; repeat: the rows)."""
    memory: MemoryType | None = None
    """Where weights, or the rows of a store, lie."""
    windows: Annotated[int, Field(ge=1, le=2)] = 1
    """Windows that a store of rows holds.

    With two (double buffering) the next window's keys are stored while this one's are read, so that
    back-to-back windows overlap; one window alone takes as long as before.
    """

    @cached_property
    def is_open(self) -> Number:
        """Whether a choice is left to ``auto``."""
        return (self.multiplier == "auto") | (self.buffer == "auto") | (self.memory == "auto")

    @cached_property
    def in_dsp(self) -> Number:
        """Whether products are made in DSP slices."""
        return self.multiplier == "dsp"

    @cached_property
    def buffer_in_block(self) -> Number:
        """Whether the buffer lies in block RAM."""
        return self.buffer == "block"

    @cached_property
    def memory_in_block(self) -> Number:
        """Whether the memory lies in block RAM."""
        return self.memory == "block"
