"""A study file out of a guess: commented, checked by loading it; with a mended copy of the data if needed."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from quant_model.errors import UserError
from quant_model.training.settings import TrainingSettings
from search.datasets import data_from_file
from search.files import file_errors
from search.init.guess import Guess, step_name
from search.study_file import parse_spec

__all__ = ["Written", "write"]

_WINDOWS = range(8, 49)
"""Lengths of a window that suit a small device; a season of that length is taken as it is."""
_USUAL_WINDOW = 24
_SHORTEST_WINDOW = 4
_VISITS, _PARENT_VISITS = 200_000, 400_000
"""Windows seen in training a design and a float parent: some ten and twenty seconds of one core. The default
number of epochs is not exceeded; on long series it would take hours."""
_EPOCHS = range(2, TrainingSettings.epochs + 1)
_PARENT_EPOCHS = range(4, TrainingSettings.parent_epochs + 1)
_TRAIN_SHARE = 0.7
_FIRST_TRIALS = 20
_UNITS = {
    unit.lower(): unit
    for unit in (
        "W", "kW", "MW", "GW", "Wh", "kWh", "MWh", "V", "mV", "A", "mA", "Hz", "bar", "Pa", "hPa", "kPa", "m",
        "km", "mm", "kmh", "mph", "degC", "percent", "ppm", "ppb", "EUR", "USD", "rpm", "lux", "dB",
    )
}  # fmt: skip
"""Units that names of columns end in."""


@dataclass(frozen=True)
class Written:
    """What was written."""

    study_file: Path
    data_file: Path
    """The user's own, or the mended copy."""
    window: int


def write(guess: Guess, csv_file: Path, out: Path, device: str) -> Written:
    """Write a study file that runs; and a mended copy of the CSV beside it when the loader would refuse it.

    Raises:
        UserError: a file exists already or cannot be written, or the series is too short.
    """
    copy = out.with_name(f"{out.stem}-mended.csv") if guess.repairs else None
    for file in (out, copy):
        if file is not None and file.exists():
            raise UserError(str(file), "exists already", "choose another --out, or remove it")
    data = copy or csv_file
    folder = out.absolute().parent
    shown = os.path.relpath(data.absolute(), folder)
    with tempfile.TemporaryDirectory(prefix="bitfront-") as scratch:
        checked = csv_file
        if copy is not None:
            checked = Path(scratch) / copy.name
            checked.write_text(_mended(guess), encoding="utf-8")
        text, window = _fitting(guess, out, shown, checked, device)
    with file_errors(str(out), "cannot be written", "choose another --out, or make room"):
        if copy is not None:
            _write_new(copy, _mended(guess))
        try:
            _write_new(out, text)
        except OSError:
            if copy is not None:
                copy.unlink()
            raise
    return Written(out, data, window)


def _write_new(file: Path, text: str) -> None:
    with file.open("x", encoding="utf-8") as stream:
        try:
            stream.write(text)
            stream.flush()
        except OSError:
            file.unlink()
            raise


def _fitting(guess: Guess, out: Path, shown: str, checked: Path, device: str) -> tuple[str, int]:
    """The study file's text with the longest window that every split of the data has room for."""
    season = guess.season
    window = season if season is not None and season in _WINDOWS else _USUAL_WINDOW
    while True:
        text = _text(guess, out, shown, window, device)
        spec = parse_spec(text, str(out))
        try:
            data_from_file(spec, checked).check()
            return text, window
        except UserError as error:
            if "too short" not in error.problem or window <= _SHORTEST_WINDOW:
                raise
            window = max(window // 2, _SHORTEST_WINDOW)


def _mended(guess: Guess) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_time_column(guess), *guess.group, *guess.features])
    columns = [guess.values[name] for name in guess.features]
    for index, time in enumerate(guess.time):
        groups = [cells[index] for cells in guess.group.values()]
        numbers = [repr(float(column[index])) for column in columns]
        writer.writerow([time.isoformat(sep=" "), *groups, *numbers])
    return text.getvalue()


def _time_column(guess: Guess) -> str:
    return guess.time_name if guess.time_name not in guess.features else "time"


def _text(guess: Guess, out: Path, shown: str, window: int, device: str) -> str:
    windows = max(1, int(_TRAIN_SHARE * guess.rows))
    epochs = _within(_VISITS // windows, _EPOCHS)
    parent_epochs = _within(_PARENT_VISITS // windows, _PARENT_EPOCHS)
    left_out = "".join(f"# Left out: {name} ({reason}).\n" for name, reason in _lines(guess.left_out))
    step = step_name(guess.step)
    if guess.season is not None:
        season = f"season = {guess.season}"
        strength = f"autocorrelation {guess.season_strength:.2f}"
        why = f"# Steps in a season ({strength}): reports compare with the forecast 'as a season ago'."
    else:
        season, why = (
            "# season = 24",
            "# No season was found. With one, the forecast 'as a season ago' is compared.",
        )
    gaps = f"gaps: {guess.gaps}, rows missing: {guess.missing_rows}" if guess.gaps else "no gaps"
    return f"""\
# Made by `bitfront init` from {_comment(guess.name)}. Its guesses are marked; change what is wrong.
#
#     bitfront run {out.name}
#
# All keys: bitfront schema. Where a list can stand, so can one value or a range {{min = 2, max = 8}}.

[study]
name = {_quoted(_name(out))}
trials = {_FIRST_TRIALS}
# Designs to train in all; more make a better front. Run again with --trials 60 to go on.
objectives = ["error", "utilization"]

[data]
file = {_quoted(shown)}
# {guess.rows} rows, one every {step}, {guess.time[0]} to {guess.time[-1]}, {gaps}.
time = {_quoted(_time_column(guess))}
{_group(guess)}features = [{", ".join(_quoted(name) for name in guess.features)}]
# What the model sees. Guess: the columns of numbers that vary.
{left_out}targets = [{_quoted(guess.target)}]
# What it forecasts. Guess: {guess.target_by}.
unit = {_quoted(_unit(guess.target))}
# The target's unit, for people, for example "kW".
horizon = 1
# Steps ahead, one {step} each. A list forecasts several at once: [1, 2, 3].
output = "auto"
# What the network's outputs are: the target ("value") or its change, to which the host adds a known value.
# auto: what the training data speak for.
{season}
{why}
split = [0.7, 0.1, 0.2]
# Shares for training, validation and test, {"by whole groups" if guess.group else "in that order in time"}.

[device]
name = {_quoted(device)}
limit = 1.0
# Share of the device that a design may take.
clock_mhz = 100.0

[space]
window = {window}
# Rows that the model sees at once.
d_model = [8, 16]
ffn_ratio = 2
# Width of the encoder, and of its feed-forward part over it. [16, 32] is more accurate, and slower to train.
weight_bits = {{ min = 2, max = 8 }}
activation_bits = {{ min = 2, max = 8 }}
lanes = [1, 2, 4]
# Parallel multiply-accumulates of each engine.

[training]
# For {windows} training windows. More epochs are more accurate, and take longer.
epochs = {epochs}
parent_epochs = {parent_epochs}
"""


def _group(guess: Guess) -> str:
    """The key that tells recordings apart, with a comment; empty for one recording."""
    if not guess.group:
        return ""
    names = [_quoted(name) for name in guess.group]
    key = names[0] if len(names) == 1 else f"[{', '.join(names)}]"
    return f"""group = {key}
# Several recordings. Guess: {_comment(guess.group_by)}. Whole groups go to training,
# validation or test, so that test holds those that training never saw.
"""


def _lines(left_out: object) -> list[tuple[str, str]]:
    assert isinstance(left_out, dict)
    return [(_comment(name), _comment(reason)) for name, reason in left_out.items()]


def _within(value: int, allowed: range) -> int:
    return min(max(value, allowed[0]), allowed[-1])


def _quoted(text: str) -> str:
    """A TOML string. JSON's escapes are TOML's, but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _unit(column: str) -> str:
    """The unit that a column's name ends in: ``power_kw``, ``Load [MW]``; empty when there is none."""
    if found := re.search(r"[\[(]([^\[\]()]+)[\])]\s*$", column):
        return found.group(1).strip()
    last = re.split(r"[_\s]+", column)[-1]
    return _UNITS.get(last.lower(), "") if last != column else ""


def _comment(text: str) -> str:
    """A text within a comment: no line breaks or other control characters."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)


def _name(out: Path) -> str:
    """A study's name: the file's, with what a name may not hold replaced."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", out.stem).lstrip("_.-")[:100]
    return name or "study"
