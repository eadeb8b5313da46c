"""Every command in every README, and on the page about choosing.

Blocks tagged ``sh`` run as they are, those tagged ``bash`` run against a small study called ``my_series``
that is trained before; of commands in untagged blocks, which take long or need a server, the options are
looked up.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from search.commands.cli import cli
from tests.search.conftest import series

ROOT = Path(__file__).parents[1]
FOLDERS = ("", "cost_model", "hdl", "quant_model", "search", "studies", "studies/data", "tests")
READMES = [
    *(path for folder in FOLDERS if (path := ROOT / folder / "README.md").is_file()),
    ROOT / "studies" / "choosing.md",
]
MAKE_TARGETS = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)


def _name(readme: Path) -> str:
    return str(readme.relative_to(ROOT))


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


@pytest.mark.parametrize("readme", READMES, ids=_name)
def test_links_lead_somewhere(readme: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", readme.read_text())
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (readme.parent / link).exists()] == []


def bitfront(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "search.entry", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("readme", READMES, ids=_name)
def test_long_commands_name_what_exists(readme: Path) -> None:
    for program, *words in commands(readme):
        if program == "make":
            assert {word for word in words if "=" not in word} <= set(MAKE_TARGETS)
            continue
        command = cli.get_command(click.Context(cli), words[0])
        assert command is not None, f"no command {words[0]}"
        known = {option for parameter in command.params for option in parameter.opts}
        for option in (word for word in words[1:] if word.startswith("-")):
            assert option in known, f"{words[0]} has no {option}"


@pytest.mark.slow
@pytest.mark.parametrize("readme", [path for path in READMES if blocks(path, "sh")], ids=_name)
def test_quick_commands_run(readme: Path, tmp_path: Path) -> None:
    (tmp_path / "studies").symlink_to(ROOT / "studies")
    for line in (line for block in blocks(readme, "sh") for line in block.splitlines()):
        shell = re.sub(r"^bitfront\b", f"{shlex.quote(sys.executable)} -m search.entry", line)
        done = subprocess.run(shell, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"


STUDY = """
[study]
name = "my_series"
[data]
file = "my_series.csv"
time = "time"
features = ["load", "heat"]
targets = ["load"]
[device]
name = "xc7s15"
[space]
window = 3
d_model = 4
ffn_ratio = 1
weight_bits = 4
activation_bits = 4
[training]
epochs = 1
parent_epochs = 1
"""


@pytest.fixture(scope="module")
def trained_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the study my_series has been trained."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "my_series.toml").write_text(STUDY)
    (folder / "my_series.csv").write_text(series())
    trained = bitfront("run", "my_series.toml", "--trials", "1", "--export", "0", cwd=folder)
    assert trained.returncode == 0, trained.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("readme", [path for path in READMES if blocks(path, "bash")], ids=_name)
def test_commands_about_a_study_run(readme: Path, trained_study: Path, tmp_path: Path) -> None:
    found = blocks(readme, "bash")
    # SQLite's files lie beside the database: a copied folder is a copied study.
    shutil.copytree(trained_study, tmp_path, dirs_exist_ok=True)
    program = f"{shlex.quote(sys.executable)} -m search.entry"
    script = "\n".join(["set -euo pipefail", f'bitfront() {{ {program} "$@"; }}', *found])
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_python_on_a_study_runs(trained_study: Path, tmp_path: Path) -> None:
    (example,) = blocks(ROOT / "README.md", "python")
    shutil.copytree(trained_study, tmp_path, dirs_exist_ok=True)
    # This tree, wherever the tests are run from.
    paths = os.pathsep.join([str(ROOT), str(ROOT / "search" / "api" / "package")])
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.match(r"[\d.]+ us at the same error", done.stdout)
    assert json.loads((tmp_path / "accelerator" / "bundle.json").read_text())["fastest"] is True


def test_the_readme_shows_quick_commands() -> None:
    assert any("verify" in block for block in blocks(ROOT / "README.md", "sh"))


@pytest.mark.slow
def test_the_model_s_example_runs() -> None:
    (example,) = blocks(ROOT / "quant_model" / "README.md", "python")
    assert example.count("TrainingSettings()") == 1
    quick = example.replace("TrainingSettings()", "TrainingSettings(epochs=1, parent_epochs=1)")
    script = f"{quick}\nprint(result.integer_model.predict(data.test.x).shape == (len(data.test), 1))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.returncode) == ("True\n", 0), done.stderr
