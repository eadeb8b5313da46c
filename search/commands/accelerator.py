"""``bitfront export``: a trial's accelerator as files."""

from __future__ import annotations

from pathlib import Path

import click

from hdl.boards.board import board_names, load_board
from hdl.boards.writing import write_board
from search.commands.options import (
    artifacts_option,
    fastest_option,
    json_option,
    path,
    print_json,
    storage_option,
    study_option,
    timing_option,
)
from search.results.export import export_trial
from search.results.measurement import add_timing, target_of
from search.show import number, percent, print_table, working
from search.store.study import open_study

__all__ = ["export"]


@click.command()
@study_option
@storage_option(required=True)
@click.option(
    "--trial", "trial_number", type=click.IntRange(0), required=True, metavar="N", help="The trial."
)
@click.option("--out", type=path, required=True, metavar="DIR", help="A new folder, or an earlier export.")
@fastest_option
@timing_option
@click.option(
    "--board", "board_name", type=click.Choice(board_names()), help="Also write a top level with its pins."
)
@artifacts_option
@json_option
def export(
    name: str | None,
    url: str,
    trial_number: int,
    out: Path,
    fastest: bool,
    timing: bool,
    board_name: str | None,
    artifacts: str | None,
    as_json: bool,
) -> None:
    """Write a trial's accelerator: VHDL, testbench, integer model, host code."""
    study = open_study(url, name, artifacts)
    with study.errors(), working(f"Exporting trial {trial_number}"):
        exported = export_trial(study, trial_number, out, fastest=fastest)
    if board_name is not None:
        write_board(out, load_board(board_name))
    if timing:
        with working("Placing and routing"):
            add_timing(out, target_of(exported.assessment.budget))
    scores = exported.scores
    if as_json:
        print_json(
            {"trial": trial_number, "fastest": fastest, "folder": str(out), "errors": scores.to_json()}
        )
        return
    rows = [("this accelerator", scores.validation, scores.test)]
    rows += [(one.name, one.validation, one.test) for one in exported.baselines]
    print_table(
        f"Trial {trial_number} of study {study.name} in {out}",
        [f"error ({scores.metric})", "validation", "test"],
        [[name, number(validation), number(test)] for name, validation, test in rows],
    )
    shares = ", ".join(f"{key} {percent(value)}" for key, value in exported.assessment.utilization.items())
    print(f"estimate: {shares}, {exported.assessment.estimate.cycles} cycles")
