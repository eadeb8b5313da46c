"""Trials with what is asked for and no more: Optuna's own read brings all parameters and attributes of each.

Of a study of 12,000 trials that is a million rows, of which a list of values needs one in thirty.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import sqlalchemy
from optuna.distributions import BaseDistribution, json_to_distribution
from optuna.storages import RDBStorage
from optuna.storages._rdb.models import (
    TrialModel,
    TrialParamModel,
    TrialSystemAttributeModel,
    TrialUserAttributeModel,
    TrialValueModel,
)
from optuna.trial import FrozenTrial

from search.store.resilient import ResilientStorage

__all__ = ["Later", "slim_trials", "trial_count", "user_attribute"]

Rows = Iterable[Any]
Whole = Callable[[list[FrozenTrial]], Collection[int]]
_MOST_NAMED = 1000
"""Trials that one statement names."""


class Later(Mapping[str, Any]):
    """A JSON object that is read when somebody looks into it, once."""

    def __init__(self, read: Callable[[], Mapping[str, Any]]) -> None:
        self._read = read

    def __getitem__(self, key: str) -> Any:
        return self._content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    @cached_property
    def _content(self) -> Mapping[str, Any]:
        return self._read()


def user_attribute(storage: ResilientStorage, trial: int, name: str) -> Any:
    """One user attribute of a trial, named by the storage's id; ``None`` where it has no such one."""
    if (database := storage.database) is None:
        return storage.get_trial(trial).user_attrs.get(name)
    model = TrialUserAttributeModel
    wanted = sqlalchemy.select(model.value_json).where(model.trial_id == trial, model.key == name)
    found = storage.repeated(lambda: _all(database, wanted))
    return json.loads(found[0][0]) if found else None


def trial_count(storage: ResilientStorage, study: int) -> int | None:
    """How many trials a study has; ``None`` behind a proxy, where only reading them all would tell."""
    if (database := storage.database) is None:
        return None
    wanted = sqlalchemy.select(sqlalchemy.func.count()).where(TrialModel.study_id == study)
    return int(storage.repeated(lambda: _all(database, wanted))[0][0])


def slim_trials(
    storage: ResilientStorage, study: int, attributes: Collection[str], whole: Whole = lambda _: ()
) -> list[FrozenTrial]:
    """All trials of a study by number: states, times, values, some user attributes.

    Behind a proxy, where only Optuna's own calls are answered, they have everything.

    Args:
        storage: Where they lie.
        study: The storage's id of the study.
        attributes: User attributes that are read, by name.
        whole: Tells of all of them the numbers of those that are to have all of their parameters and
            attributes, too.
    """
    if (database := storage.database) is None:
        return storage.get_all_trials(study, deepcopy=False)
    return storage.repeated(lambda: _slim(database, study, attributes, whole))


def _slim(database: RDBStorage, study: int, attributes: Collection[str], whole: Whole) -> list[FrozenTrial]:
    own, user = TrialModel, TrialUserAttributeModel
    columns = own.trial_id, own.number, own.state, own._datetime_start_utc, own._datetime_complete_utc
    of_study = sqlalchemy.select(*columns).where(own.study_id == study).order_by(own.number)
    told = TrialValueModel
    values = _joined(study, told, told.objective, told.value, told.value_type)
    some = _joined(study, user, user.key, user.value_json).where(user.key.in_(attributes))
    found = [
        FrozenTrial(
            trial_id=row[0],
            number=row[1],
            state=row[2],
            datetime_start=_local(row[3]),
            datetime_complete=_local(row[4]),
            params={},
            distributions={},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
            value=None,
        )
        for row in _all(database, of_study)
    ]
    by_id = {trial._trial_id: trial for trial in found}
    for trial, reached in _values(_all(database, values)).items():
        if trial in by_id:
            by_id[trial].values = reached
    _add_attributes(by_id, _all(database, some), "user_attrs")
    numbers = whole(found)
    chosen = [trial for trial in found if trial.number in numbers]
    for first in range(0, len(chosen), _MOST_NAMED):
        _complete(database, chosen[first : first + _MOST_NAMED])
    return found


def _complete(database: RDBStorage, trials: list[FrozenTrial]) -> None:
    """Read everything else of some trials."""
    by_id = {trial._trial_id: trial for trial in trials}
    for model, place in (
        (TrialUserAttributeModel, "user_attrs"),
        (TrialSystemAttributeModel, "system_attrs"),
    ):
        _add_attributes(by_id, _all(database, _of(by_id, model, model.key, model.value_json)), place)
    own = TrialParamModel
    rows = _of(by_id, own, own.param_name, own.param_value, own.distribution_json).order_by(own.param_id)
    known: dict[str, BaseDistribution] = {}
    for trial, name, value, text in _all(database, rows):
        if text not in known:
            known[text] = json_to_distribution(text)
        by_id[trial].distributions[name] = known[text]
        by_id[trial]._params[name] = known[text].to_external_repr(value)


def _values(rows: Rows) -> dict[int, list[float]]:
    """The objective values by trial."""
    found: dict[int, dict[int, float]] = defaultdict(dict)
    for trial, objective, value, kind in rows:
        found[trial][objective] = TrialValueModel.stored_repr_to_value(value, kind)
    return {trial: [told[place] for place in sorted(told)] for trial, told in found.items()}


def _add_attributes(trials: Mapping[int, FrozenTrial], rows: Rows, place: str) -> None:
    for trial, key, value in rows:
        # A trial may have come since the first of these reads.
        if trial in trials:
            getattr(trials[trial], place)[key] = json.loads(value)


def _joined(study: int, model: Any, *columns: Any) -> sqlalchemy.Select[Any]:
    """Rows of all of a study's trials."""
    joined = sqlalchemy.select(model.trial_id, *columns).join(
        TrialModel, TrialModel.trial_id == model.trial_id
    )
    return joined.where(TrialModel.study_id == study)


def _of(trials: Collection[int], model: Any, *columns: Any) -> sqlalchemy.Select[Any]:
    """Rows of some trials."""
    return sqlalchemy.select(model.trial_id, *columns).where(model.trial_id.in_(trials))


def _all(database: RDBStorage, wanted: sqlalchemy.Select[Any]) -> Any:
    with database.engine.connect() as connection:
        return connection.execute(wanted).all()


def _local(stored: datetime | None) -> datetime | None:
    """Times are stored in UTC; Optuna's trials have the local time of whoever looks."""
    return None if stored is None else stored.replace(tzinfo=UTC).astimezone().replace(tzinfo=None)
