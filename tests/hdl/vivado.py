"""Vivado's Tcl commands, played by a Tcl interpreter that knows their names and options and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["TCLSH", "vivado"]

TCLSH = shutil.which("tclsh")

# Each call is printed, with its arguments.
_COMMANDS = """
foreach {{name options}} {{
    read_vhdl {{-vhdl2008}} read_xdc {{}} synth_design {{-top -part -mode}} opt_design {{}} place_design {{}}
    phys_opt_design {{}} route_design {{}} report_utilization {{-file -hierarchical}}
    report_timing_summary {{-max_paths -file}} report_power {{-file}} report_drc {{-file}}
    report_methodology {{-file}}
    write_checkpoint {{-force}} write_bitstream {{-force}}
}} {{
    proc $name args [string map [list NAME $name OPTIONS $options] {{
        foreach word $args {{
            if {{[string match -* $word] && $word ni {{OPTIONS}}}} {{ error "NAME has no option $word" }}
        }}
        foreach word [concat [lsearch -all -inline $args *.vhd] [lsearch -all -inline $args *.xdc]] {{
            if {{![file isfile $word]}} {{ error "NAME: no file $word" }}
        }}
        puts [linsert $args 0 NAME]
    }}]
}}
proc get_timing_paths {{option kind}} {{
    if {{$option ne "-delay_type"}} {{ error "get_timing_paths has no option $option" }}
    return $kind
}}
proc get_property {{name path}} {{ return [dict get {{max {{{setup}}} min {{{hold}}}}} $path] }}
proc get_msg_config {{option severity count}} {{
    if {{"$option $severity $count" ne "-severity CRITICAL WARNING -count"}} {{ error "get_msg_config" }}
    return {critical}
}}
set argv {argv}
source {{{script}}}
"""


def vivado(
    script: Path, *argv: str, setup: str = "0.5", hold: str = "0.1", critical: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run a script with these slacks in ns and so many critical warnings."""
    assert TCLSH is not None
    words = "{" + " ".join(argv) + "}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "stand_in.tcl"
        file.write_text(
            _COMMANDS.format(setup=setup, hold=hold, critical=critical, argv=words, script=script)
        )
        return subprocess.run([TCLSH, file], capture_output=True, text=True, timeout=60, check=False)
