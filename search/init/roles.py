"""What each column is for: to be forecast, to be seen by the model, a label, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from quant_model.data.reading.sheet import Sheet, words_of
from quant_model.errors import UserError
from search.init.labels import Label, find_labels, same_as
from search.init.relations import correlation, counters, leaks, numbering, shifted, twins
from search.init.target import guess_target, is_wanted, rank
from search.init.wishes import SAID, Wishes

__all__ = ["Roles", "find_roles"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_MOST_FEATURES = 8
"""Features that a first study takes: each costs area and training time."""
_MISSING_SHARE, _MOST_MISSING = 0.2, 0.8
"""Of a column's cells: with more it is left out, and where there is none better or it is asked for."""


@dataclass(frozen=True)
class Roles:
    """What each column is for.

    Attributes:
        task: forecast, classify or anomaly.
        target: The column to forecast, or of labels.
        features: The columns that the model sees; the target first, where it is a number.
        classes: All labels.
        anomaly: The column of marks.
        changes: Columns that count up.
        left_out: Other columns, with the reason.
        reasons: By key of ``[data]``.
    """

    task: str
    target: str
    features: tuple[str, ...]
    classes: tuple[str, ...]
    anomaly: str | None
    changes: tuple[str, ...]
    left_out: Mapping[str, str]
    reasons: Mapping[str, str]


def find_roles(
    sheet: Sheet,
    numbers: Mapping[str, Floats],
    text: Sequence[str],
    position: Ints,
    micros: Ints,
    wishes: Wishes,
) -> Roles:
    """Decide what each column is for.

    Args:
        sheet: The cells, in the file's order; for words.
        numbers: By column ``(steps,)`` its values at whole steps, NaN where one is missing.
        text: Columns of words.
        position: ``(steps,)`` rising.
        micros: ``(steps,)`` the times.
        wishes: The target that the user wants.

    Raises:
        UserError: there is no column to forecast, or not the one that the user wants.
    """
    left_out: dict[str, str] = {}
    unfit = _unfit(numbers, micros, wishes.target)
    labels = [
        label for label in find_labels(sheet, [*text, *numbers], numbers) if not unfit.get(label.column)
    ]
    label = _chosen_label(labels, numbers, unfit, wishes)
    left_out |= {name: reason for name, reason in unfit.items() if reason}
    for other in labels:
        if other is not label and (other.named or other.column not in numbers):
            left_out[other.column] = f'labels ({other.reason}); task = "{other.task}" could tell them'
    words = [name for name in text if name not in left_out and (label is None or name != label.column)]
    left_out |= {name: _words(sheet, name) for name in words}
    if label is not None:
        left_out |= same_as(sheet, label.column, [name for name in numbers if not unfit[name]])
    usable = {
        name: values
        for name, values in numbers.items()
        if name not in left_out and (label is None or name != label.column)
    }
    counting = counters(usable)
    usable = {
        name: _change(values, position) if name in counting else values for name, values in usable.items()
    }
    if label is not None and label.task == "classify":
        return _classify(label, usable, counting, left_out, position)
    return _forecast(label, usable, counting, left_out, position, sheet, wishes)


def _unfit(numbers: Mapping[str, Floats], micros: Ints, wanted: str | None) -> dict[str, str]:
    """Why columns are no inputs; empty for those that are."""
    found = {name: _fault(values, micros, _MISSING_SHARE) for name, values in numbers.items()}
    for name in numbers if all(found.values()) else (name for name in numbers if name == wanted):
        found[name] = _fault(numbers[name], micros, _MOST_MISSING)
    return found


def _fault(values: Floats, micros: Ints, missing: float) -> str:
    known = values[np.isfinite(values)]
    if not len(known):
        return "empty"
    if len(values) - len(known) > missing * len(values):
        return f"{100 * (len(values) - len(known)) / len(values):.0f} % of its cells are missing"
    if known.min() == known.max():
        return f"constant ({known[0]:g})"
    return numbering(values, micros)


def _words(sheet: Sheet, column: str) -> str:
    """What a column of words holds."""
    different = pc.unique(words_of(sheet.columns[column]))
    return f"always {different[0].as_py()!r}" if len(different) == 1 else "text"


def _chosen_label(
    labels: Sequence[Label], numbers: Mapping[str, Floats], unfit: Mapping[str, str], wishes: Wishes
) -> Label | None:
    """The label that the study is about."""
    for label in labels:
        if label.column == wishes.target:
            return label
    usable = [name for name in numbers if not unfit[name] and all(name != label.column for label in labels)]
    if not usable:
        return None
    for label in labels:
        if label.task == "anomaly" and (label.named or wishes.target is not None):
            return label
        if wishes.target is None and label.task == "classify" and len(usable) >= 1:
            wanted = any(is_wanted(name) for name in usable)
            if label.sure or not wanted:
                return label
    return None


def _classify(
    label: Label,
    usable: Mapping[str, Floats],
    counting: Mapping[str, str],
    left_out: dict[str, str],
    position: Ints,
) -> Roles:
    twice = twins(usable, None)
    left_out |= twice
    features = [name for name in usable if name not in twice]
    for name in features[_MOST_FEATURES:]:
        left_out[name] = f"not among the first {_MOST_FEATURES} columns"
    chosen = tuple(features[:_MOST_FEATURES])
    reasons = {
        "task": f"{label.column} holds {label.reason}",
        "targets": f"the label, which is no input ({label.reason})",
        "features": "the columns of numbers that vary",
    }
    changes = tuple(name for name in chosen if name in counting)
    return Roles("classify", label.column, chosen, label.classes, None, changes, left_out, reasons)


def _forecast(
    label: Label | None,
    usable: Mapping[str, Floats],
    counting: Mapping[str, str],
    left_out: dict[str, str],
    position: Ints,
    sheet: Sheet,
    wishes: Wishes,
) -> Roles:
    target, why = _target(sheet, usable, position, left_out, wishes)
    twice = twins(usable, target)
    ahead = leaks({name: values for name, values in usable.items() if name not in twice}, position, target)
    left_out |= twice | ahead
    rest = {name: values for name, values in usable.items() if name not in twice and name not in ahead}
    features = _features(target, rest, position, left_out)
    changes = tuple(name for name in features if name in counting)
    if target in counting:
        why += f"; it {counting[target]}, so its change is forecast"
    reasons = {"targets": why, "features": "the columns of numbers that vary"}
    if changes:
        reasons["changes"] = (
            "; ".join(f"{name} {counting[name]}" for name in changes) + ": the increase in each step"
        )
    marks = None
    if label is not None:
        marks = label.column
        reasons["task"] = reasons["anomaly_label"] = f"{label.reason} in {label.column}"
    return Roles("anomaly" if marks else "forecast", target, features, (), marks, changes, left_out, reasons)


def _target(
    sheet: Sheet, usable: Mapping[str, Floats], position: Ints, left_out: Mapping[str, str], wishes: Wishes
) -> tuple[str, str]:
    wanted = wishes.target
    if wanted is not None and wanted not in usable:
        if wanted in left_out:
            problem = f"column {wanted} cannot be forecast: {left_out[wanted]}"
            raise UserError(f"{sheet.name} --target", problem, "choose a column of numbers")
        known = ", ".join(usable)
        raise UserError(f"{sheet.name} --target", f"no column {wanted}", f"choose one of: {known}")
    if wanted is not None:
        return wanted, SAID
    if not usable:
        reasons = ", ".join(f"{name}: {reason}" for name, reason in left_out.items()) or "only times"
        raise UserError(
            sheet.name, f"no column to forecast ({reasons})", "give a column of numbers that vary"
        )
    # Among columns that are not each other's, in another unit or another row.
    twice = twins({name: usable[name] for name in sorted(usable, key=rank)}, None)
    own = {name: values for name, values in usable.items() if name not in twice}
    made = shifted(own, position)
    return guess_target({name: values for name, values in own.items() if name not in made})


def _change(values: Floats, position: Ints) -> Floats:
    """The increase since the step before; NaN where it is not known."""
    change = np.diff(values, prepend=np.nan)
    change[1:][(np.diff(position) != 1) | (change[1:] < 0)] = np.nan
    return change


def _features(
    target: str, columns: Mapping[str, Floats], position: Ints, left_out: dict[str, str]
) -> tuple[str, ...]:
    """The target, then the columns that say most about its next value."""
    following = columns[target][1:]
    next_row = np.diff(position) == 1

    def says(name: str) -> float:
        return abs(correlation(columns[name][:-1][next_row], following[next_row]))

    others = [name for name in columns if name != target]
    if len(others) >= _MOST_FEATURES:
        others.sort(key=lambda name: -says(name))
        for name in others[_MOST_FEATURES - 1 :]:
            left_out[name] = f"not among the {_MOST_FEATURES} columns that say most about the next {target}"
    kept = set(others[: _MOST_FEATURES - 1])
    return (target, *(name for name in columns if name in kept))
