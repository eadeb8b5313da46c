"""What a study has come to: status, front."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from search.commands.options import json_option, path, print_json, storage_option, study_option
from search.commands.tables import print_front
from search.files import write_text
from search.results.front import front_csv, front_json
from search.store.location import Location
from search.store.study import open_study

__all__ = ["front", "status"]


@click.command()
@study_option
@storage_option(required=True)
@json_option
def status(name: str | None, url: str, as_json: bool) -> None:
    """How far a study is."""
    study = open_study(url, name)
    with study.errors():
        counts = dataclasses.asdict(study.counts())
    if as_json:
        print_json({"study": study.name, **counts})
        return
    print(f"study {study.name} in {Location(url).shown}, {study.spec.study.trials} trials wanted")
    print(", ".join(f"{count} {state}" for state, count in counts.items()))
    if study.exhausted:
        print(study.exhausted)


@click.command()
@study_option
@storage_option(required=True)
@json_option
@click.option("--csv", "csv_file", type=path, metavar="FILE", help="Also write the front to a CSV file.")
def front(name: str | None, url: str, as_json: bool, csv_file: Path | None) -> None:
    """The designs that no other beats in every objective."""
    study = open_study(url, name)
    with study.errors():
        if csv_file is not None:
            write_text(csv_file, front_csv(study))
        if as_json:
            print_json(front_json(study))
        else:
            print_front(study)
