"""``bitfront init``: a first study file from a file of data."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from cost_model.devices import device as known_device
from quant_model.data.reading.settings import ALL, FILLS
from quant_model.data.reading.steps import STEPS, step_of
from quant_model.data.reading.times import check_format
from quant_model.data.reading.zones import is_zone
from quant_model.errors import UserError
from search.commands.options import device_option, path
from search.files import read_bytes
from search.init import (
    Guess,
    Wishes,
    Written,
    are_pictures,
    look,
    look_at_pictures,
    write,
    write_for_pictures,
)
from search.init.wording import reading_keys, toml
from search.init.writing import gaps_text, rows_text
from search.show import working
from search.space.budget import DEFAULT_DEVICE

__all__ = ["init"]

_SUFFIXES = (
    ".gz",
    ".bz2",
    ".xz",
    ".zip",
    ".csv",
    ".tsv",
    ".txt",
    ".dat",
    ".log",
    ".xlsx",
    ".parquet",
    ".npz",
)


@click.command()
@click.argument("data_file", type=path, metavar="FILE")
@click.option("--out", type=path, metavar="STUDY.toml", help="Default: the file's name in this folder.")
@click.option(
    "--target", metavar="COLUMN", help="What to forecast, or the column of labels. Default: guessed."
)
@click.option(
    "--time", multiple=True, metavar="COLUMN", help="The column of times; twice for date and clock."
)
@click.option("--time-format", metavar="FORMAT", help="How times are written, for example '%d.%m.%Y %H:%M'.")
@click.option("--timezone", metavar="ZONE", help="Whose clocks times are of, for example Europe/Berlin.")
@click.option("--decimal", multiple=True, metavar="MARK", help="'.' or ',', or for one column COLUMN=MARK.")
@click.option(
    "--missing", multiple=True, metavar="WORD", help="A word or number for missing cells, as -9999."
)
@click.option("--fill", type=click.Choice(FILLS), help="What becomes of missing cells. Default: guessed.")
@click.option("--step", metavar="STEP", help="Average rows to this distance, for example '15 min'.")
@click.option("--skip-rows", metavar="ROWS", help="Rows to leave out, for example 102-106,300.")
@click.option(
    "--group",
    multiple=True,
    metavar="COLUMN",
    help="What tells several recordings apart; the split goes by it.",
)
@device_option
def init(data_file: Path, out: Path | None, device: str | None, **options: Any) -> None:
    """Look at a file of data and write a commented study file that runs; say what was guessed, and why.

    CSV in any usual form, Parquet or Excel; or pictures: a folder of class folders, a folder of IDX files, or
    an NPZ file. What the options do not say is guessed; all of it stands in the study file, which reads your
    own file. That file is never changed.
    """
    name = known_device(device or DEFAULT_DEVICE).name
    if are_pictures(data_file):
        _init_pictures(data_file, out, name, options)
        return
    wishes = _wishes(**options)
    with working(f"Reading {data_file}"):
        guess = look(read_bytes(data_file), str(data_file), wishes)
    _tell(guess)
    with working("Trying the study"):
        written = write(guess, data_file, out or Path(f"{_stem(data_file)}.toml"), name)
    _tell_written(guess, written)


def _init_pictures(path: Path, out: Path | None, device: str, options: Mapping[str, Any]) -> None:
    for option, value in options.items():
        if value:
            raise UserError(f"--{option.replace('_', '-')}", "is not for pictures", "leave it out")
    with working(f"Looking at {path}"):
        guess = look_at_pictures(path)
    print(f"{guess.name}, guessed:")
    for what, found in guess.facts:
        print(f"  {what:11} {found}")
    study_file = out or Path(f"{_stem(path)}.toml")
    with working("Trying the study"):
        write_for_pictures(guess, path, study_file, device)
    _tell_run(study_file)


def _wishes(
    target: str | None,
    time: tuple[str, ...],
    time_format: str | None,
    timezone: str | None,
    decimal: tuple[str, ...],
    missing: tuple[str, ...],
    fill: Any,
    step: str | None,
    skip_rows: str | None,
    group: tuple[str, ...],
) -> Wishes:
    """The options, checked.

    Raises:
        UserError: one has no meaning.
    """
    _checked("--time-format", time_format, check_format)
    _checked("--step", step, step_of)
    if timezone is not None and not is_zone(timezone):
        raise UserError(
            "--timezone", f"no zone {timezone!r}", "name one as Europe/Berlin or America/New_York"
        )
    marks = dict(_mark(one) for one in decimal)
    return Wishes(
        target,
        time,
        time_format,
        timezone,
        marks,
        missing,
        fill,
        step,
        tuple(_rows(skip_rows)) if skip_rows else (),
        group,
    )


def _checked(option: str, value: str | None, check: Callable[[str], object]) -> None:
    if value is not None:
        try:
            check(value)
        except ValueError as error:
            raise UserError(option, str(error), f"see bitfront schema, [data]; steps are {STEPS}") from error


def _mark(text: str) -> tuple[str, str]:
    column, mark = text.rsplit("=", 1) if "=" in text else (ALL, text)
    if mark not in (".", ","):
        raise UserError("--decimal", f"{mark!r} is no decimal mark", "give . or , or COLUMN=,")
    return column, mark


def _rows(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        span = re.fullmatch(r"\s*(\d+)(?:\s*-\s*(\d+))?\s*", part)
        if span is None:
            raise UserError("--skip-rows", f"{part!r} is no row", "give rows as 102-106,300")
        found += range(int(span[1]), int(span[2] or span[1]) + 1)
    return found


def _stem(path: Path) -> str:
    name = path.name
    while name.lower().endswith(_SUFFIXES):
        name = name[: name.rindex(".")]
    return name or "study"


def _tell(guess: Guess) -> None:
    reading, reasons = guess.reading, guess.reasons
    season = "none found"
    if guess.season is not None:
        of = f", a {guess.season.name}" if guess.season.name else ""
        season = f"{guess.season.steps} steps{of} (autocorrelation {guess.season.strength:.2f})"
    if guess.columns.classes:
        season = "not for labels"
    facts = [
        ("rows", rows_text(guess)),
        *(("read", one) for one in guess.said),
        ("time", f"{reading.time_name} ({reasons['time']})"),
        *((key, f"{toml(value)} ({reasons[key]})") for key, value in reading_keys(reading) if key != "time"),
        *([("group", _told_group(guess))] if guess.columns.groups else []),
        *([("task", f"{guess.task} ({reasons['task']})")] if guess.task != "forecast" else []),
        *([("classes", ", ".join(guess.columns.classes))] if guess.columns.classes else []),
        *([("marks", guess.columns.anomaly)] if guess.columns.anomaly else []),
        ("target", f"{guess.target} ({reasons['targets']}); another: --target"),
        ("features", ", ".join(guess.columns.features)),
        *(("left out", f"{name} ({reason})") for name, reason in guess.left_out.items()),
        ("gaps", gaps_text(guess)),
        ("season", season),
        *(("note", note) for note in (*guess.series.notes, *guess.notes)),
    ]
    print(f"{guess.name}, guessed:")
    for what, found in facts:
        print(f"  {what:11} {found}")


def _told_group(guess: Guess) -> str:
    return f"{', '.join(guess.columns.groups)} ({guess.reasons['group']}); others: --group"


def _tell_written(guess: Guess, written: Written) -> None:
    shorter = "" if written.window == guess.window else ", shortened to what the series has room for"
    print(f"  {'window':11} {written.window} rows ({guess.reasons['window']}{shorter})")
    _tell_run(written.study_file)


def _tell_run(study_file: Path) -> None:
    print(f"wrote {study_file}; check it, then: bitfront run {study_file}")
