"""``bitfront init``: a first study file from a CSV."""

from __future__ import annotations

from pathlib import Path

import click

from cost_model.devices import device as known_device
from search.check import DEFAULT_DEVICE
from search.commands.options import device_option, file
from search.files import read_bytes
from search.init import Guess, Written, look, write
from search.init.guess import step_name
from search.init.reading import read_raw
from search.show import working

__all__ = ["init"]


@click.command()
@click.argument("csv_file", type=file, metavar="FILE.csv")
@click.option("--out", type=file, metavar="STUDY.toml", help="Default: the CSV's name in this folder.")
@click.option("--target", metavar="COLUMN", help="What to forecast. Default: guessed.")
@device_option
def init(csv_file: Path, out: Path | None, target: str | None, device: str | None) -> None:
    """Look at a CSV and write a commented study file that runs; say what was guessed.

    A file that the loader would refuse (semicolons, decimal commas, other times, missing cells) gets a mended
    copy beside the study file; your file is never changed.
    """
    name = known_device(device or DEFAULT_DEVICE).name
    with working(f"Reading {csv_file}"):
        guess = look(read_raw(read_bytes(csv_file), str(csv_file)), target)
        written = write(guess, csv_file, out or Path(f"{_stem(csv_file)}.toml"), name)
    _tell(guess, written)


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".csv") or "study"


def _tell(guess: Guess, written: Written) -> None:
    rows = f"{guess.rows} rows, one every {step_name(guess.step)}, {guess.time[0]} to {guess.time[-1]}"
    season = (
        f"{guess.season} steps (autocorrelation {guess.season_strength:.2f})"
        if guess.season
        else "none found"
    )
    gaps = f"{guess.gaps}, {guess.missing_rows} rows missing; no window crosses one" if guess.gaps else "none"
    facts = [
        ("rows", rows),
        ("time", f"{guess.time_name} ({guess.time_format})"),
        ("target", f"{guess.target} ({guess.target_by}); another: --target"),
        ("features", ", ".join(guess.features)),
        *((("group", f"{', '.join(guess.group)} ({guess.group_by})"),) if guess.group else ()),
        *(("left out", f"{name}: {reason}") for name, reason in guess.left_out.items()),
        ("gaps", gaps),
        ("season", season),
        ("window", f"{written.window} rows"),
        *(("note", note) for note in guess.notes),
        *(("mended", repair) for repair in guess.repairs),
    ]
    print(f"{guess.name}, guessed:")
    for what, found in facts:
        print(f"  {what:9} {found}")
    if guess.repairs:
        print(f"wrote {written.data_file}: the mended copy")
    print(f"wrote {written.study_file}; check it, then: bitfront run {written.study_file}")
