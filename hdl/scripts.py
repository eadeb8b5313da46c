"""Scripts and vectors of an exported folder, for who has no Bitfront: simulate in GHDL, build in Vivado."""

from __future__ import annotations

from pathlib import Path

from hdl.playback import isolated_vectors, random_vectors, write_integers
from hdl.rendering import render
from quant_model.integer_model import IntegerModel
from quant_model.schedule import schedule

__all__ = ["SCRIPTS", "write_scripts"]

SCRIPTS = ("run_ghdl.sh", "build_vivado.tcl", "constraints.xdc")
"""Files in the exported folder; each works from the folder alone."""

_VECTORS = 16
_SEED = 1

_PART = "xc7s15ftgb196-1"
"""The device of the papers behind this project, in its common package and slowest speed grade. The Vivado
script takes another one as its argument."""

_PERIOD_NS = 10.0


def write_scripts(model: IntegerModel, top: str, out: Path) -> None:
    """Write the scripts and ``vectors/`` (stimulus and golden outputs) into the folder of an accelerator."""
    stimulus = random_vectors(model.network.input, _VECTORS, _SEED)
    vectors = out / "vectors"
    vectors.mkdir(exist_ok=True)
    write_integers(vectors / "stimulus.txt", stimulus)
    write_integers(vectors / "expected.txt", model.forward(stimulus))
    for name in SCRIPTS:
        text = render(
            f"{name}.j2",
            top=top,
            vectors=_VECTORS,
            isolated=isolated_vectors(_VECTORS, stall=False),
            outputs=model.network.output.columns,
            cycles=schedule(model.network).cycles,
            part=_PART,
            period_ns=_PERIOD_NS,
        )
        (out / name).write_text(text)
    (out / "run_ghdl.sh").chmod(0o755)
