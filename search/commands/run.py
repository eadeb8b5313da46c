"""``bitfront run``: search, then export and check the best designs."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from search.commands.checked import print_checked
from search.commands.options import (
    artifacts_option,
    json_option,
    path,
    print_json,
    storage_option,
    timing_option,
)
from search.commands.tables import print_front
from search.monitor.publish import Publisher
from search.results.check import RunResult, check_best
from search.results.fastest import builds_of
from search.results.front import FrontTrial
from search.results.front import front as front_of_study
from search.service.private import STORAGE_VARIABLE
from search.service.session import begin
from search.service.session import search as search_study
from search.show import number
from search.stopping import Interrupted, StopSignal
from search.store.location import Location
from search.store.secrets import masked
from search.store.study import OpenStudy

__all__ = ["run"]


@click.command()
@click.argument("study_file", type=path, metavar="STUDY.toml")
@click.option(
    "--trials", type=click.IntRange(1), metavar="N", help="Trained designs in all, instead of the file's."
)
@click.option(
    "--workers", type=click.IntRange(1, 256), default=1, show_default=True, metavar="K", help="Processes."
)
@storage_option(required=False)
@click.option("--out", type=path, metavar="DIR", help="Where results go. Default: build/NAME.")
@artifacts_option
@click.option(
    "--export", "export_count", type=click.IntRange(0), default=2, show_default=True, metavar="K",
    help="Designs to export, verify and synthesise at the end.",
)  # fmt: skip
@timing_option
@click.option(
    "--from", "source", metavar="STORAGE#STUDY",
    help="A study to begin with, as URL or as a run's folder: what it trained that fits is taken over, the "
    "rest informs the search. For a new study, as one with a wider space.",
)  # fmt: skip
@json_option
def run(
    study_file: Path,
    trials: int | None,
    workers: int,
    url: str | None,
    out: Path | None,
    artifacts: str | None,
    export_count: int,
    timing: bool,
    source: str | None,
    as_json: bool,
) -> int:
    """Create or resume a study, search, then export and check the best designs.

    Run the same command again to go on after an interruption, with a higher --trials to search further.
    """
    try:
        with StopSignal() as stop:
            with stop.interruptible():
                study, out_folder = begin(
                    study_file, trials, url, out, artifacts, export_count, timing, source
                )
            search_study(study, study.spec.study.trials, workers, out_folder, artifacts, stop)
            with study.errors(), stop.interruptible():
                checked = check_best(study, export_count, out_folder, workers, timing)
                if checked:
                    Publisher(study).publish()
        result = RunResult(study, out_folder, checked)
        written = result.write()
    except (Interrupted, KeyboardInterrupt):
        print(_how_to_resume(study_file), file=sys.stderr)
        raise
    if as_json:
        print_json(result.to_json())
    else:
        print_front(study)
        if checked:
            print_checked(checked)
        print(f"Storage: {Location(study.url).shown}\nResult: {written}")
        if found := front_of_study(study):
            print(_fastest(study, found))
        print(_what_next(study.url))
    return 0 if result.good else 1


def _how_to_resume(study_file: Path) -> str:
    # The password of a URL given as an option is not repeated.
    words = [masked(word) for word in sys.argv[1:]] or ["run", str(study_file)]
    same = " (and the same storage)" if STORAGE_VARIABLE in os.environ else ""
    return f"stopped; what was trained is kept. Go on with: bitfront {shlex.join(words)}{same}"


def _fastest(study: OpenStudy, trials: Sequence[FrontTrial]) -> str:
    """What the most accurate design comes to with as many lanes as fit, in one line."""
    best = min(trials, key=lambda one: one.error)
    builds = builds_of(study.spec, best.point)
    own = number(builds.own.latency_us)
    if (quick := builds.quicker) is None:
        return f"Trial {best.number} is as fast as fits: {own} us."
    return (
        f"Same error, faster: trial {best.number} takes {number(quick.latency_us)} us instead of {own} us "
        "with as many lanes as fit: export it with --fastest."
    )


def _what_next(url: str) -> str:
    shown = Location(url).shown
    secret = "" if shown == url else "  # with the password in place of ***"
    return (
        "Look at it, choose a design, take it out:\n"
        f"  export {STORAGE_VARIABLE}={shlex.quote(shown)}{secret}\n"
        "  bitfront report --out report.html\n"
        "  bitfront export --trial $(bitfront pick) --out accelerator"
    )
