"""Pictures as windows: a row for each pixel, in raster order, normalised by the training pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

import numpy as np

from quant_model.data.augmentation import Augmentation
from quant_model.data.dataset import Dataset, Split
from quant_model.data.division import SPLITS
from quant_model.data.images.partition import Numbers, Shares, partition
from quant_model.data.images.pictures import Pictures
from quant_model.windows import PictureView

__all__ = ["make_image_dataset"]

_LEVELS = 256


def make_image_dataset(
    pictures: Pictures, shares: Shares, seed: int, *, flip: bool = False, shift: int = 0
) -> Dataset:
    """Divide pictures and make windows of them.

    A window has ``height * width`` rows, pixel by pixel from left to right and from top to bottom, of
    ``channels`` features. Outputs are those of task ``classify``.

    Args:
        pictures: The pictures.
        shares: What is drawn where files do not say which split a picture is for.
        seed: Of that.
        flip: See :class:`quant_model.data.augmentation.Augmentation`.
        shift: See there.

    Raises:
        UserError: A class has too few pictures.
    """
    parts = partition(pictures, shares, seed)
    mean, std = _scale(pictures, parts[0])
    table = ((np.arange(_LEVELS)[:, None] - mean) / std).astype(np.float32)
    frequent = int(np.bincount(pictures.label[parts[0]]).argmax())
    train, validation, test = (_split(pictures, own, table, frequent) for own in parts)
    count = len(pictures.classes)
    augmentation = Augmentation(pictures.size, flip, shift) if flip or shift else None
    return Dataset(
        window=pictures.size[0] * pictures.size[1],
        horizon=(0,),
        feature_names=pictures.channel_names,
        target_names=("class",),
        output_names=pictures.classes,
        train=train,
        validation=validation,
        test=test,
        feature_mean=mean,
        feature_std=std,
        target_mean=np.zeros(count),
        target_std=np.ones(count),
        unit="",
        borders=None,
        dropped_windows=0,
        notes=(*pictures.notes, *_notes(pictures, parts)),
        digest=_digest(pictures, parts, augmentation),
        task="classify",
        rows_back=(None,) * count,
        augmentation=augmentation,
        picture_size=pictures.size,
    )


def _scale(pictures: Pictures, train: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each channel over the training pictures, in pixel values."""
    channels = len(pictures.channel_names)
    own = pictures.pixels[train].reshape(-1, channels)
    counts = np.stack([np.bincount(own[:, channel], minlength=_LEVELS) for channel in range(channels)], 1)
    levels = np.arange(_LEVELS)[:, None]
    mean = (counts * levels).sum(0) / len(own)
    std = np.sqrt((counts * (levels - mean) ** 2).sum(0) / len(own))
    return mean, np.where(std > 0, std, 1.0)


def _split(pictures: Pictures, own: Numbers, table: np.ndarray, frequent: int) -> Split:
    eye = np.eye(len(pictures.classes), dtype=np.float32)
    rows = pictures.pixels.reshape(len(pictures), -1, len(pictures.channel_names))
    y, last = eye[pictures.label[own]], np.tile(eye[frequent], (len(own), 1))
    for array in (y, last, own):
        array.flags.writeable = False
    return Split(PictureView(rows, own, table), y, last, own, np.broadcast_to(np.float64(0), y.shape))


def _notes(pictures: Pictures, parts: Sequence[Numbers]) -> Iterator[str]:
    test = set(pictures.label[parts[2]].tolist())
    absent = [word for number, word in enumerate(pictures.classes) if number not in test]
    if absent:
        yield f"no test picture is of class {', '.join(absent)}: the test error says nothing about it"
    flat = pictures.pixels.reshape(len(pictures), -1)
    train, *others = ({hash(flat[one].tobytes()) for one in own} for own in parts)
    for name, own in zip(SPLITS[1:], others, strict=True):
        if twice := len(own & train):
            yield f"{twice} {name} pictures also stand in training, pixel by pixel: that error flatters"


def _digest(pictures: Pictures, parts: Sequence[Numbers], augmentation: Augmentation | None) -> str:
    settings = {
        "size": pictures.size,
        "channels": pictures.channel_names,
        "classes": pictures.classes,
        **({} if augmentation is None else {"flip": augmentation.flip, "shift": augmentation.shift}),
    }
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    digest.update(pictures.pixels.tobytes())
    for array in (pictures.label, *parts):
        # Little-endian on every machine.
        digest.update(array.astype("<i8").tobytes())
    return digest.hexdigest()
