"""A worker: takes trials of a study one after another until the study has what it was asked for.

The number of trials asked for counts COMPLETE ones: designs with a finite error. Those that do not fit the
device (PRUNED) and those that failed (FAIL) are extra. The count is exact with any number of workers.
"""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from search.monitor.publish import Publisher
from search.sampling.samplers import BudgetSampler
from search.service.lease import FAILURE, Lease, Watch, give_back, worker_name
from search.service.rung import RUNG, STOPPED, peers, verdict
from search.space.budget import Assessment, Budget
from search.space.design_space import DesignSpace
from search.space.identity import arithmetic_digest
from search.space.objectives import ERROR, objective_values
from search.stopping import Interrupted, StopSignal
from search.store.record import curve_csv, record_design
from search.store.resilient import Patience, ResilientStorage, is_transient
from search.store.storage import storage_errors
from search.store.study import OpenStudy
from search.study_files.datasets import StudyData

if TYPE_CHECKING:
    from quant_model.training import TrainingResult

__all__ = ["MAX_FAILURES", "MAX_FRUITLESS", "Worker"]

MAX_FAILURES = 5
"""Failures in a row after which a worker stops: then it is not the design."""
MAX_FRUITLESS = 100
"""Trials in a row without a completed one after which a study stops: then hardly anything fits the device."""
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
_PATIENCE_SECONDS = 3600.0
"""How long a worker waits for a storage that is away before it gives up."""
_PARTING_SECONDS = 5.0
"""The same for a worker that was asked to stop."""


class _UselessError(Exception):
    """The trial has no usable result; the message says why."""


@dataclass(frozen=True)
class Worker:
    """Works on a study.

    Attributes:
        study: The study.
        target: COMPLETE trials that the study shall have.
        stop: Asked between trials and during training.
        report: Called with a line for people after each trial.
        name: Stands in the leases of its trials.
    """

    study: OpenStudy
    target: int
    stop: StopSignal
    report: Callable[[str], None]
    name: str = field(default_factory=worker_name)

    def run(self) -> None:
        """Work until the study has its trials.

        Raises:
            UserError: hardly anything fits the device, trial after trial fails, or storage or files are gone.
            Interrupted: a stop was asked for; the trial in hand went back to waiting.
        """
        storage = self.study.storage
        patience = Patience(_PATIENCE_SECONDS, self._pause, self.report)
        with storage_errors(self.study.url), self._lease, patient(storage, patience):
            self.study.study.sampler = BudgetSampler(self._space, self._budget)
            self._work_all()
            self._publisher.publish()

    def _work_all(self) -> None:
        failures = 0
        while (trial := self._next()) is not None:
            state = self._work(trial)
            failures = failures + 1 if state == TrialState.FAIL else 0
            if failures == MAX_FAILURES:
                raise self._too_many_failures(trial.number)
            self._publisher.publish_now_and_then()

    @cached_property
    def _lease(self) -> Lease:
        return Lease(self.study.storage, self.name)

    @cached_property
    def _watch(self) -> Watch:
        return Watch(self.study.storage, self.study.id)

    @cached_property
    def _publisher(self) -> Publisher:
        return Publisher(self.study)

    @cached_property
    def _space(self) -> DesignSpace:
        return DesignSpace(self.study.spec)

    @cached_property
    def _budget(self) -> Budget:
        return Budget.of(self.study.spec)

    @cached_property
    def _data(self) -> StudyData:
        return self.study.data()

    def _next(self) -> optuna.Trial | None:
        """The next trial, in state RUNNING; ``None`` when the study has all that it needs."""
        while True:
            self.stop.check()
            trials = self._look()
            running = _count(trials, TrialState.RUNNING)
            if _count(trials, TrialState.COMPLETE) >= self.target:
                return None
            if self.study.time_is_up:
                self.report(f"the study's {self.study.spec.study.hours:g} hours are over")
                return None
            # With many workers, each look is dear: those who wait for the last trials look less often.
            poll = _POLL_SECONDS * (1 + running / _POLLED_TRIALS)
            if _wanted(trials, None, self.target):
                self._check_fruitful(trials)
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

    def _give_back(self) -> None:
        """Put the trial in hand back; when the storage is away, others will notice that it was left."""
        if (identity := self._lease.trial) is None:
            return
        self._lease.drop()
        storage = self.study.storage
        try:
            with patient(storage, storage.patience.at_most(_PARTING_SECONDS)):
                give_back(storage, identity)
        except Exception as error:
            if not is_transient(error):
                raise

    def _check_fruitful(self, trials: list[FrozenTrial]) -> None:
        finished = [trial for trial in trials if trial.state.is_finished()]
        last = max((trial.number for trial in finished if trial.state == TrialState.COMPLETE), default=-1)
        since = [trial for trial in finished if trial.number > last]
        if len(since) < MAX_FRUITLESS:
            return
        filled = [trial.user_attrs["filled"].split()[0] for trial in since if "filled" in trial.user_attrs]
        most = max(set(filled), key=filled.count) if filled else "something"
        raise UserError(
            f"study {self.study.name}",
            f"{len(since)} trials in a row came to nothing; what is short is mostly {most}",
            "choose a larger device or limit, or a smaller d_model, window or lanes",
        )

    def _too_many_failures(self, number: int) -> UserError:
        reason = self.study.trial(number).user_attrs.get("failure", "unknown")
        return UserError(
            f"study {self.study.name} trial {number}",
            f"{MAX_FAILURES} trials in a row failed, the last one: {reason}",
            "correct the cause, then run again",
        )

    def _work(self, trial: optuna.Trial) -> TrialState:
        """Take a trial to its end and return its state."""
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
            values = self._values(trial)
        except optuna.TrialPruned as reason:
            return self._finish(trial, TrialState.PRUNED, None, str(reason))
        except (UserError, UpdateFinishedTrialError):
            raise
        except Exception as error:
            if is_transient(error):
                raise
            known = isinstance(error, _UselessError)
            failure = str(error) if known else f"{type(error).__name__}: {error}"
            trial.set_user_attr(FAILURE, failure[:_LONGEST_FAILURE])
            return self._finish(trial, TrialState.FAIL, None, failure)
        trial.set_user_attr("seconds", round(time.monotonic() - started, 2))
        return self._finish(trial, TrialState.COMPLETE, values, "")

    def _finish(
        self, trial: optuna.Trial, state: TrialState, values: tuple[float, ...] | None, text: str
    ) -> TrialState:
        identity = self._lease.trial
        if identity is None or not self._lease.holds(identity):
            return self._taken_away(trial)
        if values is not None:
            names = self.study.spec.study.objectives
            text = ", ".join(f"{name} {value:.5g}" for name, value in zip(names, values, strict=True))
        self._publisher.note(identity, trial.number, state, text, trial.user_attrs)
        self.study.study.tell(trial, values, state=state, skip_if_finished=True)
        self.report(f"trial {trial.number} {state.name.lower()}: {text}")
        return state

    def _taken_away(self, trial: optuna.Trial) -> TrialState:
        # This worker was thought dead, and the trial is in other hands.
        self.report(f"trial {trial.number} was taken away")
        return TrialState.WAITING

    def _values(self, trial: optuna.Trial) -> tuple[float, ...]:
        """The objective values of a trial.

        Raises:
            optuna.TrialPruned: the design is over budget.
            _UselessError: the design has no finite error.
        """
        # Optuna asks the sampler when the first parameter is wanted.
        with self.study.storage.recent(_RECENT_SECONDS):
            design = self._space.sample(trial)
        assessment = self._budget.propose(design)
        record_design(trial, assessment, {**self.study.origin, "worker": self.name})
        if not assessment.fits:
            raise optuna.TrialPruned(f"over budget: {assessment.summary}")
        error = self._error(trial, assessment)
        values = objective_values(self.study.spec, error, assessment)
        if not all(math.isfinite(value) for value in values):
            raise _UselessError(f"objective values {values} are not finite")
        return values

    def _error(self, trial: optuna.Trial, assessment: Assessment) -> float:
        """The golden model's validation error: trained, or taken from a trial that has trained the same."""
        twin = self._twin(trial, assessment)
        if twin is not None:
            self._reuse(trial, twin, assessment)
            error = float(twin.user_attrs["error"])
        else:
            trial.set_user_attr("training", True)
            with self.stop.interruptible():
                result = self._train(trial, assessment)
            error = result.validation_error
            if not math.isfinite(error):
                raise _UselessError(f"the validation error is {error}")
            if result.stopped is not None:
                trial.set_user_attr(STOPPED, result.stopped)
            put = self.study.artifacts.put
            trial.set_user_attr("curve", put(trial, "curve.csv", curve_csv(result)))
            model = result.integer_model.to_json().encode()
            trial.set_user_attr("model", put(trial, "model.json", model))
        trial.set_user_attr("error", error)
        return error

    def _train(self, trial: optuna.Trial, assessment: Assessment) -> TrainingResult:
        # Imported late: torch takes seconds, and a worker with nothing to train does not need it.
        from quant_model.training import Epoch, StopTraining
        from search.service.training import Trainer, prepare_process

        prepare_process(1)
        spec, best = self.study.spec, math.inf

        def look(epoch: Epoch) -> None:
            """Stop what is clearly behind, at the rung."""
            nonlocal best
            best = min(best, epoch.validation_error)
            if epoch.index != spec.training.early_rung or ERROR not in spec.study.objectives:
                return
            trial.set_user_attr(RUNG, {"epoch": epoch.index, "error": best})
            place = spec.study.objectives.index(ERROR)
            values = objective_values(spec, best, assessment)
            known = peers(self.study.trials(TrialState.COMPLETE), epoch.index, place)
            if (reason := verdict(best, values[:place] + values[place + 1 :], known)) is not None:
                raise StopTraining(f"epoch {epoch.index}: {reason}")

        rung = spec.training.early_rung
        return Trainer(self.study, self._data).train(assessment.design, look if rung else None)

    def _twin(self, trial: optuna.Trial, assessment: Assessment) -> FrozenTrial | None:
        """A COMPLETE trial of the same arithmetic, waiting for one that another worker is training."""
        arithmetic = arithmetic_digest(assessment.design)
        while True:
            same = [
                other
                for other in self.study.trials(TrialState.COMPLETE, TrialState.RUNNING)
                if other.number != trial.number
                and other.user_attrs.get("arithmetic") == arithmetic
                # Trained no further because of its lanes or memories, too.
                and (
                    STOPPED not in other.user_attrs or other.user_attrs["digest"] == assessment.design.digest
                )
            ]
            complete = [other for other in same if other.state == TrialState.COMPLETE]
            if complete:
                return min(
                    complete,
                    key=lambda other: (other.user_attrs["digest"] != assessment.design.digest, other.number),
                )
            if not any(other.number < trial.number or "training" in other.user_attrs for other in same):
                return None
            self._look()
            self._pause(_POLL_SECONDS)

    def _reuse(self, trial: optuna.Trial, twin: FrozenTrial, assessment: Assessment) -> None:
        """Store the twin's model for this design, which may differ in lanes and memories."""
        same = twin.user_attrs["digest"] == assessment.design.digest
        trial.set_user_attr("duplicate_of" if same else "trained_by", twin.number)
        content = self.study.artifacts.get(twin.user_attrs["model"], f"model of trial {twin.number}")
        model = IntegerModel.from_json(content.decode(), f"model of trial {twin.number}")
        own = IntegerModel(build_network(assessment.design), model.parameters)
        artifact = self.study.artifacts.put(trial, "model.json", own.to_json().encode())
        trial.set_user_attr("model", artifact)


@contextlib.contextmanager
def patient(storage: ResilientStorage, patience: Patience) -> Iterator[None]:
    """Wait for a storage that is away, within the block."""
    before, storage.patience = storage.patience, patience
    try:
        yield
    finally:
        storage.patience = before


def _count(trials: list[FrozenTrial], state: TrialState) -> int:
    return sum(trial.state == state for trial in trials)


def _wanted(trials: list[FrozenTrial], own: int | None, target: int) -> bool:
    """True when completed trials and those in others' hands leave room for one more."""
    taken = sum(
        trial.state in (TrialState.COMPLETE, TrialState.RUNNING) and trial.number != own for trial in trials
    )
    return taken < target
