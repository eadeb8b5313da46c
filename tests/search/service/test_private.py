from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import unquote

import psycopg
import pytest
from psycopg import sql

from search.commands.cli import run_cli
from search.service.private import without_password
from tests.postgresql import PostgresServer
from tests.search.conftest import StudyMaker
from tests.search.processes import start, wait_until
from tests.search.store.test_secrets import PASSWORDS

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
        *(
            (
                ["status", "--storage", f"postgresql://ann:{secret}@db/studies"],
                ["status"],
                f"postgresql://ann:{secret}@db/studies",
            )
            for secret in PASSWORDS
        ),
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


PART = "Zq7"
"""Stands between all special characters of a password, so that a piece of one is found, too."""
AWKWARD = f"{PART}a/{PART}b#{PART}c?{PART}d:{PART}e;{PART}f%40{PART}g%2F{PART}h%25{PART}i%20{PART}%C3%A9"
"""Some characters as they are, which SQLAlchemy takes, some quoted."""


def family(process: int) -> list[int]:
    try:
        direct = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [int(one) for one in direct] + [one for child in direct for one in family(int(child))]


def command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


@pytest.mark.slow
def test_a_password_is_nowhere_after_a_run(
    make_study: StudyMaker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = {"window": "window = 3", "d_model": "d_model = 4", "ffn_ratio": "ffn_ratio = 1"}
    out = tmp_path / "out"
    with PostgresServer("first") as server:
        empty = server.new_database()
        with psycopg.connect(empty, autocommit=True) as connection:
            change = sql.SQL("ALTER USER bitfront PASSWORD {}").format(sql.Literal(unquote(AWKWARD)))
            connection.execute(change)
        url = empty.replace("first", AWKWARD)
        where = "--storage", url, "--out", str(out)
        process = start("run", make_study(small), "-v", *where, "--trials", "1", "--export", "0")
        # Until the program has started itself again, its own command line is what was typed.
        wait_until(lambda: PART not in command_line(process.pid))
        seen: set[str] = set()
        while process.poll() is None:
            seen |= {command_line(one) for one in (process.pid, *family(process.pid))}
            time.sleep(0.05)
        output, error = process.communicate()
        assert process.returncode == 0, error
        assert len(seen) >= 3
        monkeypatch.setenv("BITFRONT_STORAGE", url)
        export = ["export", "--trial", "0", "--out", str(out / "design")]
        for line in (
            ["report", "--out", str(out / "report.html")],
            ["status"],
            ["front"],
            ["pick", "-v"],
            export,
        ):
            assert run_cli(line) == 0
        assert run_cli(["status", "--study", "no"]) == 2
        told = capsys.readouterr()
        with psycopg.connect(empty, password=unquote(AWKWARD)) as connection:
            tables = [
                row[0]
                for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname='public'")
            ]
            rows = [str(connection.execute(f"SELECT * FROM {one}".encode()).fetchall()) for one in tables]
    assert "bitfront:***@127.0.0.1" in told.err
    assert "export BITFRONT_STORAGE='postgresql://bitfront:***@" in output
    texts = [output, error, *seen, *rows, *told]
    assert not [text for text in texts if PART in text]
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) > 10
    assert not [file for file in files if PART.encode() in file.read_bytes()]
