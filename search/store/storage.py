"""Where studies are kept: a storage URL in, a checked Optuna storage out, and errors that a user can mend.

SQLite files serve one machine, PostgreSQL any number, and a proxy (``bitfront proxy``) in front of it many
more. A password in a URL is never shown.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import GrpcStorageProxy, RDBStorage
from optuna.storages._rdb.models import BaseModel
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from quant_model.errors import UserError
from quant_model.folders import private_folder
from search.files import file_errors
from search.store.location import Location
from search.store.resilient import Patience, ResilientStorage, StorageAwayError, is_rpc

__all__ = ["open_storage", "storage_errors"]

_BUSY_SECONDS = 30.0
"""How long SQLite waits for another writer. A write takes milliseconds."""
_CHECK_SECONDS = 5.0
"""How long the first check waits before it calls the database locked."""
_ATTEMPTS = 6
"""Tries to make a storage's tables while other processes make them too."""
_CONNECT_SECONDS = 10
"""How long PostgreSQL or a proxy may take to answer."""
_LOCKED = ("locked", "busy")
_RESCUE = (
    "go back to a copy of it, or rescue what is left: sqlite3 FILE .recover | sqlite3 NEW, then use NEW; "
    "the artifacts beside it are whole"
)
_SCHEMA = b"CREATE TABLE trials"
"""In every database of Optuna's, beyond its first bytes."""
_SQLITE_PROBLEMS = (
    (_LOCKED, "the database is locked by another program", "close that program or wait, then try again"),
    (("malformed",), "the database is damaged", _RESCUE),
    (("not a database",), "the file is no SQLite database", "name another file"),
    (("full",), "the disk is full", "free some space, then try again"),
)
"""Words of SQLite's messages, and what to say."""
_POSTGRESQL = {
    "connect_timeout": _CONNECT_SECONDS,
    # A server that is gone without a word is noticed in about a minute instead of hours.
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""libpq's connection parameters."""


def open_storage(url: str, *, create: bool) -> ResilientStorage:
    """Open a storage after checking that it can be used.

    Args:
        url: ``sqlite:///FILE``, ``postgresql://USER:PASSWORD@HOST/DATABASE`` or ``grpc://HOST:PORT``.
        create: Make the SQLite file, or the tables in an empty database, when they are absent. Otherwise an
            absent storage is an error and nothing is made.

    Raises:
        UserError: the storage is absent, locked, unreachable, unreadable or no storage of Optuna's.
    """
    location = Location(url)
    if location.file is not None:
        _check_sqlite(location, location.file, create=create)
    with storage_errors(url):
        return _proxy(location) if location.proxy else _connect(location, create=create)


@contextmanager
def storage_errors(url: str) -> Iterator[None]:
    """Turn a database's errors into one line that names the storage and the remedy."""
    location = Location(url)
    try:
        yield
    except Exception as error:
        if is_rpc(error):
            raise _proxy_error(location, error) from error
        if isinstance(error, SQLAlchemyError | StorageInternalError | StorageAwayError):
            raise _translated(location, error) from error
        # Wrong bytes may come up as anything.
        if not isinstance(error, UserError) and location.file is not None and _is_damaged(location.file):
            raise UserError(location.shown, "the database is damaged", _RESCUE) from error
        raise


def _proxy(location: Location) -> ResilientStorage:
    assert location.proxy is not None
    host, port = location.proxy
    try:
        storage = GrpcStorageProxy(host=host, port=port)
        storage.wait_server_ready(_CONNECT_SECONDS)
        # The proxy answers without its database: ask for something in it.
        storage.get_all_studies()
    except ImportError as error:
        raise _missing(location, "the proxy's Python client", "grpc") from error
    except ConnectionError as error:
        raise UserError(
            location.shown,
            "no storage proxy answers",
            "start one there: bitfront proxy --storage URL --host HOST --port PORT",
        ) from error
    return ResilientStorage(storage, storage.close, Patience())


def _proxy_error(location: Location, error: Exception) -> UserError:
    lines = str(getattr(error, "details", lambda: error)() or error).strip().splitlines()
    problem = location.clean(lines[0] if lines else type(error).__name__)
    return UserError(location.shown, problem, "check that the proxy and its database run")


def _missing(location: Location, what: str, extra: str) -> UserError:
    return UserError(
        location.shown, f"{what} is not installed", f"install it: pip install 'bitfront[{extra}]'"
    )


def _connect(location: Location, *, create: bool) -> ResilientStorage:
    is_file = location.file is not None
    connect = {"timeout": _BUSY_SECONDS} if is_file else _POSTGRESQL
    engine_arguments = {"connect_args": connect, "pool_pre_ping": not is_file}
    try:
        if not create:
            _check_tables(location, engine_arguments)
        storage = _storage(location.plain, engine_arguments, create=create)
        # With Optuna's cache of finished trials in front, which is shared by all studies opened from it.
        return ResilientStorage(optuna.storages.get_storage(storage), storage.engine.dispose, Patience())
    except ImportError as error:
        raise _missing(location, "the database's Python driver", "postgresql") from error
    except (RuntimeError, KeyError, IndexError) as error:
        # A storage that another version of Optuna wrote.
        raise UserError(
            location.shown, location.clean(str(error)), "use another storage, or the Optuna that wrote it"
        ) from error


def _storage(url: str, engine_arguments: Mapping[str, Any], *, create: bool) -> RDBStorage:
    """Optuna's storage; made again when another process makes its tables at the same moment."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            storage = RDBStorage(url, engine_kwargs=dict(engine_arguments), skip_table_creation=not create)
            if storage.engine.dialect.name == "sqlite":
                _sync_less(storage.engine)
            return storage
        except DBAPIError as error:
            # Which error it is differs between databases, and between tables, types and first rows.
            raced = any(word in str(error.orig).lower() for word in ("already exists", "unique", "duplicate"))
            if not (create and raced) or attempt == _ATTEMPTS:
                raise
            time.sleep(random.uniform(0.1, 0.3) * attempt)
    raise AssertionError("the last attempt returns or raises")


def _sync_less(engine: sqlalchemy.Engine) -> None:
    """Let SQLite wait for the disk at checkpoints of its log, not at each of a trial's many small writes.

    With a write-ahead log that is safe: a killed process loses nothing, a power cut at worst the last few
    writes, and then the trial is only tried again (https://www.sqlite.org/pragma.html#pragma_synchronous).
    """

    def connected(connection: sqlite3.Connection, record: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")

    sqlalchemy.event.listen(engine, "connect", connected)
    # Connections that are open already do not have it.
    engine.dispose()


def _check_tables(location: Location, engine_arguments: Mapping[str, Any]) -> None:
    engine = sqlalchemy.create_engine(location.plain, **engine_arguments)
    try:
        # The last one that Optuna makes: who made the storage may have been killed before.
        found = sqlalchemy.inspect(engine).has_table(BaseModel.metadata.sorted_tables[-1].name)
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
        with file_errors(shown, "its folder cannot be made", "choose another place"):
            private_folder(file.parent)
    elif not file.is_file() or not os.access(file, os.R_OK | os.W_OK):
        raise UserError(shown, "the file cannot be read and written", "check what it is and its permissions")
    deadline = time.monotonic() + _CHECK_SECONDS
    while True:
        try:
            return _try_sqlite(file, deadline - time.monotonic(), create=create)
        except sqlite3.Error as error:
            # SQLite itself does not wait when two programs switch to the write-ahead log at once.
            if not _is_lock(error) or time.monotonic() > deadline:
                raise _sqlite_error(location, error) from error
            time.sleep(random.uniform(0.02, 0.1))


def _try_sqlite(file: Path, seconds: float, *, create: bool) -> None:
    with closing(sqlite3.connect(file, timeout=max(seconds, 0.0), isolation_level=None)) as connection:
        if create:
            # Readers and the one writer then do not block each other. The mode stays with the file.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _is_lock(error: sqlite3.Error) -> bool:
    return any(word in str(error) for word in _LOCKED)


def _sqlite_error(location: Location, error: sqlite3.Error) -> UserError:
    text = str(error)
    if location.file is not None and "not a database" in text and _was_database(location.file):
        text = "malformed"
    for words, problem, remedy in _SQLITE_PROBLEMS:
        if any(word in text for word in words):
            return UserError(location.shown, problem, remedy)
    return UserError(location.shown, text, "check the file, its folder and their permissions")


def _was_database(file: Path) -> bool:
    """True when only the head of a database is gone."""
    try:
        return _SCHEMA in file.read_bytes()
    except OSError:
        return False


def _is_damaged(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(file, timeout=_CHECK_SECONDS)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",))
    except sqlite3.Error as error:
        return not _is_lock(error)


def _translated(location: Location, error: Exception) -> UserError:
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, DBAPIError):
        cause = cause.__cause__
    origin = cause.orig if isinstance(cause, DBAPIError) else error
    if isinstance(origin, sqlite3.Error):
        return _sqlite_error(location, origin)
    text = location.clean(str(origin)).strip()
    return UserError(
        location.shown,
        text.splitlines()[0] if text else type(error).__name__,
        "check that the server runs and that user, password and database are right",
    )
