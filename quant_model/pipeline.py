"""Depths of the accelerator's fixed pipelines: the one table that schedule, cost model and VHDL read.

The generator writes it as the VHDL package ``pipeline``, from which the entities take the lengths of their
delays; testbenches measure each depth on the entity itself (``tests/hdl/test_pipeline.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

__all__ = ["PIPELINE", "Pipeline"]


def _depth(value: int, meaning: str) -> int:
    """A row of the table; its meaning is the documentation here and the comment in VHDL."""
    return field(default=value, metadata={"meaning": meaning})


_READ = 2
"""Whoever waits for a memory's word waits so long, and some clocks of its own."""


@dataclass(frozen=True)
class Pipeline:
    """Clocks, where nothing else is said."""

    read: int = _depth(_READ, "row buffer, store and ROM: from address to data")
    write: int = _depth(1, "row buffer: from a row's last element to the row available")
    block_words: int = _depth(4, "words, no clocks: a memory of fewer never lies in block RAM")
    rows_per_stage: int = _depth(2, "rows, no clocks: of a multiplier in LUTs between two registers")
    mac_dsp: int = _depth(3, "lane in a DSP slice: from a group's last product to its result")
    mac_lut: int = _depth(1, "lane in LUTs: the same, and one more for each stage of the multiplier")
    collect: int = _depth(1, "lanes: from the results to the first of them on its own")
    requantize: int = _depth(3, "bias, shift and saturation")
    softmax: int = _depth(_READ + 1, "from a score's step to that of the values which it weighs")
    divide: int = _depth(1, "division: besides one for each bit of the quotient")
    residual: int = _depth(_READ + 2, "residual addition")
    pool: int = _depth(_READ + 2, "pooling: from an element of a window's last row to its mean")
    replay: int = _depth(
        _READ, "repeat loop: from a pass complete to its first row sent again, besides one a column"
    )
    output_first: int = _depth(_READ + 1, "output stream: from the row available to its first beat")
    output_next: int = _depth(_READ + 2, "output stream: from beat to beat")

    def rows(self) -> Iterator[tuple[str, int, str]]:
        """Name, value and meaning of each depth."""
        for row in fields(self):
            yield row.name, getattr(self, row.name), row.metadata["meaning"]


PIPELINE = Pipeline()
"""The depths of the VHDL under ``hdl/vhdl``."""
