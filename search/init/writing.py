"""A study file out of a guess: every guess with its reason, and checked by making the study's windows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quant_model.errors import UserError
from quant_model.families import Encoder, Stream
from quant_model.training.settings import TrainingSettings
from search.init.guess import Guess
from search.init.wishes import SAID
from search.init.wording import (
    MEANINGS,
    check_new,
    comment,
    device_text,
    reading_keys,
    remark,
    study_name,
    toml,
    within,
    write_new,
)
from search.study_files.datasets import SeriesData
from search.study_files.parser import parse_spec

__all__ = ["Written", "gaps_text", "rows_text", "write"]

_SHORTEST_WINDOW = 4
_VISITS, _PARENT_VISITS = 200_000, 400_000
"""Windows seen in training a design and a float parent: some ten and twenty seconds of one core. The default
number of epochs is not exceeded; on long series it would take hours."""
_EPOCHS = range(2, TrainingSettings.epochs + 1)
_PARENT_EPOCHS = range(4, TrainingSettings.parent_epochs + 1)
_STREAM_SAVES = (
    "stream: each new row makes a forecast, for a fraction of the time and energy; earlier rows' keys and "
    "values stay on the chip."
)
_SPLITS = ((0.7, 0.1, 0.2), (0.8, 0.1, 0.1), (0.6, 0.2, 0.2), (0.5, 0.25, 0.25))
"""Shares to try: the first that leaves no class without a training row."""
_FIRST_TRIALS = 20
_FAMILIES = Encoder.family, Stream.family
"""Of series."""
_ROWS_PER_GAP = 100
"""Rows between two gaps, on average, from which a series is regular: a stream begins anew behind each."""
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
    window: int
    split: tuple[float, float, float]


def write(guess: Guess, data_file: Path, out: Path, device: str) -> Written:
    """Write a study file that runs on the user's own file.

    Raises:
        UserError: the study file exists already or cannot be written, or the series is too short.
    """
    check_new(out)
    shown = os.path.relpath(data_file.absolute(), out.absolute().parent)
    text, written = _fitting(guess, out, shown, device)
    write_new(out, text)
    return written


def rows_text(guess: Guess) -> str:
    """``400 rows, one every hour, 2024-01-01 00:00:00 to 2024-01-17 15:00:00``."""
    series = guess.series
    first, last = (str(moment.astype("datetime64[s]")).replace("T", " ") for moment in series.time[[0, -1]])
    span = f"{first} to {last}"
    if guess.reading.timezone is not None:
        span += " in UTC"
    if guess.reading.time_format.startswith("elapsed"):
        span = f"over {(series.time[-1] - series.time[0]) / np.timedelta64(1, 'h'):.6g} hours"
    return f"{series.rows} rows, one every {series.step_name}, {span}"


def gaps_text(guess: Guess) -> str:
    """How many gaps there are."""
    series = guess.series
    if not series.gaps:
        return "none"
    return f"{series.gaps}, {series.missing_rows} rows missing; no window crosses one"


def _fitting(guess: Guess, out: Path, shown: str, device: str) -> tuple[str, Written]:
    """The study file's text with the longest window that every split of the data has room for."""
    window, splits = guess.window, list(_SPLITS if guess.columns.classes else _SPLITS[:1])
    while True:
        written = Written(out, window, splits[0])
        text = _text(guess, written, shown, device)
        try:
            SeriesData(parse_spec(text, str(out)), guess.series).check()
            return text, written
        except UserError as error:
            if "no training row belongs to class" in error.problem and len(splits) > 1:
                splits.pop(0)
            elif "too short" in error.problem and window > _SHORTEST_WINDOW:
                window = max(window // 2, _SHORTEST_WINDOW)
            else:
                raise


def _text(guess: Guess, written: Written, shown: str, device: str) -> str:
    windows = max(1, int(written.split[0] * guess.series.rows))
    epochs = within(_VISITS // windows, _EPOCHS)
    parent_epochs = within(_PARENT_VISITS // windows, _PARENT_EPOCHS)
    data = "\n".join(_data_lines(guess, written, shown))
    families = "\n".join(_family_lines(guess))
    return f"""\
# Made by `bitfront init` from {comment(guess.name)}. Its guesses are marked; change what is wrong.
#
#     bitfront run {written.study_file.name}
#
# All keys: bitfront schema. Where a list can stand, so can one value or a range {{min = 2, max = 8}}.

[study]
name = {toml(study_name(written.study_file))}
trials = {_FIRST_TRIALS}
# Designs to train in all; more make a better front. Run again with --trials 60 to go on.
objectives = ["error", "utilization"]

[data]
{data}

[device]
{device_text(device)}

[space]
window = {written.window}
# Rows that the model sees at once. Guess: {guess.reasons["window"]}{_shortened(guess, written)}.
{families}
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


def _family_lines(guess: Guess) -> Iterator[str]:
    """Both families for the next row of one regular series; else windows alone, and why."""
    against = _against_streams(guess)
    if against:
        yield f"# family = {toml(list(_FAMILIES))}"
        yield from remark(f"{_STREAM_SAVES} Not proposed here: {against}.")
        return
    yield f"family = {toml(list(_FAMILIES))}"
    yield from remark(
        f"encoder: each forecast computes a whole window. {_STREAM_SAVES} Guess: rows come regularly, and "
        "the forecast is for the next one. One family alone is searched more closely."
    )


def _against_streams(guess: Guess) -> str:
    """What speaks against taking the series row by row; empty where nothing does."""
    if guess.task == "classify":
        return "a label tells a whole window"
    if guess.columns.groups:
        return "there are several recordings, and each begins a stream anew"
    if guess.series.gaps * _ROWS_PER_GAP > guess.series.rows:
        return "there are many gaps, and each begins a stream anew"
    return ""


def _shortened(guess: Guess, written: Written) -> str:
    return "" if written.window == guess.window else ", shortened to what the series has room for"


def _data_lines(guess: Guess, written: Written, shown: str) -> Iterator[str]:
    """``[data]``: each key, and below it what it means here and why."""
    yield f"file = {toml(shown)}"
    yield from remark(f"{rows_text(guess)}; gaps: {gaps_text(guess)}.")
    for note in (*guess.said, *guess.series.notes):
        yield from remark(f"{note[:1].upper()}{note[1:]}.")
    for key, value in reading_keys(guess.reading):
        yield f"{key} = {toml(value)}"
        yield from remark(f"{MEANINGS[key]} {_guessed(guess, key)}")
    yield from _group_lines(guess)
    yield f"features = {toml(guess.columns.features)}"
    yield from remark(f"What the model sees. {_guessed(guess, 'features')}")
    for name, reason in guess.left_out.items():
        yield from remark(f"Left out: {name} ({reason}).")
    yield f"targets = {toml([guess.target])}"
    what = "The column of labels." if guess.columns.classes else "What it forecasts."
    yield from remark(f"{what} {_guessed(guess, 'targets')}")
    yield from _task_lines(guess)
    for note in guess.notes:
        yield from remark(f"Note: {note}.")
    yield f"split = {toml(list(written.split))}"
    order = "by whole groups" if guess.columns.groups else "in that order in time"
    yield f"# Shares for training, validation and test, {order}."


def _group_lines(guess: Guess) -> Iterator[str]:
    """The columns that tell recordings apart."""
    names = guess.columns.groups
    if names:
        yield f"group = {toml(names[0] if len(names) == 1 else names)}"
        yield from remark(
            f"Several recordings. {_guessed(guess, 'group')} Whole groups go to training, validation or "
            "test, so that test holds those that training never saw."
        )


def _guessed(guess: Guess, key: str) -> str:
    reason = guess.reasons[key]
    return f"{reason[:1].upper()}{reason[1:]}." if reason.startswith(SAID) else f"Guess: {reason}."


def _task_lines(guess: Guess) -> Iterator[str]:
    if guess.task != "forecast":
        yield f"task = {toml(guess.task)}"
        yield from remark(f"{_guessed(guess, 'task')} Other tasks: see bitfront schema.")
    if guess.columns.classes:
        yield f"classes = {toml(guess.columns.classes)}"
        return
    if guess.columns.anomaly is not None:
        yield f"anomaly_label = {toml(guess.columns.anomaly)}"
        yield "# Marks known anomalies; nothing learns from it."
    yield f"unit = {toml(_unit(guess))}"
    yield '# The target\'s unit, for people, for example "kW".'
    yield "horizon = 1"
    yield f"# Steps ahead, one {guess.series.step_name} each. A list forecasts several at once: [1, 2, 3]."
    yield 'output = "auto"'
    yield from remark(
        "What the network's outputs are: the target (value), or its change, to which the host adds a known "
        "value (change, seasonal). auto: what the training data speak for."
    )
    if guess.season is None:
        yield "# season = 24"
        yield "# No season was found. With one, the forecast 'as a season ago' is compared."
        return
    yield f"season = {guess.season.steps}"
    of = f", a {guess.season.name}" if guess.season.name else ""
    yield from remark(
        f"Steps in a season{of} (autocorrelation {guess.season.strength:.2f}): reports compare with the "
        "forecast 'as a season ago'."
    )


def _unit(guess: Guess) -> str:
    """The target's unit: what the file's row of units says, else what its name ends in."""
    return guess.units.get(guess.target) or _unit_in(guess.target)


def _unit_in(column: str) -> str:
    """The unit that a column's name ends in: ``power_kw``, ``Load [MW]``; empty when there is none."""
    if found := re.search(r"[\[(]([^\[\]()]+)[\])]\s*$", column):
        return found.group(1).strip()
    last = re.split(r"[_\s]+", column)[-1]
    return _UNITS.get(last.lower(), "") if last != column else ""
