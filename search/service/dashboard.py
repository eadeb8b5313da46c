"""optuna-dashboard in this process: served by threads, without a line for every request."""

from __future__ import annotations

import copy
import sys
import threading
import time
from collections.abc import Container
from dataclasses import dataclass
from functools import partial
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import numpy as np
from optuna.exceptions import DuplicatedStudyError
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

from quant_model.errors import UserError
from search.monitor.notes import with_few_notes
from search.service.guard import only_named, served_names
from search.service.listen import check_free
from search.service.supervise import Start
from search.space.pareto import non_dominated
from search.stopping import StopSignal
from search.store.artifacts import artifacts_at
from search.store.location import Location
from search.store.record import COPY, LONG
from search.store.renaming import rename_study
from search.store.resilient import LONG_SECONDS, Patience, ResilientStorage, patiently
from search.store.slim import slim_trials, trial_count
from search.store.storage import open_storage, storage_errors
from search.store.study import first_artifacts
from search.study_files.spec import STUDY_NAME, is_study_name

__all__ = ["DashboardJob", "dashboard_server", "serve_dashboard", "serve_until_stopped"]

_PATIENCE_SECONDS = 5.0
"""How long a page waits for a storage that is away."""


@dataclass(frozen=True)
class DashboardJob:
    """What is served where."""

    url: str
    artifacts: str | None
    host: str
    port: int
    names: tuple[str, ...] = ()
    """Further names that it is called by."""


_WHOLE_TRIALS = 500
"""Trials that are shown with all that they have; of a study of more, the first and the last so many in all,
and the front. The others have states, times, values and a few attributes: a page that held the parameters of
12,000 trials would be of 70 MB."""
_TOLD = ("error", "filled", "stopped_early", "failure", "trained_by", COPY)
"""Attributes that every trial is shown with."""


_FRESH_SECONDS = 5.0
"""How long the trials of such a study are shown as they were read: a page asks for them ten times, mostly at
once, and the dashboard itself shows what is twice as old."""


class _ShownStorage(ResilientStorage):
    """What the dashboard sees.

    Without long attributes, which it would write on a line each, and which notes tell better; and of very
    large studies no more than a page can hold.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._reading = threading.Lock()
        self._read: dict[int, tuple[float, list[FrozenTrial]]] = {}

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Optuna's; trials of a very large study are not to be changed."""
        if self._is_large(study_id):
            found = self._many(study_id)
        else:
            found = _brief(super().get_all_trials(study_id, False))
        return [trial for trial in found if states is None or trial.state in states]

    def get_all_studies(self) -> list[FrozenStudy]:
        """Optuna's; of a very large study without most notes on trials.

        The dashboard looks through all of a study's attributes for each of its trials.
        """
        studies: list[FrozenStudy] = super().get_all_studies()
        for study in studies:
            if self._is_large(study._study_id):
                noted = _noted(self._many(study._study_id))
                study.system_attrs = with_few_notes(study.system_attrs, noted)
        return studies

    def _is_large(self, study: int) -> bool:
        return (trial_count(self, study) or 0) > _WHOLE_TRIALS

    def _many(self, study: int) -> list[FrozenTrial]:
        with self._reading:
            now = time.monotonic()
            self._read = {key: one for key, one in self._read.items() if now - one[0] <= _FRESH_SECONDS}
            if study not in self._read:
                trials = _brief(slim_trials(self, study, _TOLD, _whole))
                self._read[study] = time.monotonic(), trials
            return self._read[study][1]


def _brief(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """The trials without long attributes."""
    found = [copy.copy(trial) for trial in trials]
    for trial in found:
        trial.user_attrs = {key: value for key, value in trial.user_attrs.items() if key not in LONG}
    return found


def _whole(trials: list[FrozenTrial]) -> set[int]:
    """The numbers of those that are shown with all that they have."""
    part, count = _WHOLE_TRIALS // 2, len(trials)
    return {*range(part), *range(count - part, count), *(one.number for one in _front(trials))}


def _noted(trials: list[FrozenTrial]) -> set[int]:
    """The ids of trials whose notes are shown in any case: of the front, and unfinished ones."""
    unfinished = (one for one in trials if not one.state.is_finished())
    return {one._trial_id for one in (*_front(trials), *unfinished)}


def _front(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    trained = [one for one in trials if one.state == TrialState.COMPLETE]
    return [trained[i] for i in non_dominated(np.array([one.values for one in trained]))] if trained else []


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    # wsgiref's default of 5 connections in waiting is fewer than a browser opens.
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle of an answer is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """No line for every request."""


def serve_dashboard(job: DashboardJob, stop: StopSignal) -> None:
    """Serve until a stop is asked for; errors as for :func:`dashboard_server`."""
    server = dashboard_server(job)
    # In a thread of its own: a stop must not come in the middle of an answer.
    threading.Thread(target=server.serve_forever, daemon=True).start()
    shown = f"[{job.host}]" if ":" in job.host else job.host
    print(f"http://{shown}:{job.port}/dashboard for {Location(job.url).shown}", file=sys.stderr, flush=True)
    with stop.interruptible():
        threading.Event().wait()


def dashboard_server(job: DashboardJob) -> WSGIServer:
    """A server that listens, and answers once ``serve_forever`` is called.

    Raises:
        UserError: the storage cannot be used, or the address cannot be listened on.
    """
    from optuna_dashboard import wsgi  # type: ignore[import-untyped]

    storage = open_storage(job.url, create=False)
    check_free(job.host, job.port)
    with storage_errors(job.url):
        files = artifacts_at(job.artifacts) if job.artifacts else first_artifacts(storage, job.url)
    shown = storage.behind(_ShownStorage, Patience(_PATIENCE_SECONDS))
    app = wsgi(shown, artifact_store=files.store if files else None)
    # The later of two routes is the one that counts.
    app.post("/api/studies/<study:int>/rename", callback=partial(_renamed, shown))
    try:
        guarded = only_named(app, served_names(job.host, job.names))
        return make_server(job.host, job.port, guarded, server_class=_Server, handler_class=_Handler)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UserError(f"--port {job.port}", reason, "choose another port") from error


def _renamed(storage: ResilientStorage, study: int) -> dict[str, Any]:
    """The dashboard's call to rename a study, whose own answer is a copy of what it shows; in its place."""
    from bottle import request, response  # type: ignore[import-untyped]

    name = (request.json or {}).get("study_name", "")
    if not is_study_name(name):
        response.status = 400
        return {"reason": f"A study's name is made of {STUDY_NAME}."}
    try:
        rename_study(storage, study, name)
        (found,) = (one for one in storage.get_all_studies() if one._study_id == study)
    except (KeyError, ValueError):
        response.status = 404
        return {"reason": f"There is no study {study}."}
    except DuplicatedStudyError:
        response.status = 400
        return {"reason": "Study name already exists."}
    except UserError as error:
        response.status = 400
        return {"reason": str(error)}
    response.status = 201
    # What the page needs to list it.
    return {
        "study_id": study,
        "study_name": found.study_name,
        "directions": [direction.name.lower() for direction in found.directions],
        "user_attrs": [],
        "is_preferential": False,
    }


def serve_until_stopped(job: DashboardJob, start: Start) -> None:
    """The dashboard as a process of a service; it waits for a storage that is away at its start."""
    patiently(lambda: serve_dashboard(job, start.stop), start.stop, LONG_SECONDS)
