"""The scripts of an exported folder: they work from the folder alone, wherever it is put."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hdl.generate import generate
from hdl.scripts import SCRIPTS
from hdl.tools import ghdl
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from quant_model.schedule import schedule
from tests.designs import uniform_build
from tests.hdl.test_accelerator import SMALL, flip_a_weight
from tests.hdl.vivado import TCLSH, vivado

WRITTEN = ("result.txt", "got.txt", "wanted.txt", "xsim_top.vhd", "netlist.vhd")
"""Files that scripts make themselves."""

# Vivado's simulator, played by GHDL: the same words, and no others.
XSIM = {
    "xvhdl": 'if [ "$1" = -2008 ]; then shift; fi; exec "{ghdl}" -a --std=08 -Wno-library "$@"',
    "xelab": 'if [ "$1" = -L ]; then shift 2; fi; [ "$*" = "-s bench xsim_top" ]',
    "xsim": '[ "$*" = "bench -R" ] && exec "{ghdl}" --elab-run --std=08 xsim_top --ieee-asserts=disable',
}
SYNTHESIS = """
proc read_vhdl {option files} { set ::sources $files }
proc synth_design {args} { puts [linsert $args 0 synth_design] }
proc write_vhdl {args} {
    puts [linsert $args 0 write_vhdl]
    set sink [open [lindex $args end] w]
    foreach name $::sources { set file [open $name]; puts $sink [read $file]; close $file }
    close $sink
}
"""
"""The netlist is the VHDL itself."""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "bundle"
    generate(random_integer_model(build_network(uniform_build(SMALL, 6, lanes=4)), 3), folder)
    return folder


@pytest.fixture
def bundle(exported: Path, tmp_path: Path) -> Path:
    """Moved after it was written, to a path that a careless script would break at."""
    return Path(shutil.copytree(exported, tmp_path / "my accelerator"))


def run_ghdl(bundle: Path, program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [bundle / "run_ghdl.sh"],
        cwd="/",
        env={**os.environ, "GHDL": program},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_vectors_are_the_golden_models(bundle: Path) -> None:
    model = IntegerModel.load(bundle / "model.json")
    stimulus, expected = (
        [int(word) for word in (bundle / "vectors" / f"{name}.txt").read_text().split()]
        for name in ("stimulus", "expected")
    )
    assert len(stimulus) == 16 * SMALL.window * SMALL.features
    windows = [stimulus[i : i + SMALL.features] for i in range(0, len(stimulus), SMALL.features)]
    golden = model.forward(
        [windows[i : i + SMALL.window] for i in range(0, len(windows), SMALL.window)]  # type: ignore[arg-type]
    )
    assert golden.ravel().tolist() == expected


def test_the_simulation_script_compares(bundle: Path) -> None:
    before = sorted(bundle.rglob("*"))
    done = run_ghdl(bundle, ghdl().command[0])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"16 windows, pauses: {stall}: all 32 outputs equal the golden model's" for stall in ("false", "true")
    ]
    assert sorted(bundle.rglob("*")) == before


def test_the_simulation_script_finds_a_flipped_weight(bundle: Path) -> None:
    flip_a_weight(bundle)
    done = run_ghdl(bundle, ghdl().command[0])
    assert done.returncode == 1
    assert "16 windows, pauses: false: outputs differ from the golden model's" in done.stderr


def test_the_simulation_script_finds_a_late_output(bundle: Path) -> None:
    script = bundle / "run_ghdl.sh"
    cycles = schedule(IntegerModel.load(bundle / "model.json").network).cycles
    assert f"!= {cycles} " in script.read_text()
    script.write_text(script.read_text().replace(str(cycles), str(cycles - 1)))
    done = run_ghdl(bundle, ghdl().command[0])
    assert done.returncode == 1
    assert f"window 0: {cycles} clocks instead of {cycles - 1}\n" in done.stderr


def test_the_simulation_script_names_a_missing_simulator(bundle: Path) -> None:
    done = run_ghdl(bundle, "no-such-ghdl")
    assert done.returncode == 2
    assert done.stderr == "run_ghdl.sh: no-such-ghdl is not installed; set GHDL to the program's path\n"


def tcl(script: str, folder: Path) -> str:
    assert TCLSH is not None
    file = folder / "run.tcl"
    file.write_text(script)
    done = subprocess.run([TCLSH, file], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_xsim(bundle: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert TCLSH is not None
    for name, body in XSIM.items():
        (folder / name).write_text(f"#!/bin/sh\n{body.format(ghdl=ghdl().command[0])}\n")
        (folder / name).chmod(0o755)
    script = folder / "run.tcl"
    words = " ".join(arguments)
    script.write_text(f"{SYNTHESIS}\nset argv {{{words}}}\nsource {{{bundle / 'run_xsim.tcl'}}}\n")
    path = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run([TCLSH, script], env=path, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.skipif(TCLSH is None, reason="no Tcl interpreter: apt-get install tcl")
def test_the_xsim_script_compares_vhdl_and_netlist(bundle: Path, tmp_path: Path) -> None:
    done = run_xsim(bundle, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    said = [
        line for line in done.stdout.splitlines() if "windows" in line or "synth" in line or "write" in line
    ]
    result = "16 windows, pauses: {}: all 32 outputs equal the golden model's"
    assert said == [
        *(f"VHDL, {result.format(stall)}" for stall in ("false", "true")),
        "synth_design -top accelerator -part xc7s15ftgb196-1 -mode out_of_context",
        "write_vhdl -force -mode funcsim netlist.vhd",
        *(f"netlist, {result.format(stall)}" for stall in ("false", "true")),
    ]


@pytest.mark.skipif(TCLSH is None, reason="no Tcl interpreter: apt-get install tcl")
def test_the_xsim_script_finds_a_flipped_weight(bundle: Path, tmp_path: Path) -> None:
    flip_a_weight(bundle)
    done = run_xsim(bundle, tmp_path, "rtl")
    assert done.returncode == 1
    assert "VHDL, 16 windows, pauses: false: outputs differ from the golden model's" in done.stderr
    assert "synth_design" not in done.stdout


@pytest.mark.skipif(TCLSH is None, reason="no Tcl interpreter: apt-get install tcl")
@pytest.mark.parametrize("part", [None, "xc7s25csga225-1"])
def test_the_vivado_script_runs_up_to_vivados_commands(
    bundle: Path, tmp_path: Path, part: str | None
) -> None:
    done = vivado(bundle / "build_vivado.tcl", *([part] if part else []))
    assert (done.returncode, done.stderr) == (0, "")
    listed = (bundle / "vhdl" / "files.txt").read_text().split()
    calls = done.stdout.splitlines()
    assert [call for call in calls if call.startswith("read_vhdl")] == [
        f"read_vhdl -vhdl2008 {{{bundle / 'vhdl' / name}}}" for name in listed
    ]
    assert f"read_xdc {{{bundle / 'constraints.xdc'}}}" in calls
    wanted = part or "xc7s15ftgb196-1"
    assert f"synth_design -top accelerator -part {wanted} -mode out_of_context" in calls
    order = [call.split()[0] for call in calls]
    steps = ["synth_design", "opt_design", "place_design", "route_design", "report_timing_summary"]
    assert [name for name in order if name in steps] == steps
    assert {"report_drc", "report_methodology"} < set(order)
    assert calls[-1].endswith(f"part {wanted}")
    assert (bundle / "vivado").is_dir()


@pytest.mark.skipif(TCLSH is None, reason="no Tcl interpreter: apt-get install tcl")
@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"setup": "-0.1"}, "the clock is not reached"),
        ({"hold": "-0.01"}, "the clock is not reached"),
        ({"setup": ""}, "the clock is not reached"),
        ({"critical": "2"}, "2 critical warnings"),
    ],
)
def test_the_vivado_script_fails_where_the_design_does(
    bundle: Path, outcome: dict[str, str], said: str
) -> None:
    done = vivado(bundle / "build_vivado.tcl", **outcome)  # type: ignore[arg-type]
    assert done.returncode == 1
    assert said in done.stderr


@pytest.mark.skipif(TCLSH is None, reason="no Tcl interpreter: apt-get install tcl")
@pytest.mark.parametrize("name", [name for name in SCRIPTS if not name.endswith(".sh")])
def test_tcl_is_complete(bundle: Path, tmp_path: Path, name: str) -> None:
    script = f"set file [open {{{bundle / name}}}]\nputs [info complete [read $file]]\n"
    assert tcl(script, tmp_path) == "1\n"


def test_the_constraints_name_every_port(bundle: Path) -> None:
    top = (bundle / "vhdl" / "accelerator.vhd").read_text()
    entity = top[top.index("port (") : top.index("end entity")]
    ports = dict(re.findall(r"(\w+) *: (in|out) ", entity))
    text = (bundle / "constraints.xdc").read_text()
    assert re.findall(r"create_clock .*-period ([\d.]+) \[get_ports (\w+)\]", text) == [("10.000", "clk")]
    named = {
        name.removesuffix("[*]"): side.removesuffix("put")
        for side, names in re.findall(r"set_(\w+)_delay .*\[get_ports {(.*)}\]", text)
        for name in names.split()
    }
    assert named == {name: side for name, side in ports.items() if name != "clk"}


def test_scripts_name_only_files_that_exist(bundle: Path) -> None:
    for script in SCRIPTS:
        for name in re.findall(r"[\w/]+\.(?:vhd|txt|xdc|tcl|sh)\b", (bundle / script).read_text()):
            inside = name.removeprefix("root/")
            places = (bundle / folder / inside for folder in ("", "vhdl", "vectors", "testbench"))
            assert inside in WRITTEN or any(place.is_file() for place in places), f"{script}: {name}"
