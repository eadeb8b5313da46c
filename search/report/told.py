"""What a design says of the test windows' classes: how often which for which, and some pictures with it."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from quant_model.data import Dataset, Split
from quant_model.integer_model import IntegerModel
from quant_model.windows import PictureView

__all__ = ["Confusion", "ShownPicture", "Told", "told_of"]

_ROW = 24
"""Pictures of each kind."""


@dataclass(frozen=True)
class Confusion:
    """Test windows by their class and by what was said of them."""

    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    """By class, then by what was said."""

    @property
    def shares(self) -> tuple[tuple[float, ...], ...]:
        """Of each class's windows."""
        return tuple(tuple(count / max(sum(row), 1) for count in row) for row in self.counts)


@dataclass(frozen=True)
class ShownPicture:
    """A test picture."""

    source: str
    """A PNG as a data URI."""
    truth: str
    said: str

    @property
    def right(self) -> bool:
        """Whether it was told right."""
        return self.truth == self.said


@dataclass(frozen=True)
class Told:
    """What a design says of the test windows."""

    confusion: Confusion
    pictures: tuple[ShownPicture, ...]
    """Test pictures at even distances: nobody chooses them. None where windows are no pictures."""
    wrong: tuple[ShownPicture, ...]
    """Those that were told wrong, likewise."""


def told_of(dataset: Dataset, model: IntegerModel) -> Told | None:
    """What a design says of the test windows; None where nothing is classified."""
    if dataset.task != "classify":
        return None
    outputs = model.predict(dataset.test.x)
    return Told(_confusion(dataset, outputs), *_pictures(dataset, outputs))


def _confusion(dataset: Dataset, outputs: npt.NDArray[np.floating]) -> Confusion:
    counts = np.zeros((dataset.outputs, dataset.outputs), np.int64)
    np.add.at(counts, (dataset.test.y.argmax(1), outputs.argmax(1)), 1)
    return Confusion(dataset.output_names, tuple(map(tuple, counts.tolist())))


def _pictures(
    dataset: Dataset, outputs: npt.NDArray[np.floating]
) -> tuple[tuple[ShownPicture, ...], tuple[ShownPicture, ...]]:
    split = dataset.test
    if not isinstance(split.x, PictureView):
        return (), ()
    wrong = np.flatnonzero(split.y.argmax(1) != outputs.argmax(1))
    groups = (_evenly(np.arange(len(split))), _evenly(wrong))
    found = (tuple(_shown(dataset, split, outputs, int(one)) for one in own) for own in groups)
    return next(found), next(found)


def _evenly(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return numbers[:: max(1, -(-len(numbers) // _ROW))]


def _shown(dataset: Dataset, split: Split, outputs: npt.NDArray[np.floating], number: int) -> ShownPicture:
    assert isinstance(split.x, PictureView)
    assert dataset.picture_size is not None
    pixels = split.x.bytes(number).reshape(*dataset.picture_size, -1)
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    file = io.BytesIO()
    picture.save(file, format="PNG")
    names, told = dataset.output_names, (split.y[number].argmax(), outputs[number].argmax())
    uri = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    return ShownPicture(uri, names[told[0]], names[told[1]])
