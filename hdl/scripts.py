"""Scripts and vectors of an exported folder, for who has no Bitfront: simulate, and build in Vivado."""

from __future__ import annotations

from pathlib import Path

from hdl.kinds import Build
from hdl.playback import isolated_vectors, random_vectors, write_integers
from hdl.rendering import render
from hdl.target import Target
from quant_model.folders import private_folder

__all__ = ["SCRIPTS", "write_scripts"]

SCRIPTS = ("run_ghdl.sh", "run_xsim.tcl", "build_vivado.tcl", "constraints.xdc")
"""Files in the exported folder; each works from the folder alone. All but the first are Vivado's."""

_VECTORS = 16
_SEED = 1


def write_scripts(of: Build, top: str, target: Target, out: Path) -> None:
    """Write the scripts and ``vectors/`` (stimulus and golden outputs) into the folder of an accelerator."""
    warm_up = int(of.network.warm_up)
    count = _VECTORS + warm_up
    stimulus = random_vectors(of.network.input, count, _SEED)
    vectors = private_folder(out / "vectors")
    write_integers(vectors / "stimulus.txt", stimulus)
    write_integers(vectors / "expected.txt", of.model.answers(stimulus))
    for name in SCRIPTS if target.in_vivado else SCRIPTS[:1]:
        text = render(
            f"{name}.j2",
            top=top,
            vectors=count,
            warm_up=warm_up,
            isolated=isolated_vectors(count, stall=False),
            outputs=of.network.output.columns,
            cycles=of.schedule.cycles,
            target=target,
            digest=of.network.design.digest,
        )
        (out / name).write_text(text)
    (out / "run_ghdl.sh").chmod(0o755)
