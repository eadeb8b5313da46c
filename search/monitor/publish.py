"""Keeps what the dashboard shows beside trials up to date: notes, and our plots.

Any worker may do it, at most now and then, and none for long: who begins says so in the study first. Two that
begin at the same moment both write whole values, of which the later stays.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from optuna.trial import TrialState

from search.monitor.notes import note_of, study_note, trial_note, with_own_text, write_note, write_trial_note
from search.results.front import finished_trials, front, front_of
from search.space.budget import Budget
from search.space.objectives import labels
from search.store.record import TrialRecord

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from search.store.study import OpenStudy

__all__ = ["Publisher", "figures"]

_PUBLISHED = "published"
"""The study's user attribute that says how many trials were finished when notes and plots were last made."""
_NOTED_TRIALS = 1500
"""Trials with a note, the first so many: for each note the dashboard reads all of them on every request."""
_EVERY_TRIALS = 10
_EVERY_SECONDS = 60.0
_OLD_SECONDS = 60.0
"""How old what is read of trials in others' hands may be."""
_PAUSE_SECONDS = 10.0
"""Between two looks of one worker at whether something is to be done."""
_MOST_SHARE = 0.05
"""Of a worker's time that goes into notes and plots."""


class Publisher:
    """Writes notes and plots of a study."""

    def __init__(self, study: OpenStudy) -> None:
        self._study = study
        self._not_before = 0.0

    def note(self, trial: int, number: int, state: TrialState, text: str, record: TrialRecord) -> None:
        """Write the note of a trial that is about to be finished.

        Args:
            trial: The storage's id of the trial.
            number: Its number.
            state: The state that it is about to get.
            text: Its values, or why it has none.
            record: What it keeps.
        """
        if number < _NOTED_TRIALS:
            body = trial_note(state.name.lower(), text, record, self._study.spec.device.clock_mhz)
            # Reading all notes is dear: nobody writes on a trial that lives for milliseconds.
            waited = state != TrialState.PRUNED or record.given or record.losses
            old = self._study.storage.get_study_system_attrs(self._study.id) if waited else {}
            write_trial_note(self._study.storage, self._study.id, trial, body, old)

    def publish_now_and_then(self) -> None:
        """Bring notes and plots up to date when it is time; mostly does nothing."""
        if time.monotonic() < self._not_before:
            return
        self._not_before = time.monotonic() + _PAUSE_SECONDS
        last = self._study.study.user_attrs.get(_PUBLISHED, {"finished": 0, "at": 0.0})
        with self._study.storage.recent(_OLD_SECONDS):
            new = self._finished() - last["finished"]
        # Clocks of machines differ: a time ahead of ours counts as long ago.
        recent = 0 <= time.time() - last["at"] < _EVERY_SECONDS
        if new and (new >= _EVERY_TRIALS or not recent):
            self.publish()

    def publish(self) -> None:
        """Bring the study's note and plots up to date."""
        began = time.monotonic()
        study = self._study
        study.trials()
        with study.storage.recent(_OLD_SECONDS):
            self._write(study)
        took = time.monotonic() - began
        self._not_before = time.monotonic() + max(_PAUSE_SECONDS, took / _MOST_SHARE)

    def publish_note(self) -> None:
        """Bring the study's note alone up to date, which takes no time: it says how far the study is."""
        study = self._study
        old = study.storage.get_study_system_attrs(study.id)
        body, _ = note_of(old)
        write_note(study.storage, study.id, with_own_text(body, study_note(study, front(study))), old=old)

    def _write(self, study: OpenStudy) -> None:
        study.study.set_user_attr(_PUBLISHED, {"finished": self._finished(), "at": time.time()})
        self.publish_note()
        for name, figure in figures(study).items():
            study.storage.set_study_system_attr(study.id, f"dashboard:plot_data:{name}:0", figure.to_json())

    def _finished(self) -> int:
        return sum(trial.state.is_finished() for trial in self._study.trials())


def figures(study: OpenStudy) -> dict[str, go.Figure]:
    """Our plots of a study, by their id in the dashboard; fewer while there is nothing to draw."""
    # Imported late: Plotly takes a second.
    from search.monitor import plots

    trials = finished_trials(study)
    if not trials:
        return {}
    chosen = front_of(trials)
    names = dict(zip(map(str, study.spec.study.objectives), labels(study.spec), strict=True))
    drawn = {
        "front": plots.front_figure(trials, names),
        "bits": plots.bits_figure(chosen),
        "utilization": plots.utilization_figure(chosen, Budget.of(study.spec).shares),
        "hypervolume": plots.hypervolume_figure(trials),
    }
    return drawn | ({"measured": plots.measured_figure(study.measured)} if study.measured else {})
