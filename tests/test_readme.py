"""Every command in every README: the quick ones run, of the long ones the options are looked up."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("", "cost_model", "hdl", "quant_model", "search", "studies", "studies/data", "tests")
READMES = [path for folder in FOLDERS if (path := ROOT / folder / "README.md").is_file()]
MAKE_TARGETS = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


def blocks(readme: Path, language: str) -> list[str]:
    """The code blocks of a language; an untagged one has the language ''."""
    # Fences in pairs: a closing one looks like the opening one of an untagged block.
    pattern = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    found = [text for tag, text in pattern.findall(readme.read_text()) if tag == language]
    return found


def commands(readme: Path) -> Iterator[list[str]]:
    """The words of every command line in untagged blocks."""
    for block in blocks(readme, ""):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words and Path(words[0]).name in ("bitfront", "make"):
                yield words


def bitfront(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "search.cli", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_long_commands_name_what_exists(readme: Path) -> None:
    for program, *words in commands(readme):
        if program == "make":
            assert {word for word in words if "=" not in word} <= set(MAKE_TARGETS)
            continue
        shown = bitfront(words[0], "--help", cwd=ROOT)
        assert shown.returncode == 0, shown.stderr
        for option in (word for word in words[1:] if word.startswith("-")):
            assert re.search(rf"{option}\b", shown.stdout), f"{words[0]} has no {option}"


@pytest.mark.slow
@pytest.mark.parametrize("readme", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_quick_commands_run(readme: Path, tmp_path: Path) -> None:
    (tmp_path / "studies").symlink_to(ROOT / "studies")
    for line in (line for block in blocks(readme, "sh") for line in block.splitlines()):
        shell = re.sub(r"^bitfront\b", f"{shlex.quote(sys.executable)} -m search.cli", line)
        done = subprocess.run(shell, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"


def test_the_readme_shows_quick_commands() -> None:
    assert any("verify" in block for block in blocks(ROOT / "README.md", "sh"))
