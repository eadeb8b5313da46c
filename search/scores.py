"""How well an integer model forecasts, beside persistence. For reported designs only: reads test."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from quant_model.data import Dataset, Split, persistence, rmse
from quant_model.integer_model import IntegerModel

__all__ = ["Scores", "score"]


@dataclass(frozen=True)
class Scores:
    """Errors (RMSE) in the target's unit: the golden model's and the persistence forecast's."""

    unit: str
    validation: float
    test: float
    persistence_validation: float
    persistence_test: float

    @property
    def test_ratio(self) -> float:
        """The model's test error over the persistence forecast's: below 1 is better than no model."""
        return self.test / self.persistence_test if self.persistence_test > 0 else float("inf")

    def to_json(self) -> dict[str, float | str]:
        """All of it as a JSON object."""
        return {**asdict(self), "test_ratio": self.test_ratio}


def score(model: IntegerModel, dataset: Dataset) -> Scores:
    """Score a model on validation and test."""

    def error(split: Split) -> float:
        return rmse(dataset, split, model.predict(split.x))

    def baseline(split: Split) -> float:
        return rmse(dataset, split, persistence(split))

    return Scores(
        unit=dataset.unit,
        validation=error(dataset.validation),
        test=error(dataset.test),
        persistence_validation=baseline(dataset.validation),
        persistence_test=baseline(dataset.test),
    )
