"""The hand-written entities, for tests that analyse them without an accelerator around them."""

from __future__ import annotations

from pathlib import Path

from hdl.generate import LIBRARY, pipeline_package
from quant_model.pipeline import PIPELINE, Pipeline

VHDL = Path(__file__).parents[2] / "hdl" / "vhdl"

Generics = dict[str, str | int | bool]


def library(folder: Path, depths: Pipeline = PIPELINE) -> list[Path]:
    """All files in compile order; what is generated of them is written into ``folder``."""
    package = folder / "pipeline.vhd"
    package.write_text(pipeline_package(depths))
    return [package, *(VHDL / f"{name}.vhd" for name in LIBRARY)]
