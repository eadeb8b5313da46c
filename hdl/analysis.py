"""Analyse VHDL files with GHDL into a folder that simulation and synthesis then start from."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hdl import programs
from hdl.tools import Tool

__all__ = ["Analysis", "GhdlError", "analyse", "content_hash", "first_errors", "generic_options"]

STANDARD = "--std=08"

_ANALYSIS_SECONDS = 600


class GhdlError(Exception):
    """GHDL rejected generated VHDL, or a simulation died: a defect here, not the user's mistake."""


@dataclass(frozen=True)
class Analysis:
    """A folder with GHDL's library of analysed files; commands run inside it.

    Attributes:
        folder: Working directory for GHDL.
        tool: The GHDL that wrote the library.
    """

    folder: Path
    tool: Tool

    def command(self, action: str, *arguments: str) -> list[str]:
        """The words of a GHDL call to be run with ``cwd=folder``."""
        return [*self.tool.command, action, STANDARD, *arguments]


def analyse(tool: Tool, sources: Sequence[Path], workdir: Path) -> Analysis:
    """Analyse ``sources``, in compile order, unless the same content was analysed in ``workdir`` before.

    The sources are copied, so that they may change or vanish afterwards: GHDL reads them again on each run.

    Raises:
        GhdlError: an error in the VHDL, with GHDL's first lines.
    """
    folder = workdir / f"analysis-{content_hash([tool.label, tool.backend], sources)[:16]}"
    if folder.is_dir():
        return Analysis(folder, tool)
    workdir.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix="analysis-", dir=workdir))
    try:
        names = []
        for index, source in enumerate(sources):
            # Numbered folders keep apart files of one name; messages still end in the name a reader knows.
            copy = fresh / f"{index:03d}" / source.name
            copy.parent.mkdir()
            shutil.copyfile(source, copy)
            names.append(str(copy.relative_to(fresh)))
        done = programs.run(Analysis(fresh, tool).command("-a", *names), fresh, _ANALYSIS_SECONDS)
        if done.returncode != 0:
            raise GhdlError(f"GHDL cannot analyse the VHDL: {first_errors(done.stderr + done.stdout)}")
        try:
            fresh.replace(folder)
        except OSError:
            # Another process was first with the same content.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Analysis(folder, tool)


def content_hash(words: Sequence[str], files: Sequence[Path]) -> str:
    """SHA-256 over words and over the names and contents of files, in order."""
    digest = hashlib.sha256()
    for word in words:
        digest.update(f"{len(word)}:{word};".encode())
    for file in files:
        content = file.read_bytes()
        digest.update(f"{file.name}:{len(content)};".encode())
        digest.update(content)
    return digest.hexdigest()


def generic_options(generics: Mapping[str, str | int | bool]) -> list[str]:
    """Generics as GHDL's ``-gNAME=VALUE`` options."""
    return [
        f"-g{name}={str(value).lower() if isinstance(value, bool) else value}"
        for name, value in generics.items()
    ]


def first_errors(output: str, count: int = 6) -> str:
    """The first lines of a tool's output that speak of an error, or its last lines when none does."""
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or "failure" in line.lower()]
    chosen = errors[:count] if errors else lines[-count:]
    return " | ".join(line.strip() for line in chosen) or "no message"
