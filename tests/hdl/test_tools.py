"""Finding programs: real version texts, the order of preference, and what is said when one is missing."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from hdl import tools
from hdl.tools import doctor_report, ghdl, ghdl_from_output, parse_version, yosys
from quant_model.errors import UserError

GHDL_2 = """GHDL 2.0.0 (Debian 2.0.0+dfsg-6.2+b2) [Dunoon edition]
 Compiled with GNAT Version: 12.2.0
 mcode code generator
Written by Tristan Gingold.
"""
GHDL_6 = """GHDL 6.0.0 (tarball) [Dunoon edition]
 Compiled with GNAT Version: 10.5.0
 static elaboration, mcode JIT code generator
Written by Tristan Gingold.
"""
GHDL_DEV = """GHDL 4.0.0-dev (3.0.0.r912.gc0e7e1483) [Dunoon edition]
 Compiled with GNAT Version: 12.2.0
 llvm 14.0.6 code generator
"""


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (GHDL_2, (2, 0, 0)),
        (GHDL_6, (6, 0, 0)),
        ("Yosys 0.23 (git sha1 7ce5011c24b)", (0, 23)),
        ("Yosys 0.70 (git sha1 0a1b2c3d4, x86_64-linux-gnu-g++ 13.2 -O2)", (0, 70)),
        ("g++ (Debian 12.2.0-14+deb12u1) 12.2.0", (12, 2, 0)),
        ("psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", (15, 18)),
        ("Verilator 5.006 2023-01-22 rev (Debian 5.006-3)", (5, 6)),
    ],
)
def test_version_of_real_outputs(text: str, version: tuple[int, ...]) -> None:
    assert parse_version(text) == version


def test_a_text_without_version_is_an_error() -> None:
    with pytest.raises(ValueError, match="no version"):
        parse_version("command not found")


@pytest.mark.parametrize(
    ("text", "version", "backend", "noted"),
    [(GHDL_2, "2.0.0", "mcode", True), (GHDL_6, "6.0.0", "mcode", False), (GHDL_DEV, "4.0.0", "llvm", False)],
)
def test_ghdls_of_different_builds(text: str, version: str, backend: str, noted: bool) -> None:
    tool = ghdl_from_output(text, Path("/usr/bin/ghdl"), "on PATH")
    assert tool is not None
    assert (tool.version, tool.backend, bool(tool.notes)) == (version, backend, noted)


def test_another_program_of_that_name_is_not_ghdl() -> None:
    assert ghdl_from_output("usage: ghdl [options]", Path("/usr/bin/ghdl"), "on PATH") is None


def fake_program(folder: Path, name: str, output: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    path.chmod(0o755)
    return path


def path_of(*folders: Path) -> str:
    return os.pathsep.join([*map(str, folders), "/usr/bin", "/bin"])


def test_a_new_ghdl_on_path_comes_first_even_behind_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_program(tmp_path / "old", "ghdl", GHDL_2)
    new = fake_program(tmp_path / "new", "ghdl", GHDL_DEV)
    monkeypatch.setenv("PATH", path_of(tmp_path / "old", tmp_path / "new"))
    assert ghdl().command == (str(new),)


def test_the_packaged_ghdl_comes_before_an_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_program(tmp_path / "old", "ghdl", GHDL_2)
    package = tmp_path / "site" / "ghdl"
    (package / "_native").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('the desktop program must not be imported')\n")
    binary = fake_program(package / "_native" / "bin", "ghdl", GHDL_6)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "site"), *sys.path])
    importlib.invalidate_caches()
    monkeypatch.setenv("PATH", path_of(tmp_path / "old"))
    assert ghdl().command == (str(binary),)


def test_an_old_ghdl_is_used_with_its_limitation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = fake_program(tmp_path / "old", "ghdl", GHDL_2)
    monkeypatch.setenv("PATH", path_of(tmp_path / "old"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    tool = ghdl()
    assert tool.command == (str(old),)
    assert "ram_style" in tool.notes[0]


def test_the_python_launcher_of_the_package_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = fake_program(tmp_path / "bin", "ghdl", GHDL_6)
    launcher.write_text(f"#!{sys.executable}\nprint('''{GHDL_6}''')\n")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError):
        ghdl()


def test_missing_tools_name_the_command_that_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"^GHDL: is not installed; run: pip install --no-deps eitri-hdl=="):
        ghdl()
    with pytest.raises(UserError, match=r"^Yosys: is not installed; run: pip install pyosys==0\.70$"):
        yosys()
    missing = {finding.tool: finding for finding in doctor_report() if finding.required and not finding.ok}
    assert set(missing) == {"GHDL", "Yosys"}
    assert all(finding.remedy.startswith("pip install") for finding in missing.values())


def test_yosys_on_path_is_the_second_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    program = fake_program(tmp_path / "a", "yosys", "Yosys 0.23 (git sha1 7ce5011c24b)")
    monkeypatch.setenv("PATH", path_of(tmp_path / "a"))
    with pytest.raises(UserError, match=r"too old \(version 0\.23\)"):
        yosys()
    program.write_text(program.read_text().replace("0.23", "0.58"))
    tool = yosys()
    assert (tool.version, tool.command) == ("0.58", (str(program), "-q", "-s"))
    assert "calibrated with 0.70" in tool.notes[0]


def test_the_installed_tools_work() -> None:
    assert parse_version(ghdl().version) >= (2,)
    assert parse_version(yosys().version) >= tools.YOSYS_MINIMUM


def test_the_report_covers_what_the_parts_use() -> None:
    report = doctor_report()
    assert {"python", "torch", "optuna", "GHDL", "Yosys", "g++", "chromium", "psql"} <= {
        f.tool for f in report
    }
    assert all(finding.ok or finding.remedy for finding in report)
