"""A storage that outlives its database's absences: what fails because the server is away is asked again.

Optuna's storages raise at once when the database restarts or the network is gone. Here every call is repeated
with growing pauses until it succeeds or the patience ends. A call may have been carried out although its
answer was lost, so that repeating must do no harm: attributes are overwritten with the same value, a state
that is already the wanted one counts as set, and a trial made twice is left without a lease, which
:mod:`search.service.lease` notices.
"""

from __future__ import annotations

import copy
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import sqlalchemy.exc
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState

from quant_model.errors import UserError
from search.stopping import StopSignal

__all__ = [
    "LONG_SECONDS",
    "Patience",
    "ResilientStorage",
    "StorageAwayError",
    "is_rpc",
    "is_transient",
    "patiently",
    "unless_away",
]

Answer = TypeVar("Answer")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 15.0
"""Seconds between tries: doubled each time, and drawn from the upper half so that workers do not meet."""
LONG_SECONDS = 3600.0
"""How long workers and services wait for a storage that is away before they give up."""
_AGAIN_SECONDS = 2.0
"""Between two tries to open a storage that is away."""
_AWAY = "the storage is away"
_TRANSIENT_SQLSTATES = ("08", "40", "53", "57")
"""PostgreSQL's classes: connection, rolled back (deadlock), out of resources, shut down or starting."""
_TRANSIENT_RPC = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "CANCELLED")


class StorageAwayError(Exception):
    """What a proxy says to its clients when its database did not come back in time."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"{_AWAY}: {reason}")


@dataclass(frozen=True)
class Patience:
    """How long a storage that is away is waited for.

    Attributes:
        seconds: From the first failure of a call; 0 gives up at once.
        pause: Sleeps; may raise to end the waiting.
        tell: Called with a line for people when the waiting begins and when it ends.
    """

    seconds: float = 0.0
    pause: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = lambda _: None

    def at_most(self, seconds: float) -> Patience:
        """A shorter patience that nothing interrupts."""
        return replace(self, seconds=min(seconds, self.seconds), pause=time.sleep)


def _repeated(name: str) -> Any:
    """A method of Optuna's storages that is passed on, and repeated while the storage is away."""

    def method(storage: ResilientStorage, *arguments: Any, **named: Any) -> Any:
        return storage._call(lambda: getattr(storage._inner, name)(*arguments, **named))

    return method


class ResilientStorage(BaseStorage):
    """Passes every call to another storage, repeating those that fail because it is away.

    Attributes:
        patience: For all calls; may be changed at any time.
        on_taken: Called with a trial's id right after this storage made it RUNNING.
    """

    def __init__(self, inner: BaseStorage, close: Callable[[], None], patience: Patience) -> None:
        self._inner = inner
        self._close = close
        self.patience = patience
        self.on_taken: Callable[[int], None] = lambda _: None
        self._age = -1.0
        self._snapshot: tuple[int, float, list[FrozenTrial]] | None = None

    @contextmanager
    def waiting(self, patience: Patience) -> Iterator[None]:
        """Within the block, another patience."""
        before, self.patience = self.patience, patience
        try:
            yield
        finally:
            self.patience = before

    def impatient(self) -> ResilientStorage:
        """The same storage for another thread; its calls fail at once."""
        return ResilientStorage(self._inner, lambda: None, Patience())

    def behind(self, kind: type[ResilientStorage], patience: Patience) -> ResilientStorage:
        """The same storage in a wrapper of another kind."""
        return kind(self._inner, self._close, patience)

    @property
    def database(self) -> RDBStorage | None:
        """The database, when this process speaks to it itself; ``None`` behind a proxy."""
        backend = getattr(self._inner, "_backend", self._inner)
        return backend if isinstance(backend, RDBStorage) else None

    def close(self) -> None:
        """Let go of connections; they come back when needed."""
        self._close()

    def repeated(self, call: Callable[[], Answer]) -> Answer:
        """Make a call of another kind, again and again while the storage is away."""
        return self._call(call)

    def _call(self, call: Callable[[], Answer]) -> Answer:
        return self._repeat(lambda _: call())

    def _repeat(self, call: Callable[[bool], Answer]) -> Answer:
        """Make a call that is told whether it was tried before."""
        began: float | None = None
        pause = _FIRST_PAUSE
        while True:
            try:
                answer = call(began is not None)
            except Exception as error:
                if not is_transient(error):
                    raise
                now = time.monotonic()
                if began is None:
                    began = now
                    if self.patience.seconds > 0:
                        self.patience.tell(
                            f"the storage does not answer; trying for {self.patience.seconds:.0f} s"
                        )
                if now - began >= self.patience.seconds:
                    raise
                self.patience.pause(pause * random.uniform(0.5, 1.0))
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                if began is not None:
                    self.patience.tell(f"the storage answers again after {time.monotonic() - began:.1f} s")
                return answer

    create_new_study = _repeated("create_new_study")
    delete_study = _repeated("delete_study")
    set_study_user_attr = _repeated("set_study_user_attr")
    set_study_system_attr = _repeated("set_study_system_attr")
    get_study_id_from_name = _repeated("get_study_id_from_name")
    get_study_directions = _repeated("get_study_directions")
    get_study_user_attrs = _repeated("get_study_user_attrs")
    get_study_system_attrs = _repeated("get_study_system_attrs")
    get_all_studies = _repeated("get_all_studies")
    set_trial_param = _repeated("set_trial_param")
    set_trial_intermediate_value = _repeated("set_trial_intermediate_value")
    set_trial_user_attr = _repeated("set_trial_user_attr")
    set_trial_system_attr = _repeated("set_trial_system_attr")
    get_trial_id_from_study_id_trial_number = _repeated("get_trial_id_from_study_id_trial_number")
    get_trial = _repeated("get_trial")

    def get_study_name_from_id(self, study_id: int) -> str:
        """Optuna's; past its cache, which does not notice that a study was renamed."""
        inner = self.database or self._inner
        return self._call(lambda: inner.get_study_name_from_id(study_id))

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Optuna's; a new RUNNING trial is handed to ``on_taken``."""
        trial = self._call(lambda: self._inner.create_new_trial(study_id, template_trial))
        if template_trial is None or template_trial.state == TrialState.RUNNING:
            self.on_taken(trial)
        return trial

    def set_trial_state_values(
        self, trial_id: int, state: TrialState, values: Sequence[float] | None = None
    ) -> bool:
        """Optuna's; a trial that became RUNNING by this call is handed to ``on_taken``."""

        def change(again: bool) -> bool:
            try:
                return self._inner.set_trial_state_values(trial_id, state, values)
            except UpdateFinishedTrialError:
                # Finished by the try whose answer was lost?
                if again and self._inner.get_trial(trial_id).state == state:
                    return True
                raise

        changed = self._repeat(change)
        if changed and state == TrialState.RUNNING:
            self.on_taken(trial_id)
        return changed

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Optuna's; within :meth:`recent`, as they were a moment ago."""
        now = time.monotonic()
        if self._snapshot is None or self._snapshot[0] != study_id or now - self._snapshot[1] > self._age:
            read = self._call(lambda: self._inner.get_all_trials(study_id, deepcopy=False))
            self._snapshot = study_id, time.monotonic(), read
        trials = self._snapshot[2]
        if states is not None:
            trials = [trial for trial in trials if trial.state in states]
        return copy.deepcopy(trials) if deepcopy else list(trials)

    def has_read(self, study_id: int) -> bool:
        """Whether all trials of a study were read already, so that the next read is of new ones alone."""
        return self._snapshot is not None and self._snapshot[0] == study_id

    @contextmanager
    def recent(self, seconds: float) -> Iterator[None]:
        """Within the block, trials that were read so many seconds ago are good enough.

        Every look at the storage reads all trials that are being worked on, about a millisecond each.
        """
        before, self._age = self._age, seconds
        try:
            yield
        finally:
            self._age = before

    def remove_session(self) -> None:
        """Optuna's: close this thread's connection."""
        self._inner.remove_session()


def patiently(call: Callable[[], Answer], stop: StopSignal, seconds: float) -> Answer:
    """Make a call again and again while it fails because a storage is away, for so many seconds.

    Raises:
        UserError: as the call; about a storage that is away only after that time.
        Interrupted: a stop was asked for.
    """
    deadline, told = time.monotonic() + seconds, False
    while True:
        try:
            return call()
        except UserError as error:
            if not is_transient(error) or time.monotonic() > deadline:
                raise
            if not told:
                print(f"{error}; trying for {seconds:.0f} s", file=sys.stderr, flush=True)
                told = True
        with stop.interruptible():
            time.sleep(_AGAIN_SECONDS)


@contextmanager
def unless_away() -> Iterator[None]:
    """Pass over an error of a storage that is away for a moment: what was to be done is tried again."""
    try:
        yield
    except Exception as error:
        if not is_transient(error):
            raise


def is_transient(error: BaseException) -> bool:
    """True for an error that goes away when the database or the network comes back."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, StorageAwayError | sqlalchemy.exc.TimeoutError):
            return True
        if isinstance(cause, sqlalchemy.exc.DBAPIError):
            return cause.connection_invalidated or _is_transient_origin(cause.orig)
        if is_rpc(cause) and _is_transient_rpc(cause):
            return True
        cause = cause.__cause__
    return False


def _is_transient_origin(origin: BaseException | None) -> bool:
    if isinstance(origin, sqlite3.OperationalError):
        return "locked" in str(origin) or "busy" in str(origin)
    if type(origin).__name__ not in ("OperationalError", "InterfaceError") and not hasattr(
        origin, "sqlstate"
    ):
        return False
    state = getattr(origin, "sqlstate", None)
    # Without a code it comes from the client: no connection, or one that broke.
    return state is None or str(state).startswith(_TRANSIENT_SQLSTATES)


def is_rpc(error: BaseException) -> bool:
    """True for an error of a proxy, or on the way to it."""
    if "grpc" not in sys.modules:
        return False
    import grpc

    return isinstance(error, grpc.RpcError)


def _is_transient_rpc(error: Any) -> bool:
    code = error.code().name
    return code in _TRANSIENT_RPC or (code == "UNKNOWN" and _AWAY in str(error.details()))
