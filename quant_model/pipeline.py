"""Depths of the accelerator's fixed pipelines, in clocks: the one table that schedule and VHDL share."""

from __future__ import annotations

ROWS_PER_STAGE = 4
"""Rows of a LUT multiplier between registers."""
READ = 1
"""Row buffer and ROM: address to data."""
SOFTMAX = 2
"""Distance from the maximum, table."""
MULTIPLY_SHORT = 2
"""From a group's last product to its results: a LUT multiplier of one stage."""
MULTIPLY_LONG = 3
"""The same of two stages, or in DSP slices."""
COLLECT = 1
"""Results register to serial output."""
REQUANTIZE = 3
"""Bias, rounding shift, saturation."""
DIVIDE = 1
"""Division: so many clocks besides one for every bit of the quotient."""
RESIDUAL = 3
"""Addition of the waiting stream."""
POOL = 3
"""From a window's last element to the pooled row's first."""
REPLAY = 1
"""Repeat loop: from a row's last element to the row available, its columns apart."""
WRITE = 1
"""Last element written to row available."""
CONTEXT_RELEASE = 2
"""From the context engine's last step to the value store's."""
OUTPUT_FIRST = 2
"""Output stream: row available to first beat."""
OUTPUT_NEXT = 3
"""Output stream: beat to beat."""
