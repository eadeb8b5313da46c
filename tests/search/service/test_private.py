from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from search.service.private import without_password

SECRET = "postgresql://ann:s3cret@db/studies"
OPEN = "postgresql://ann@db/studies"


@pytest.mark.parametrize(
    ("arguments", "kept", "url"),
    [
        (["run", "a.toml", "--storage", SECRET, "--json"], ["run", "a.toml", "--json"], SECRET),
        (["status", f"--storage={SECRET}"], ["status"], SECRET),
        (["status", "--storage", f"{OPEN}?password=x"], ["status"], f"{OPEN}?password=x"),
        (["status", "--storage", OPEN], ["status", "--storage", OPEN], None),
        (["status", "--storage", "sqlite:///a.db"], ["status", "--storage", "sqlite:///a.db"], None),
        (["status", "--storage"], ["status", "--storage", ""], None),
        (["status"], ["status"], None),
    ],
)
def test_a_password_is_taken_out(arguments: list[str], kept: list[str], url: str | None) -> None:
    assert without_password(arguments) == (kept, url)


def test_the_program_starts_again_without_it(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        "import os, sys\nfrom search.service.private import hide_password\nhide_password()\n"
        "print(open('/proc/self/cmdline').read().split(chr(0))[1:-1], os.environ['BITFRONT_STORAGE'])\n"
    )
    done = subprocess.run(
        [sys.executable, str(script), "status", "--storage", SECRET, "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )
    assert done.stdout == f"{[str(script), 'status', '--json']} {SECRET}\n"
