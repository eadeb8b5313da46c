"""The VHDL's layout: rules in ``vsg.yaml``, mended by ``vsg -c tests/hdl/vsg.yaml --fix -f FILE``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import hdl

HERE = Path(__file__).parent
RULES = HERE / "vsg.yaml"


def judged(*files: Path) -> subprocess.CompletedProcess[str]:
    vsg = Path(sys.executable).with_name("vsg")
    command = [str(vsg), "-c", str(RULES), "-of", "syntastic", "-f", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_files_keep_to_the_rules() -> None:
    vhdl = sorted((Path(hdl.__file__).parent / "vhdl").rglob("*.vhd"))
    assert len(vhdl) > 30
    done = judged(*vhdl)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_does_not_is_named(tmp_path: Path) -> None:
    """Ports that a rename has left out of line, as it happened here."""
    file = tmp_path / "renamed.vhd"
    file.write_text(
        (Path(hdl.__file__).parent / "vhdl" / "row_buffer.vhd")
        .read_text()
        .replace("start       :", "begun :")
    )
    done = judged(file)
    assert done.returncode != 0
    assert "entity_017" in done.stdout
