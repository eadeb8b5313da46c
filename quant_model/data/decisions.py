"""What a host makes of a window's outputs, by task: a value, a class, an alarm."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from quant_model.data.dataset import Dataset, Split

__all__ = [
    "Decision",
    "Predict",
    "alarm_limit",
    "anomaly_scores",
    "largest_output",
    "plain_forecast",
    "threshold",
]

Predict: TypeAlias = Callable[[Split], npt.NDArray[np.floating]]
"""Normalised outputs ``(N, outputs)`` for the windows of a split."""


@dataclass(frozen=True)
class Decision:
    """A rule, for people and for programs.

    Attributes:
        rule: What the host does, in Markdown.
        details: The numbers that it needs, as a JSON object; its ``kind`` is ``value``, ``argmax`` or
            ``threshold``.
        test: What comes of it on the test windows, by name; None where nothing can be said.
    """

    rule: str
    details: Mapping[str, Any]
    test: Mapping[str, float | None]

    def to_json(self) -> dict[str, Any]:
        """All of it as a JSON object."""
        return {**self.details, "rule": self.rule, "test": dict(self.test)}


def plain_forecast(dataset: Dataset, predict: Predict) -> Decision:
    """The outputs are the answer."""
    return Decision("Each output is a forecast in its target's unit.", {"kind": "value"}, {})


def largest_output(dataset: Dataset, predict: Predict) -> Decision:
    """The class with the largest output, of equal ones the first; with the recall of each class on test."""
    truth, found = dataset.test.y.argmax(axis=1), predict(dataset.test).argmax(axis=1)
    test: dict[str, float | None] = {"accuracy": float(np.mean(found == truth))}
    for index, name in enumerate(dataset.output_names):
        own = truth == index
        test[f"recall of {name}"] = float(np.mean(found[own] == index)) if own.any() else None
    rule = (
        "There is one output for each class, in the order of the table. The window belongs to the class with "
        "the largest value; of equal values the first one counts."
    )
    return Decision(rule, {"kind": "argmax", "classes": list(dataset.output_names)}, test)


def anomaly_scores(
    dataset: Dataset, split: Split, outputs: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """How far off each window's forecast is, ``(N,)``: its largest absolute error, in normalised units."""
    return np.asarray(np.abs(outputs.astype(np.float64) - split.y).max(axis=1))


def threshold(dataset: Dataset, predict: Predict) -> Decision:
    """An alarm where the forecast is further off than it nearly ever is on validation.

    The threshold is the smallest score of validation that at least ``anomaly_quantile`` of its windows,
    marked anomalies left out, do not exceed. It is one number in normalised units, and so a limit of its own
    for each output in user units. On test every window counts, also one that sees an anomaly and forecasts
    what follows.
    """
    scores = anomaly_scores(dataset, dataset.validation, predict(dataset.validation))
    clean, limit = _clean(dataset, scores), alarm_limit(dataset, scores)
    alarms = anomaly_scores(dataset, dataset.test, predict(dataset.test)) > limit
    limits = {
        name: float(limit * std) for name, std in zip(dataset.output_names, dataset.target_std, strict=True)
    }
    listing = ", ".join(f"{name} {value:.5g}" for name, value in limits.items())
    rule = (
        "Each output is a forecast in its target's unit. When the values have come, the window is an anomaly "
        f"if one of them is further from its forecast than: {listing}. On validation "
        f"{100 * np.mean(clean <= limit):.2f} % of the windows stay within."
    )
    details = {
        "kind": "threshold",
        "quantile": dataset.anomaly_quantile,
        "normalised": limit,
        "limits": limits,
    }
    return Decision(
        rule, details, {"alarms": float(np.mean(alarms)), **_hits(alarms, dataset.test.anomalous)}
    )


def alarm_limit(dataset: Dataset, scores: npt.NDArray[np.float64]) -> float:
    """The score beyond which a window raises an alarm, given the validation windows'; see ``threshold``."""
    return float(np.quantile(_clean(dataset, scores), dataset.anomaly_quantile, method="inverted_cdf"))


def _clean(dataset: Dataset, scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Of the validation windows' scores those without a marked anomaly."""
    return scores if dataset.validation.clean is None else scores[dataset.validation.clean]


def _hits(alarms: npt.NDArray[np.bool_], marked: npt.NDArray[np.bool_] | None) -> dict[str, float | None]:
    """Precision, recall and F1 of alarms where anomalies are marked; None where nothing can be said."""
    if marked is None:
        return {}
    hits = int(np.count_nonzero(alarms & marked))
    raised, there = int(np.count_nonzero(alarms)), int(np.count_nonzero(marked))
    return {
        "anomalies": there,
        "precision": hits / raised if raised else None,
        "recall": hits / there if there else None,
        "f1": 2 * hits / (raised + there) if there else None,
    }
