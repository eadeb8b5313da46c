"""Who works on a trial, and what becomes of a trial whose worker is gone. The same on every storage.

A worker puts a lease on its trial: a system attribute with its name and a number that a thread raises every
few seconds. Whoever looks at the study's running trials (:class:`Watch`) takes a lease for dead when the
number stood still over several looks of its own, at each of which the database took a write of its own. No
clock is compared with another machine's, and an outage of the database, or a lock that lets only readers in,
during which all leases stand still, takes nobody's trial: after it there is time for a new number between two
looks. A trial that lost its worker goes back to waiting under its own number, with its
parameters and files; the third loss fails it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import uuid4

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from search.monitor.notes import failure_note, write_trial_note
from search.store.record import LeaseMark, TrialRecord, store_in
from search.store.resilient import ResilientStorage, unless_away

__all__ = [
    "Lease",
    "Watch",
    "give_back",
    "holder",
    "is_dead",
    "lose",
    "release",
    "release_dead",
    "worker_name",
]

_BEAT_SECONDS = 10.0
"""Between two signs of life."""
_LOOK_SECONDS = 25.0
"""Between two looks: more than two beats, so that a living worker's number has changed."""
_LOOKS = 2
"""Looks at which a number stood still since the one before; then its worker is gone."""
_QUICK_SECONDS = 5.0
"""A write of milliseconds that took longer was held up, and so were those of living workers."""
_WATCHED = "bitfront:watched"
"""The study's system attribute that is written to see whether writing is possible."""
_MOST_LOSSES = 3
"""A trial that took so many workers with it is not tried again."""


def worker_name(pid: int | None = None, token: str | None = None) -> str:
    """A process's name, never used twice: ``HOST:PID:RANDOM-MACHINE``; this one's unless others are given."""
    number, word = os.getpid() if pid is None else pid, token or uuid4().hex[:8]
    return f"{socket.gethostname()}:{number}:{word}-{_machine()}"


@cache
def _machine() -> str:
    """The same word for processes that see each other by their numbers; empty where nothing tells."""
    try:
        # Another one after every start of the machine; containers of one host have namespaces of their own.
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return hashlib.sha256(f"{boot}{Path('/proc/self/ns/pid').readlink()}".encode()).hexdigest()[:8]
    except OSError:
        return ""


def is_dead(worker: str) -> bool:
    """Whether a worker is known to have ended: a process of this machine that is no more."""
    _, _, rest = worker.partition(":")
    number, _, word = rest.partition(":")
    machine = word.partition("-")[2]
    if not machine or machine != _machine() or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"
    except ProcessLookupError:
        return True
    except OSError:
        # Somebody else's, or one that this user cannot see.
        return False


def holder(trial: FrozenTrial) -> str | None:
    """The worker whose lease is on a trial."""
    lease = TrialRecord.of(trial).lease
    return lease.worker if lease is not None else None


class Lease:
    """Keeps a worker's lease on the trial in hand. A context manager around all of a worker's trials.

    Args:
        storage: Where the trials are.
        worker: Stands in the lease.
        on_gone: Called, from another thread, when the trial in hand was deleted with its study.
    """

    def __init__(
        self, storage: ResilientStorage, worker: str, on_gone: Callable[[], None] = lambda: None
    ) -> None:
        self.worker = worker
        self.gone = False
        self._on_gone = on_gone
        self._storage = storage
        self._quick = storage.impatient()
        self._trial: int | None = None
        self._beat = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def __enter__(self) -> Lease:
        self._storage.on_taken = self.take
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._storage.on_taken = lambda _: None
        self._stop.set()
        self._thread.join()

    def take(self, trial: int) -> None:
        """Put the lease on a trial that has just become RUNNING."""
        with self._lock:
            self._trial = trial
            self._mark(self._storage, trial)

    def _mark(self, storage: BaseStorage, trial: int) -> None:
        self._beat += 1
        store_in(storage, trial, TrialRecord(lease=LeaseMark(self.worker, self._beat)))

    @property
    def trial(self) -> int | None:
        """The storage's id of the trial in hand."""
        return self._trial

    def drop(self) -> None:
        """Let go of the trial in hand."""
        with self._lock:
            self._trial = None

    def holds(self, trial: int) -> bool:
        """True when the trial is still this worker's, as the storage has it."""
        return _is_ours(self._storage.get_trial(trial), self.worker)

    def _run(self) -> None:
        while not self._stop.wait(_BEAT_SECONDS):
            with self._lock:
                self._renew()
        self._quick.remove_session()

    def _renew(self) -> None:
        if self._trial is None:
            return
        try:
            # Told in this moment, or a storage that is away: then the next beat tries again.
            with unless_away(), contextlib.suppress(UpdateFinishedTrialError):
                if _is_ours(self._quick.get_trial(self._trial), self.worker):
                    self._mark(self._quick, self._trial)
        except KeyError:
            self.gone, self._trial = True, None
            self._on_gone()


def give_back(storage: BaseStorage, trial: int) -> None:
    """Let another worker, or the next run, take up a trial that this worker will not finish."""
    # Finished already: the worker was thought dead, and another has finished it.
    with contextlib.suppress(UpdateFinishedTrialError):
        storage.set_trial_state_values(trial, TrialState.WAITING)


def release(
    storage: BaseStorage, study: int, running: Iterable[FrozenTrial], worker: str
) -> list[FrozenTrial]:
    """Take all running trials from a worker that is known to be dead, and return them."""
    own = [trial for trial in running if holder(trial) == worker]
    for trial in own:
        lose(storage, study, trial)
    return own


def release_dead(storage: BaseStorage, study: int, running: Iterable[FrozenTrial]) -> list[FrozenTrial]:
    """Take all running trials from workers of this machine that were killed with whoever started them."""
    left = [trial for trial in running if (worker := holder(trial)) is not None and is_dead(worker)]
    for trial in left:
        lose(storage, study, trial)
    return left


def lose(storage: BaseStorage, study: int, trial: FrozenTrial) -> None:
    """Send a trial whose worker is gone back to waiting, or fail it after too many losses."""
    # The storage's id: Optuna keeps it in an attribute that it calls private, and offers no other way.
    identity = trial._trial_id
    now = storage.get_trial(identity)
    known = TrialRecord.of(now)
    if now.state != TrialState.RUNNING or known.lease != TrialRecord.of(trial).lease:
        return
    losses = (*known.losses, holder(now) or "unknown")
    with contextlib.suppress(UpdateFinishedTrialError):
        if len(losses) < _MOST_LOSSES:
            store_in(storage, identity, TrialRecord(losses=losses))
            storage.set_trial_state_values(identity, TrialState.WAITING)
            return
        store_in(storage, identity, TrialRecord(losses=losses, failure=_reason(losses)))
        old = storage.get_study_system_attrs(study)
        write_trial_note(storage, study, identity, failure_note(_reason(losses)), old)
        storage.set_trial_state_values(identity, TrialState.FAIL)


class Watch:
    """Looks for running trials whose lease stands still, and takes them from their workers."""

    def __init__(self, storage: BaseStorage, study: int) -> None:
        self._storage = storage
        self._study = study
        self._seen: dict[int, _Seen] = {}

    def look(self, running: Iterable[FrozenTrial]) -> list[FrozenTrial]:
        """Look at the RUNNING trials as they are stored now; return those that were taken away."""
        now = time.monotonic()
        leases = [(trial, TrialRecord.of(trial).lease) for trial in running]
        still = {
            trial.number: before
            for trial, lease in leases
            if (before := self._seen.get(trial.number)) is not None and before.lease == lease
        }
        due = {number for number, before in still.items() if now - before.at >= _LOOK_SECONDS}
        if due and not self._can_write():
            return []
        seen: dict[int, _Seen] = {}
        lost: list[FrozenTrial] = []
        for trial, lease in leases:
            before = still.get(trial.number)
            if before is None:
                seen[trial.number] = _Seen(lease, now, 0)
            elif trial.number not in due:
                seen[trial.number] = before
            elif before.still + 1 < _LOOKS:
                seen[trial.number] = _Seen(lease, now, before.still + 1)
            else:
                lost.append(trial)
        self._seen = seen
        for trial in lost:
            lose(self._storage, self._study, trial)
        return lost

    def _can_write(self) -> bool:
        """True when living workers could renew their leases; otherwise all looks begin anew."""
        seen, self._seen = self._seen, {}
        began = time.monotonic()
        # A value that changes: an equal one would not be written.
        self._storage.set_study_system_attr(self._study, _WATCHED, time.time())
        if time.monotonic() - began >= _QUICK_SECONDS:
            return False
        self._seen = seen
        return True


@dataclass(frozen=True)
class _Seen:
    lease: LeaseMark | None
    at: float
    """When it was looked at, on this process's own clock, in seconds."""
    still: int
    """At how many looks it had not changed since the one before."""


def _is_ours(trial: FrozenTrial, worker: str) -> bool:
    return trial.state == TrialState.RUNNING and holder(trial) == worker


def _reason(losses: Sequence[str]) -> str:
    workers = ", ".join(name.rpartition(":")[0] or name for name in losses)
    return f"its worker was lost {len(losses)} times, the last time for good ({workers})"
