"""A worker: takes trials of a study one after another until the study has what it was asked for.

The number of trials asked for counts COMPLETE ones of different designs, each with a finite error. Those that
do not fit the device (PRUNED), that failed (FAIL) or that repeat a design are extra. The count is exact with
any number of workers. A study whose space has nothing left ends before.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import cached_property

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from quant_model.errors import UserError
from search.monitor.publish import Publisher
from search.results.shortage import remedy, short
from search.sampling.samplers import BudgetSampler
from search.service.lease import Lease, Watch, give_back, worker_name
from search.service.trial import TrialWork, UselessError
from search.space.remaining import Remaining
from search.stopping import Interrupted, StopSignal
from search.store.record import TrialRecord, digests_of, is_copy, store
from search.store.resilient import LONG_SECONDS, Patience, is_transient, unless_away
from search.store.study import OpenStudy

__all__ = ["MAX_COPIES", "MAX_FAILURES", "MAX_FRUITLESS", "Worker"]

MAX_FAILURES = 5
"""Failures in a row after which a worker stops: then it is not the design."""
MAX_FRUITLESS = 100
"""Trials in a row without a completed one after which a study stops: then hardly anything fits the device."""
MAX_COPIES = 20
"""Proposals in a row that repeat designs, after which a worker takes a space for exhausted that is too large
to be listed, or whose sampler does not know what was tried."""
_LONGEST_FAILURE = 500
"""Characters of a failure's reason that are kept."""
_POLL_SECONDS = 1.0
"""Between looks at the storage while all trials that are wanted are in other workers' hands."""
_POLLED_TRIALS = 20
"""Of so many trials in others' hands, the pause between looks is doubled; of twice as many trebled; ..."""
_RECENT_SECONDS = 5.0
"""How old the trials may be from which the next one is proposed."""
_ROOM = 8
"""More trials than a worker begins within that time."""
_TURN = "bitfront:turn"
"""The study's system attribute that says who asks for one of the last trials."""
_TURN_SECONDS = 0.3
"""After so long all workers see who was the last to write it."""
_PARTING_SECONDS = 5.0
"""How long a worker that was asked to stop waits for a storage that is away."""


class Worker:
    """Works on a study.

    Args:
        study: The study.
        target: COMPLETE trials that the study shall have.
        stop: Asked between trials and during training.
        report: Called with a line for people after each trial.
        name: Stands in the leases of its trials.
        peers: Workers that were started together with this one, itself included.
    """

    def __init__(
        self,
        study: OpenStudy,
        target: int,
        stop: StopSignal,
        report: Callable[[str], None],
        name: str | None = None,
        peers: int = 1,
    ) -> None:
        self.study, self.target, self.stop, self.report = study, target, stop, report
        self._lease = Lease(study.storage, name or worker_name(), stop.ask)
        self._peers, self._seen_turn = peers, ""
        self._watch = Watch(study.storage, study.id)
        self._publisher = Publisher(study)
        self._work = TrialWork(study, self._lease.worker, stop, self._wait, _RECENT_SECONDS)
        self._copies = 0

    def run(self) -> None:
        """Work until the study has its trials.

        Raises:
            UserError: hardly anything fits the device, trial after trial fails, or study, storage or files
                are gone.
            Interrupted: a stop was asked for; the trial in hand went back to waiting.
        """
        storage = self.study.storage
        patience = Patience(LONG_SECONDS, self._pause, self.report)
        with self.study.errors(), self._lease, storage.waiting(patience):
            heard = self.study.heard()
            self.study.study.sampler = BudgetSampler(self._work.space, self._work.budget, heard)
            try:
                self._work_all()
            except Interrupted:
                if self._lease.gone:
                    raise LookupError("the trial in hand was deleted") from None
                with unless_away(), storage.waiting(storage.patience.at_most(_PARTING_SECONDS)):
                    self._publisher.publish_note()
                raise
            self._publisher.publish()

    @cached_property
    def _remaining(self) -> Remaining:
        return Remaining(self._work.space, self._work.budget)

    def _work_all(self) -> None:
        failures = 0
        while (trial := self._next()) is not None:
            state = self.finish(trial)
            failures = failures + 1 if state == TrialState.FAIL else 0
            if state == TrialState.COMPLETE:
                self._copies = self._copies + 1 if is_copy(trial) else 0
            if failures == MAX_FAILURES:
                raise self._too_many_failures(trial.number)
            self._publisher.publish_now_and_then()

    def _next(self) -> optuna.Trial | None:
        """The next trial, in state RUNNING; ``None`` when the study has all that it needs."""
        while True:
            self.stop.check()
            trials = self._look()
            running = _count(trials, TrialState.RUNNING)
            if _trained(trials) >= self.target:
                return None
            if self.study.time_is_up:
                self.report(f"the study's {self.study.spec.study.hours:g} hours are over")
                return None
            # With many workers, each look is dear: those who wait for the last trials look less often.
            poll = _POLL_SECONDS * (1 + running / _POLLED_TRIALS)
            if why := self._exhausted(trials):
                if not running:
                    self.study.keep_exhausted(why)
                    self.report(why)
                    return None
                # What others have in hand may come back to be taken up.
                self._pause(poll)
            elif _wanted(trials, None, self.target):
                self._check_fruitful(trials)
                # Less is wanted than all would take: a trial too many could not be taken back.
                scarce = not _wanted(trials, None, self.target + 1 - max(self._peers, running + 1))
                if scarce and running + self._peers > 1 and not self._is_our_turn():
                    self._pause(poll * random.uniform(0.5, 1.0))
                    continue
                trial = self._ask()
                # Far from the end there is room for every other worker's next trials, too.
                if _wanted(trials, None, self.target - _ROOM * (running + _ROOM)):
                    return trial
                # Another worker may have taken the last one at the same moment: then both step back and try
                # again.
                if _wanted(self.study.trials(), trial.number, self.target):
                    return trial
                self._give_back()
                self._pause(random.uniform(0, poll))
            else:
                self._pause(poll)

    def _exhausted(self, trials: list[FrozenTrial]) -> str:
        """Why nothing is left to train, in a sentence; empty when something is."""
        if _count(trials, TrialState.WAITING):
            return ""
        # Where nothing fits at all, the shortage is the better sentence.
        if _trained(trials) and self._remaining.is_none(digests_of(trials)):
            return "the space is exhausted: all of its designs that fit were tried"
        if self._copies >= MAX_COPIES:
            return f"the space is exhausted: the last {MAX_COPIES} proposals were tried before"
        return ""

    def _is_our_turn(self) -> bool:
        """Whether this worker alone asks at this moment, and something is still wanted."""
        storage, number = self.study.storage, self.study.id
        seen = storage.get_study_system_attrs(number).get(_TURN, "")
        if seen != self._seen_turn:
            # Somebody has taken the turn since the last look.
            self._seen_turn = seen
            return False
        own = f"{self._lease.worker} {random.random()}"
        storage.set_study_system_attr(number, _TURN, own)
        self._pause(_TURN_SECONDS)
        self._seen_turn = storage.get_study_system_attrs(number)[_TURN]
        return self._seen_turn == own and _wanted(self._look(), None, self.target)

    def _ask(self) -> optuna.Trial:
        try:
            # Queue and sampler look at all trials: once is enough for them.
            with self.study.storage.recent(_RECENT_SECONDS):
                return self.study.study.ask()
        except BaseException:
            # Taken, but without all of its parameters.
            self._give_back()
            raise

    def _look(self) -> list[FrozenTrial]:
        """All trials; on the way those whose worker is gone are taken from it."""
        trials = self.study.trials()
        for lost in self._watch.look(trial for trial in trials if trial.state == TrialState.RUNNING):
            self.report(f"trial {lost.number} lost its worker")
        return trials

    def _pause(self, seconds: float) -> None:
        with self.stop.interruptible():
            time.sleep(seconds)

    def _wait(self) -> None:
        self._look()
        self._pause(_POLL_SECONDS)

    def _give_back(self) -> None:
        """Put the trial in hand back; when the storage is away, others will notice that it was left."""
        if (identity := self._lease.trial) is None:
            return
        self._lease.drop()
        storage = self.study.storage
        with unless_away(), storage.waiting(storage.patience.at_most(_PARTING_SECONDS)):
            give_back(storage, identity)

    def _check_fruitful(self, trials: list[FrozenTrial]) -> None:
        finished = [trial for trial in trials if trial.state.is_finished()]
        last = max((trial.number for trial in finished if trial.state == TrialState.COMPLETE), default=-1)
        since = [trial for trial in finished if trial.number > last]
        if len(since) < MAX_FRUITLESS:
            return
        what = short(since)
        raise UserError(
            f"study {self.study.name}",
            f"{len(since)} trials in a row came to nothing; what is short is mostly {what}",
            remedy(what),
        )

    def _too_many_failures(self, number: int) -> UserError:
        reason = TrialRecord.of(self.study.trial(number)).failure or "unknown"
        return UserError(
            f"study {self.study.name} trial {number}",
            f"{MAX_FAILURES} trials in a row failed, the last one: {reason}",
            "correct the cause, then run again",
        )

    def finish(self, trial: optuna.Trial) -> TrialState:
        """Take a trial to its end and return its state; WAITING when it is in other hands by then."""
        try:
            return self._outcome(trial)
        except (Interrupted, KeyboardInterrupt, UserError):
            # Not the trial's fault: what is missing (files, disk) concerns all trials alike.
            self._give_back()
            raise
        except UpdateFinishedTrialError:
            return self._taken_away(trial)
        finally:
            self._lease.drop()

    def _outcome(self, trial: optuna.Trial) -> TrialState:
        started = time.monotonic()
        try:
            values = self._work.values(trial)
        except optuna.TrialPruned as reason:
            return self._tell(trial, TrialState.PRUNED, None, str(reason))
        except (UserError, UpdateFinishedTrialError):
            raise
        except Exception as error:
            if is_transient(error):
                raise
            known = isinstance(error, UselessError)
            failure = str(error) if known else f"{type(error).__name__}: {error}"
            store(trial, TrialRecord(failure=failure[:_LONGEST_FAILURE]))
            return self._tell(trial, TrialState.FAIL, None, failure)
        store(trial, TrialRecord(seconds=round(time.monotonic() - started, 2)))
        return self._tell(trial, TrialState.COMPLETE, values, "")

    def _tell(
        self, trial: optuna.Trial, state: TrialState, values: tuple[float, ...] | None, text: str
    ) -> TrialState:
        identity = self._lease.trial
        if identity is None or not self._lease.holds(identity):
            return self._taken_away(trial)
        if values is not None:
            names = self.study.spec.study.objectives
            text = ", ".join(f"{name} {value:.5g}" for name, value in zip(names, values, strict=True))
        record = TrialRecord.of(self.study.storage.get_trial(identity))
        self._publisher.note(identity, trial.number, state, text, record)
        self.study.study.tell(trial, values, state=state, skip_if_finished=True)
        self.report(f"trial {trial.number} {state.name.lower()}: {text}")
        return state

    def _taken_away(self, trial: optuna.Trial) -> TrialState:
        # This worker was thought dead, and the trial is in other hands.
        self.report(f"trial {trial.number} was taken away")
        return TrialState.WAITING


def _count(trials: list[FrozenTrial], state: TrialState) -> int:
    return sum(trial.state == state for trial in trials)


def _trained(trials: list[FrozenTrial]) -> int:
    """Different designs that are trained."""
    return sum(trial.state == TrialState.COMPLETE and not is_copy(trial) for trial in trials)


def _wanted(trials: list[FrozenTrial], own: int | None, target: int) -> bool:
    """True when trained designs and trials in others' hands leave room for one more."""
    others = sum(trial.state == TrialState.RUNNING and trial.number != own for trial in trials)
    return _trained(trials) + others < target
