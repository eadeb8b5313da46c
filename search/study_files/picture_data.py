"""The data of a study of pictures: one dataset for all designs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NoReturn

from quant_model.data import Dataset, persistence, prediction_error
from quant_model.data.images import Pictures, make_image_dataset
from quant_model.data.outcomes import check_outcomes
from quant_model.design import DesignPoint
from search.study_files.spec import ImageSpec, StudySpec

__all__ = ["PictureData"]


@dataclass(frozen=True)
class PictureData:
    """Checked pictures and the dataset made from them."""

    spec: StudySpec
    pictures: Pictures
    decided: Mapping[str, Any] | None = None
    """What a study has decided about its data already: :attr:`decisions`; None for a study that is new."""

    @cached_property
    def whole(self) -> Dataset:
        """The dataset.

        Raises:
            UserError: a class has too few pictures.
        """
        data = self.spec.data
        assert isinstance(data, ImageSpec)
        return make_image_dataset(
            self.pictures, data.shares, self.spec.study.seed, flip=data.flip, shift=data.shift
        )

    def dataset(self, window: int, noise: float = 0.0) -> Dataset:
        """The dataset, whatever is asked for."""
        return self.whole

    def dataset_of(self, design: DesignPoint) -> Dataset:
        """The dataset that a design is trained and scored on."""
        return self.whole

    def dataset_of_parent(self, window: int, digest: str) -> Dataset:
        """The dataset that a float parent was trained on."""
        return self.whole

    @cached_property
    def decisions(self) -> dict[str, Any]:
        """``naive``: the validation error of the answer without a model."""
        if self.decided is not None:
            return dict(self.decided)
        validation = self.whole.validation
        return {"naive": prediction_error(self.whole, validation, persistence(validation))}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about the data."""
        return self.whole.notes

    @property
    def series(self) -> NoReturn:
        """There is none: who may meet pictures asks first."""
        raise TypeError("pictures are no series")

    @property
    def rows(self) -> int:
        """Pictures."""
        return len(self.pictures)

    @property
    def gaps(self) -> int:
        """None."""
        return 0

    @property
    def missing_rows(self) -> int:
        """None."""
        return 0

    def check(self) -> None:
        """Make the dataset, so that what is wrong shows at once.

        Raises:
            UserError: a class has too few pictures.
        """
        check_outcomes(self.whole, self.spec.study.trained, self.spec.data.file)
