"""``bitfront report``: a study as one page that needs no network."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from search.commands.options import artifacts_option, path, storage_option, study_option
from search.files import write_text
from search.show import working
from search.store.location import Location
from search.store.study import OpenStudy, open_study

__all__ = ["report"]


@click.command()
@study_option
@storage_option(required=True)
@click.option("--out", type=path, required=True, metavar="FILE.html", help="The page; replaced if it exists.")
@click.option(
    "--trial", type=click.IntRange(0), metavar="N", help="Drawn first. Default: the front's lowest error."
)
@click.option(
    "--designs", "reported", type=click.IntRange(1, 6), default=3, show_default=True, metavar="K",
    help="Designs that are scored on test data.",
)  # fmt: skip
@click.option(
    "--result", type=path, metavar="FILE", help="The run's result.json with measured counts. Default: beside "
    "a SQLite storage.",
)  # fmt: skip
@artifacts_option
def report(
    name: str | None,
    url: str,
    out: Path,
    trial: int | None,
    reported: int,
    result: Path | None,
    artifacts: str | None,
) -> None:
    """One HTML page of a study: front, designs, forecasts, accelerators."""
    # Imported late: the figures' library and torch take seconds.
    from search.report.content import gather, read_measured
    from search.report.needed_bits import study_sensitivity
    from search.report.page import render
    from search.results.comparison import study_baselines

    study = open_study(url, name, artifacts)
    with study.errors(), working(f"Reading study {study.name}"):
        found = result or _result_beside(study)
        measured = read_measured(found, study.name, study.spec.study.name) if found else {}
        content = gather(
            study, trial, reported, measured, study_baselines(study), partial(study_sensitivity, study)
        )
        page = render(content)
    write_text(out, page)
    print(f"wrote {out}; open it in a browser")


def _result_beside(study: OpenStudy) -> Path | None:
    folder = Location(study.url).folder
    return folder / "result.json" if folder and (folder / "result.json").is_file() else None
