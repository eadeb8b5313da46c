"""Signs of life of a trial while it is trained, and the return of trials whose worker is gone."""

from __future__ import annotations

import threading
from types import TracebackType

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from optuna.trial import TrialState

__all__ = ["Heartbeat", "give_back", "reap", "trial_id"]


class Heartbeat:
    """Records a trial's heartbeat in the storage until the block ends.

    The first one is recorded before the block begins: a worker killed later is always noticed.
    """

    def __init__(self, storage: RDBStorage, trial: int) -> None:
        self._storage = storage
        self._trial = trial
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._storage.record_heartbeat(self._trial)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        interval = self._storage.get_heartbeat_interval()
        while not self._stop.wait(interval):
            try:
                self._storage.record_heartbeat(self._trial)
            except StorageInternalError:
                # A storage that is down for a moment: several beats may be missed before the trial is given
                # up.
                continue
        self._storage.remove_session()


def trial_id(storage: RDBStorage, study: optuna.Study, number: int) -> int:
    """The storage's id of a trial."""
    study_id = storage.get_study_id_from_name(study.study_name)
    return storage.get_trial_id_from_study_id_trial_number(study_id, number)


def give_back(storage: RDBStorage, trial: int) -> None:
    """Let another worker, or the next run, take up a trial that this worker will not finish."""
    storage.set_trial_state_values(trial, TrialState.WAITING)


def reap(study: optuna.Study) -> None:
    """Fail the trials whose worker has been silent too long; each is tried again under a new number."""
    optuna.storages.fail_stale_trials(study)
