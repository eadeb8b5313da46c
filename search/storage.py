"""Where studies are kept: a storage URL in, a checked Optuna storage out, and errors that a user can mend.

SQLite files serve one machine, PostgreSQL any number. A password in a URL is never shown.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from quant_model.errors import UserError

__all__ = ["Location", "masked", "open_storage", "storage_errors"]

_HEARTBEAT_SECONDS = 15
"""A worker's sign of life while it trains."""
_GRACE_SECONDS = 60
"""Silence after which a trial counts as left by a dead worker and is retried."""
_MAX_RETRY = 2
"""A trial whose worker dies is tried three times in all."""
_BUSY_SECONDS = 30.0
"""How long SQLite waits for another writer. A write takes milliseconds."""
_CHECK_SECONDS = 5.0
"""How long the first check waits before it calls the database locked."""
_ATTEMPTS = 6
"""Tries to make a storage's tables while other processes make them too."""
_CONNECT_SECONDS = 10
"""How long PostgreSQL may take to answer."""


@dataclass(frozen=True)
class Location:
    """A storage URL, taken apart."""

    url: str

    def __post_init__(self) -> None:
        parsed = self._parsed
        backend = parsed.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise UserError(
                self.shown,
                f"storage of kind {backend!r}",
                "use sqlite:///FILE or postgresql://USER@HOST/DATABASE",
            )
        if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
            raise UserError(self.shown, "a storage in memory is lost at once", "name a file: sqlite:///FILE")

    @property
    def _parsed(self) -> URL:
        try:
            return make_url(self.url)
        except (ArgumentError, ValueError) as error:
            # The text may hold a password, and was not understood well enough to mask it.
            raise UserError(
                "--storage", "no storage URL", "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
            ) from error

    @property
    def shown(self) -> str:
        """The URL with the password masked."""
        return masked(self.url)

    @property
    def file(self) -> Path | None:
        """The file of a SQLite storage."""
        parsed = self._parsed
        is_file = parsed.get_backend_name() == "sqlite" and parsed.database
        return Path(parsed.database) if is_file and parsed.database else None

    @property
    def folder(self) -> Path | None:
        """The folder of a SQLite storage's file, absolute."""
        return self.file.absolute().parent if self.file else None

    def clean(self, text: str) -> str:
        """A message of another library without the password that may stand in it."""
        password = self._parsed.password
        return text.replace(str(password), "***") if password else text


def masked(url: str) -> str:
    """A URL to show: its password replaced by stars."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "the storage URL"


def open_storage(url: str, *, create: bool) -> RDBStorage:
    """Open a storage after checking that it can be used.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/DATABASE``.
        create: Make the SQLite file, or the tables in an empty database, when they are absent. Otherwise an
            absent storage is an error and nothing is made.

    Raises:
        UserError: the storage is absent, locked, unreachable, unreadable or no storage of Optuna's.
    """
    location = Location(url)
    if location.file is not None:
        _check_sqlite(location, location.file, create=create)
    with storage_errors(url), warnings.catch_warnings():
        # The heartbeat argument is marked experimental.
        warnings.simplefilter("ignore")
        return _connect(location, create=create)


@contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turn a database's errors into one line that names the storage and the remedy."""
    location = Location(url)
    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        raise _translated(location, error) from error


def _connect(location: Location, *, create: bool) -> RDBStorage:
    is_file = location.file is not None
    connect = {"timeout": _BUSY_SECONDS} if is_file else {"connect_timeout": _CONNECT_SECONDS}
    engine_arguments = {"connect_args": connect, "pool_pre_ping": not is_file}
    try:
        if not create:
            _check_tables(location, engine_arguments)
        return _storage(location.url, engine_arguments, create=create)
    except ImportError as error:
        raise UserError(
            location.shown,
            "the database's Python driver is not installed",
            "install it: pip install 'bitfront[postgresql]'",
        ) from error
    except (RuntimeError, KeyError, IndexError) as error:
        # A storage that another version of Optuna wrote, or braces in the URL, which Optuna takes for a
        # template.
        raise UserError(
            location.shown, location.clean(str(error)), "use another storage, or the Optuna that wrote it"
        ) from error


def _storage(url: str, engine_arguments: Mapping[str, Any], *, create: bool) -> RDBStorage:
    """Optuna's storage; made again when another process makes its tables at the same moment."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return RDBStorage(
                url,
                engine_kwargs=dict(engine_arguments),
                heartbeat_interval=_HEARTBEAT_SECONDS,
                grace_period=_GRACE_SECONDS,
                heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=_MAX_RETRY),
                skip_table_creation=not create,
            )
        except DBAPIError as error:
            # Which error it is differs between databases, and between tables, types and first rows.
            raced = any(word in str(error.orig).lower() for word in ("already exists", "unique", "duplicate"))
            if not (create and raced) or attempt == _ATTEMPTS:
                raise
            time.sleep(random.uniform(0.1, 0.3) * attempt)
    raise AssertionError("the last attempt returns or raises")


def _check_tables(location: Location, engine_arguments: Mapping[str, Any]) -> None:
    engine = sqlalchemy.create_engine(location.url, **engine_arguments)
    try:
        found = sqlalchemy.inspect(engine).has_table("studies")
    finally:
        engine.dispose()
    if not found:
        raise UserError(
            location.shown,
            "the database holds no studies",
            "make one with: bitfront run STUDY.toml --storage URL",
        )


def _check_sqlite(location: Location, file: Path, *, create: bool) -> None:
    shown = location.shown
    if not file.exists():
        if not create:
            raise UserError(
                shown,
                "there is no such database file",
                "check the path, or make it with: bitfront run STUDY.toml --storage URL",
            )
        _make_folder(file, shown)
    elif not file.is_file() or not os.access(file, os.R_OK | os.W_OK):
        raise UserError(shown, "the file cannot be read and written", "check what it is and its permissions")
    deadline = time.monotonic() + _CHECK_SECONDS
    while True:
        try:
            return _try_sqlite(file, deadline - time.monotonic(), create=create)
        except sqlite3.Error as error:
            # SQLite itself does not wait when two programs switch to the write-ahead log at once.
            if not _is_lock(error) or time.monotonic() > deadline:
                raise _sqlite_error(shown, error) from error
            time.sleep(random.uniform(0.02, 0.1))


def _try_sqlite(file: Path, seconds: float, *, create: bool) -> None:
    with closing(sqlite3.connect(file, timeout=max(seconds, 0.0), isolation_level=None)) as connection:
        if create:
            # Readers and the one writer then do not block each other. The mode stays with the file.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _make_folder(file: Path, shown: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(shown, f"its folder cannot be made ({reason})", "choose another place") from error


def _is_lock(error: sqlite3.Error) -> bool:
    return "locked" in str(error) or "busy" in str(error)


def _sqlite_error(shown: str, error: sqlite3.Error) -> UserError:
    text = str(error)
    if _is_lock(error):
        return UserError(
            shown, "the database is locked by another program", "close that program or wait, then try again"
        )
    if "not a database" in text or "malformed" in text:
        return UserError(shown, "the file is no SQLite database", "name another file")
    if "full" in text:
        return UserError(shown, "the disk is full", "free some space, then try again")
    return UserError(shown, text, "check the file, its folder and their permissions")


def _translated(location: Location, error: Exception) -> UserError:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, DBAPIError):
        cause = cause.__cause__
    origin = cause.orig if isinstance(cause, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        return _sqlite_error(location.shown, origin)
    text = location.clean(str(origin)).strip()
    return UserError(
        location.shown,
        text.splitlines()[0] if text else type(error).__name__,
        "check that the server runs and that user, password and database are right",
    )
