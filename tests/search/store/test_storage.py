from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import optuna
import pytest
import sqlalchemy
from optuna.storages._rdb.models import BaseModel

from quant_model.errors import UserError
from search.commands.cli import run_cli
from search.store import storage as storage_module
from search.store.location import Location
from search.store.secrets import masked
from search.store.storage import open_storage, storage_errors
from search.store.study import OpenStudy, study_exists

TABLES = BaseModel.metadata.sorted_tables
"""Of Optuna's, as it makes them."""


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_module, "_CHECK_SECONDS", 0.2)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A SQLite storage with one study."""
    file = tmp_path / "study.db"
    storage = open_storage(f"sqlite:///{file}", create=True)
    optuna.create_study(study_name="one", storage=storage)
    storage.close()
    return file


@pytest.fixture
def locked(database: Path) -> Iterator[Path]:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        yield database


def test_makes_the_file_and_its_folder_and_uses_a_write_ahead_log(tmp_path: Path) -> None:
    file = tmp_path / "new" / "study.db"
    open_storage(f"sqlite:///{file}", create=True)
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert optuna.get_all_study_names(open_storage(f"sqlite:///{file}", create=False)) == []


def test_an_absent_file_is_not_made(tmp_path: Path) -> None:
    file = tmp_path / "study.db"
    with pytest.raises(UserError, match=f"sqlite:///{file}: there is no such database file"):
        open_storage(f"sqlite:///{file}", create=False)
    assert not file.exists()


@pytest.mark.parametrize("create", [True, False])
def test_a_locked_database_is_named(locked: Path, create: bool) -> None:
    with pytest.raises(UserError, match="locked by another program"):
        open_storage(f"sqlite:///{locked}", create=create)


def test_a_lock_that_comes_later_is_named(database: Path) -> None:
    open_storage(f"sqlite:///{database}", create=False)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(UserError, match="locked"):
            delete_all(f"sqlite:///{database}")


def delete_all(url: str) -> None:
    engine = sqlalchemy.create_engine(url)
    with storage_errors(url), engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout=100")
        connection.exec_driver_sql("DELETE FROM trials")


@pytest.mark.parametrize("content", [b"time,load\n1,2\n" * 100, b"\x00" * 4096])
def test_a_file_that_is_no_database_is_named_and_kept(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "study.db"
    file.write_bytes(content)
    with pytest.raises(UserError, match="no SQLite database"):
        open_storage(f"sqlite:///{file}", create=True)
    assert file.read_bytes() == content


def test_a_damaged_database_is_called_so_whatever_page_is_gone(
    trained_study: OpenStudy, capsys: pytest.CaptureFixture[str]
) -> None:
    file, page = Path(trained_study.artifacts.place).parent / "study.db", 4096
    trained_study.storage.close()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole = file.read_bytes()
    said = []
    for start in range(0, len(whole), page):
        file.write_bytes(whole[:start] + b"\xa5" * page + whole[start + page :])
        status = run_cli(["front", "--storage", trained_study.url])
        # Some pages hold nothing that is asked for: indices, and what was freed.
        said.append((status, capsys.readouterr().err))
    assert {status for status, _ in said} <= {0, 2}
    assert all(
        "the database is damaged; go back to a copy of it, or rescue" in text for code, text in said if code
    )
    assert said[0][0] == 2
    assert [status for status, _ in said].count(2) > len(said) / 2


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read and written"):
        open_storage(f"sqlite:///{tmp_path}", create=True)


def test_a_place_where_no_folder_can_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="folder cannot be made"):
        open_storage(f"sqlite:///{tmp_path}/file/study.db", create=True)


def test_a_database_of_something_else_holds_no_studies(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE fruit (name TEXT)")
        connection.commit()
    with pytest.raises(UserError, match="holds no studies"):
        open_storage(f"sqlite:///{file}", create=False)


@pytest.mark.parametrize("made", range(len(TABLES) + 1))
def test_a_storage_whose_making_was_interrupted_is_made_to_the_end(tmp_path: Path, made: int) -> None:
    """Killed between two of its tables, or before what Optuna writes into them."""
    url = f"sqlite:///{tmp_path}/study.db"
    engine = sqlalchemy.create_engine(url)
    BaseModel.metadata.create_all(engine, tables=TABLES[:made])
    engine.dispose()
    assert not study_exists(url, "one")
    storage = open_storage(url, create=True)
    optuna.create_study(study_name="one", storage=storage)
    storage.close()
    assert study_exists(url, "one")


@pytest.mark.parametrize("url", ["", "mysql://u@h/d", "sqlite://", "sqlite:///:memory:", "redis://h"])
def test_other_urls_are_refused_with_the_two_forms(url: str) -> None:
    with pytest.raises(UserError, match="sqlite:///FILE"):
        open_storage(url, create=True)


def test_an_unreachable_server_is_named_without_its_password() -> None:
    url = "postgresql://ann:s3cr%21et@127.0.0.1:1/studies"
    with pytest.raises(UserError) as caught:
        open_storage(url, create=False)
    assert "ann:***@127.0.0.1:1/studies" in str(caught.value)
    assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize("url", ["postgresql://a:pw@h:99x/d", "http://a:pw@h"])
def test_a_password_is_not_shown_even_when_the_url_is_wrong(url: str) -> None:
    assert "pw" not in masked(url)
    with pytest.raises(UserError) as caught:
        Location(url)
    assert "pw" not in str(caught.value)


def test_postgresql(postgresql_url: str) -> None:
    with pytest.raises(UserError, match="holds no studies"):
        open_storage(postgresql_url, create=False)
    optuna.create_study(study_name="one", storage=open_storage(postgresql_url, create=True))
    assert optuna.get_all_study_names(open_storage(postgresql_url, create=False)) == ["one"]


def test_an_absent_postgresql_database_is_named(postgresql_server: str) -> None:
    with pytest.raises(UserError, match='"nowhere" does not exist'):
        open_storage(postgresql_server + "nowhere", create=True)


@pytest.mark.parametrize("server", [False, True], ids=["sqlite", "postgresql"])
def test_several_processes_may_make_it_at_once(
    tmp_path: Path, server: bool, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgresql_url") if server else f"sqlite:///{tmp_path}/study.db"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        # The first round starts the processes, so that the second one meets.
        pool.map(_study_names, [f"sqlite:///{tmp_path}/{index}.db" for index in range(4)], 1)
        assert pool.map(_study_names, [url] * 4, 1) == [[]] * 4


def _study_names(url: str) -> list[str]:
    return optuna.get_all_study_names(open_storage(url, create=True))
