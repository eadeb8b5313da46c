"""The data of a study: pictures, or one series, cut into windows once per length that designs ask for."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from quant_model.data import (
    Dataset,
    Series,
    load_series,
    make_dataset,
    persistence,
    prediction_error,
)
from quant_model.data.cache import Cache
from quant_model.data.choice import Choice, choose_outputs, noise_of
from quant_model.data.division import Division, divide, divide_as
from quant_model.data.folder import load_folder, pack_folder, unpack_folder
from quant_model.data.images import Pictures, load_pictures, pack_pictures
from quant_model.data.outcomes import ERROR, check_outcomes, outcomes
from quant_model.data.outputs import Outputs
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from search.files import read_bytes
from search.study_files.picture_data import PictureData
from search.study_files.spec import DataSpec, ImageSpec, StudySpec, rows_seen

__all__ = ["SeriesData", "StudyData", "content_of", "data_from_bytes", "data_from_file", "outcomes_of"]

_WORTH_KEEPING = 1 << 20
"""Bytes of a data file from which on workers share one parsed copy; smaller ones are read in no time."""


@dataclass(frozen=True)
class SeriesData:
    """A checked series and the datasets made from it."""

    spec: StudySpec
    series: Series
    decided: Mapping[str, Any] | None = None
    """What a study has decided about its data already: :attr:`decisions`; None for a study that is new."""
    _made: dict[tuple[int, Outputs | tuple[Outputs, ...]], Dataset] = field(
        default_factory=dict, repr=False, compare=False
    )

    def dataset(self, window: int, noise: float = 0.0) -> Dataset:
        """The dataset with windows of this many rows, for designs with this noise of rounding.

        Raises:
            UserError: the series is too short for it.
        """
        outputs = self._keys.output if self._choice is None else self._choice.outputs(noise)
        if (window, outputs) not in self._made:
            dataset = self._make(window, outputs)
            if self._choice is not None:
                dataset = dataclasses.replace(dataset, notes=(*dataset.notes, self._choice.note))
            self._made[window, outputs] = dataset
        return self._made[window, outputs]

    def dataset_of(self, design: DesignPoint) -> Dataset:
        """The dataset that a design is trained and scored on.

        Raises:
            UserError: the series is too short for it.
        """
        return self.dataset(design.shape.sees, noise_of(design))

    def dataset_of_parent(self, window: int, digest: str) -> Dataset:
        """The dataset with this digest, of those with windows of so many rows; the first if none has it."""
        found = self._datasets(window)
        return next((dataset for dataset in found if dataset.digest == digest), found[0])

    def _datasets(self, window: int) -> list[Dataset]:
        """All that designs with windows of so many rows are trained on."""
        if self._choice is None:
            return [self.dataset(window)]
        borders = sorted({border for own in self._choice.kinds for border, _ in own})
        return [self.dataset(window, border) for border in borders]

    @cached_property
    def decisions(self) -> dict[str, Any]:
        """What the data decide, once for all of a study's workers, as a JSON object.

        ``groups``: names of the groups by split; ``outputs``: what ``auto`` chose, and why (each only where
        there is something to decide); ``naive``: the validation error of the answer without a model, with the
        longest window.

        Raises:
            UserError: the series is too short, or has too few groups.
        """
        if self.decided is not None:
            return dict(self.decided)
        dataset = self.dataset(self._most)
        found: dict[str, Any] = {
            "naive": prediction_error(dataset, dataset.validation, persistence(dataset.validation))
        }
        if self._division is not None:
            found["groups"] = {split: list(names) for split, names in self._division.groups.items()}
        return found | ({} if self._choice is None else {"outputs": self._choice.to_json()})

    @cached_property
    def _choice(self) -> Choice | None:
        """What ``auto`` chose."""
        data = self._keys
        if data.output != "auto":
            return None
        if self.decided is not None:
            return Choice.from_json(self.decided["outputs"])
        return choose_outputs(self._make(self._most, "value"), data.season, rows_seen(self.spec)[0])

    @cached_property
    def _division(self) -> Division | None:
        """Which groups belong to which split, the same for all windows; None where time divides."""
        if self.series.group is None:
            return None
        if self.decided is not None:
            return divide_as(self.series, self.decided["groups"])
        data = self._keys
        span = self._most + (0 if data.classes else max(data.horizon))
        return divide(self.series, data.split, span, self.spec.study.seed)

    def _make(self, window: int, outputs: Outputs | Sequence[Outputs]) -> Dataset:
        data = self._keys
        return make_dataset(
            self.series,
            window,
            data.horizon,
            data.split,
            data.unit,
            data.task,
            data.anomaly_quantile,
            outputs=outputs,
            season=data.season,
            division=self._division,
            lead=self._most - window if len(self.spec.space.family) > 1 else 0,
        )

    @property
    def rows(self) -> int:
        """Of the series."""
        return self.series.rows

    @property
    def gaps(self) -> int:
        """Of the series."""
        return self.series.gaps

    @property
    def missing_rows(self) -> int:
        """Of the series."""
        return self.series.missing_rows

    @property
    def _keys(self) -> DataSpec:
        assert isinstance(self.spec.data, DataSpec)
        return self.spec.data

    @property
    def _most(self) -> int:
        """The most rows that a design of the space sees."""
        return rows_seen(self.spec)[1]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know about the data, as the longest window of the space sees it."""
        return self.dataset(self._most).notes

    def check(self) -> None:
        """Make a dataset of every window length of the space, so that what is wrong shows at once.

        Raises:
            UserError: the series is too short for one of them, or says nothing of an objective.
        """
        for rows in rows_seen(self.spec):
            for dataset in self._datasets(rows):
                check_outcomes(dataset, self.spec.study.trained, self.spec.data.file)


StudyData = SeriesData | PictureData


def outcomes_of(data: StudyData, model: IntegerModel) -> dict[str, float]:
    """What a study asks of a trained model besides the error, on the validation windows."""
    dataset = data.dataset_of(model.network.design)
    names = [name for name in data.spec.study.trained if name != ERROR]
    return outcomes(dataset, names, lambda split: model.predict(split.x))


def data_from_file(spec: StudySpec, path: Path) -> StudyData:
    """Load the data of a study from its file, or from all files of its folder.

    Raises:
        UserError: the file is absent or something in it is wrong.
    """
    if isinstance(spec.data, ImageSpec):
        return PictureData(spec, _pictures(spec.data, content_of(spec, path), str(path), None))
    return SeriesData(spec, _load(spec.data, path, str(path), None))


def content_of(spec: StudySpec, path: Path) -> bytes:
    """What a study keeps of its data: the file's content, or a folder's files as one content.

    Raises:
        UserError: it cannot be read.
    """
    if isinstance(spec.data, ImageSpec):
        return pack_pictures(path, str(path))
    return pack_folder(path, str(path)) if path.is_dir() else read_bytes(path)


def data_from_bytes(
    spec: StudySpec, content: bytes, sha256: str, decided: Mapping[str, Any] | None = None
) -> StudyData:
    """Load the data of a study from the copy that it keeps, with what it has decided about it.

    Raises:
        UserError: the copy is damaged.
    """
    if isinstance(spec.data, ImageSpec):
        return PictureData(spec, _pictures(spec.data, content, spec.data.file, sha256), decided)
    with tempfile.TemporaryDirectory(prefix="bitfront-") as folder:
        path = Path(folder)
        if not unpack_folder(content, path):
            path = path / "data"
            path.write_bytes(content)
        elif hashlib.sha256(content).hexdigest() != sha256:
            raise UserError(spec.data.file, "the study's copy is damaged", "start a new study")
        return SeriesData(spec, _load(spec.data, path, spec.data.file, sha256), decided)


def _pictures(data: ImageSpec, content: bytes, name: str, sha256: str | None) -> Pictures:
    cache = _cache() if len(content) >= _WORTH_KEEPING else None
    return load_pictures(content, name, data.wanted, sha256=sha256, cache=cache)


def _load(data: DataSpec, path: Path, name: str, sha256: str | None) -> Series:
    if path.is_dir():
        return load_folder(path, name, lambda file, shown: _load(data, file, shown, None))
    return load_series(
        path,
        data.reading,
        data.features,
        data.targets,
        name=name,
        sha256=sha256,
        classes=data.classes,
        anomaly_column=data.anomaly_label,
        group_columns=data.group or (),
        cache=_cache() if path.exists() and path.stat().st_size >= _WORTH_KEEPING else None,
    )


def _cache() -> Cache:
    """Where parsed series are: BITFRONT_CACHE, else the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Cache(Path(os.environ.get("BITFRONT_CACHE") or Path(home).expanduser() / "bitfront"))
