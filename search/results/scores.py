"""How good an integer model is, beside the answer without a model. For reported designs only: reads test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from quant_model.data import (
    Baseline,
    Dataset,
    Decision,
    GroupError,
    errors_by_group,
    persistence,
    prediction_error,
    task_of,
)
from quant_model.data.baselines import baseline
from quant_model.integer_model import IntegerModel

__all__ = ["Scores", "score"]


@dataclass(frozen=True)
class Scores:
    """Errors of the golden model by its task's metric, and what a host's decisions come to.

    Attributes:
        metric: The error's name, with its unit.
        validation: The error on validation.
        test: The error on test.
        naive: The errors of the answer without a model.
        decision: What the host makes of the outputs.
        naive_decision: The same of the answer without a model.
        group_column: The column that tells groups; empty without groups.
        groups: Errors by group, the largest first, on ``validation`` and ``test``.
        naive_groups: The same of the answer without a model.
    """

    metric: str
    validation: float
    test: float
    naive: Baseline
    decision: Decision
    naive_decision: Decision
    group_column: str = ""
    groups: Mapping[str, tuple[GroupError, ...]] = field(default_factory=dict)
    naive_groups: Mapping[str, tuple[GroupError, ...]] = field(default_factory=dict)

    @property
    def worst_group(self) -> GroupError | None:
        """The group with the largest test error."""
        return next(iter(self.groups.get("test", ())), None)

    @property
    def by_group(self) -> dict[str, float]:
        """Test errors by group."""
        return {one.name: one.error for one in self.groups.get("test", ())}

    @property
    def naive_by_group(self) -> dict[str, float]:
        """Test errors of the answer without a model."""
        return {one.name: one.error for one in self.naive_groups.get("test", ())}

    @property
    def test_ratio(self) -> float:
        """The model's test error over that of the answer without a model: below 1 is better than no model."""
        return self.test / self.naive.test if self.naive.test > 0 else math.inf

    def to_json(self) -> dict[str, Any]:
        """The errors as a JSON object."""
        by_group = {split: [asdict(one) for one in errors] for split, errors in self.groups.items() if errors}
        return {
            "metric": self.metric,
            "validation": self.validation,
            "test": self.test,
            "naive": self.naive.to_json(),
            "test_ratio": self.test_ratio if math.isfinite(self.test_ratio) else None,
            **({"by_group": {"column": self.group_column, **by_group}} if by_group else {}),
        }


def score(model: IntegerModel, dataset: Dataset) -> Scores:
    """Score a model on validation and test."""
    task = task_of(dataset)
    splits = {"validation": dataset.validation, "test": dataset.test}
    outputs = {split: model.predict(split.x) for split in splits.values()}
    return Scores(
        metric=task.metric_in(dataset.unit),
        validation=prediction_error(dataset, dataset.validation, outputs[dataset.validation]),
        test=prediction_error(dataset, dataset.test, outputs[dataset.test]),
        naive=baseline(dataset, task.naive, persistence),
        decision=task.decide(dataset, outputs.__getitem__),
        naive_decision=task.decide(dataset, persistence),
        group_column=dataset.group_column,
        groups={name: errors_by_group(dataset, split, outputs[split]) for name, split in splits.items()},
        naive_groups={
            name: errors_by_group(dataset, split, persistence(split)) for name, split in splits.items()
        },
    )
