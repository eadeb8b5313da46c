"""Signs of life of a trial while it is trained, and the return of trials whose worker is gone."""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime, timedelta
from types import TracebackType

import optuna
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import TrialState

__all__ = ["WORKER", "Heartbeat", "give_back", "reap", "trial_id"]

WORKER = "worker"
"""The user attribute in which a worker leaves its name on the trial it works on."""
_NAMELESS = timedelta(minutes=5)
"""How long a trial may run without such a name; far more than clocks of machines differ."""


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
    # Finished already: the worker was thought dead, and another has the trial's successor.
    with contextlib.suppress(UpdateFinishedTrialError):
        storage.set_trial_state_values(trial, TrialState.WAITING)


def reap(storage: RDBStorage, study: optuna.Study) -> None:
    """Take trials away from workers that are gone.

    Where the heartbeat stopped, the trial fails and is tried again under a new number. Where there was none
    yet (the worker was killed within milliseconds of taking the trial, before it left its name), the trial
    goes back to waiting.
    """
    optuna.storages.fail_stale_trials(study)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        started = trial.datetime_start
        if WORKER not in trial.user_attrs and started and datetime.now() - started > _NAMELESS:
            give_back(storage, trial_id(storage, study, trial.number))
