"""Another name for a study that exists: in its place, so that nothing of it is copied and nothing is lost."""

from __future__ import annotations

import sqlalchemy
from optuna.exceptions import DuplicatedStudyError
from optuna.storages import RDBStorage
from optuna.storages._rdb.models import StudyModel
from sqlalchemy.exc import IntegrityError

from quant_model.errors import UserError
from search.store.resilient import ResilientStorage

__all__ = ["rename_study"]


def rename_study(storage: ResilientStorage, study: int, name: str) -> None:
    """Give a study another name; its number, trials, notes and files stay, workers go on.

    Optuna's storages know no such call, and a copy would have other trials' numbers than the notes, the
    leases and the workers know.

    Raises:
        KeyError: there is no such study.
        DuplicatedStudyError: another study has the name.
        UserError: the storage is a proxy, which cannot do it.
    """
    database = storage.database
    if database is None:
        raise UserError(
            f"study {study}",
            "a storage proxy cannot rename",
            "use a dashboard of the database itself: bitfront dashboard --storage URL",
        )
    storage.repeated(lambda: _rename(database, study, name))


def _rename(database: RDBStorage, study: int, name: str) -> None:
    change = sqlalchemy.update(StudyModel).where(StudyModel.study_id == study).values(study_name=name)
    try:
        with database.engine.begin() as connection:
            found = connection.execute(change).rowcount
    except IntegrityError as error:
        raise DuplicatedStudyError(f"another study is called {name}") from error
    if not found:
        raise KeyError(study)
