"""Commands that keep running: worker, serve, dashboard, proxy."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import click

from quant_model.errors import UserError
from search.commands.options import Function, artifacts_option, path, storage_option, study_option
from search.service.dashboard import DashboardJob, serve_dashboard
from search.service.listen import LOOPBACK, is_loopback
from search.service.proxy import serve_proxy
from search.service.serve import ServiceOptions
from search.service.serve import serve as serve_study
from search.service.session import begin
from search.service.worker import Worker
from search.stopping import Interrupted, StopSignal
from search.store.study import OpenStudy, open_patiently, open_study

__all__ = ["dashboard", "proxy", "serve", "worker"]

_OPEN_SECONDS = 60.0
"""How long a worker waits at its start for a storage that is away."""

host_option = click.option(
    "--host", default=LOOPBACK, show_default=True, metavar="ADDRESS",
    help="Address to listen on. Nobody is asked for a password: put one in front before you open it.",
)  # fmt: skip

names_option = click.option(
    "--allowed-host", "names", multiple=True, metavar="NAME",
    help="A further name by which the dashboard is reached, as behind a reverse proxy. May be repeated.",
)  # fmt: skip


def port_option(default: int, meaning: str = "TCP port.", least: int = 1) -> Callable[[Function], Function]:
    """``--port P``."""
    kind = click.IntRange(least, 65535)
    return click.option("--port", type=kind, default=default, show_default=True, metavar="P", help=meaning)


@click.command()
@study_option
@storage_option(required=True)
@click.option(
    "--trials", type=click.IntRange(1), metavar="N", help="Trained designs in all, instead of the study's."
)
@artifacts_option
def worker(name: str | None, url: str, trials: int | None, artifacts: str | None) -> int:
    """Work on an existing study, from any machine that reaches its storage and files."""
    try:
        with StopSignal() as stop:
            study = open_patiently(url, name, artifacts, stop, _OPEN_SECONDS)
            target = trials or study.spec.study.trials
            print(f"study {study.name}: working until {target} trials are trained", file=sys.stderr)
            Worker(study, target, stop, lambda line: print(line, file=sys.stderr, flush=True)).run()
    except Interrupted:
        print("stopped; the trial in hand went back to waiting", file=sys.stderr)
        raise
    with study.errors():
        print(f"study {study.name}: {study.counts().complete} trials trained")
    return 0


@click.command()
@click.argument("study_file", type=path, metavar="[STUDY.toml]", required=False)
@study_option
@storage_option(required=False)
@click.option(
    "--workers", type=click.IntRange(0, 256), default=1, show_default=True, metavar="N", help="Processes."
)
@port_option(8080, "TCP port of the dashboard; 0: no dashboard.", least=0)
@host_option
@names_option
@click.option("--trials", type=click.IntRange(1), metavar="N", help="Trained designs in all.")
@click.option(
    "--out", type=path, metavar="DIR", help="Where storage and files of a new study go. Default: build/NAME."
)
@artifacts_option
@click.option("--log", type=path, metavar="FILE", help="Also append the log to a file.")
def serve(
    study_file: Path | None,
    name: str | None,
    url: str | None,
    workers: int,
    port: int,
    host: str,
    names: tuple[str, ...],
    trials: int | None,
    out: Path | None,
    artifacts: str | None,
    log: Path | None,
) -> None:
    """Keep workers and the dashboard of a study going: of a study file, or of one that the storage holds.

    What dies is started again. SIGTERM or Ctrl-C ends everything within 20 seconds; trials in hand go back to
    waiting.
    """
    if workers == 0 and port == 0:
        raise UserError("bitfront serve", "no workers and no dashboard", "choose --workers or --port")
    options = ServiceOptions(workers, host, port or None, names, artifacts, log)
    study = _study(study_file, name, url, trials, out, artifacts)
    _warn(host)
    with contextlib.suppress(Interrupted), StopSignal() as stop:
        serve_study(study, options, stop)


@click.command()
@storage_option(required=True)
@port_option(8080)
@host_option
@names_option
@artifacts_option
def dashboard(url: str, port: int, host: str, names: tuple[str, ...], artifacts: str | None) -> None:
    """Serve optuna-dashboard, on this machine only unless --host is given, until Ctrl-C."""
    _warn(host)
    with contextlib.suppress(Interrupted), StopSignal() as stop:
        serve_dashboard(DashboardJob(url, artifacts, host, port, names), stop)


@click.command()
@storage_option(required=True)
@port_option(13000)
@host_option
def proxy(url: str, port: int, host: str) -> None:
    """Stand between a database and many workers, which then use --storage grpc://HOST:PORT, until Ctrl-C."""
    _warn(host)
    with contextlib.suppress(Interrupted), StopSignal() as stop:
        serve_proxy(url, host, port, stop)


def _study(
    study_file: Path | None,
    name: str | None,
    url: str | None,
    trials: int | None,
    out: Path | None,
    artifacts: str | None,
) -> OpenStudy:
    if study_file is not None:
        if name is not None:
            raise UserError("bitfront serve", "a study file and --study", "name one of them")
        return begin(study_file, trials, url, out, artifacts)[0]
    if url is None:
        raise UserError("bitfront serve", "no study", "name a study file, or --storage and --study")
    study = open_study(url, name, artifacts)
    if trials is not None:
        study = dataclasses.replace(study, spec=study.spec.with_trials(trials))
        study.study.set_user_attr("spec", study.spec.to_json())
    return study


def _warn(host: str) -> None:
    if not is_loopback(host):
        print(
            f"warning: {host} may be reached from other machines, and nobody is asked for a password",
            file=sys.stderr,
        )
