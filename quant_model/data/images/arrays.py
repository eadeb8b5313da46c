"""NPZ files: numpy arrays of pictures and labels, by the names that people give them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from quant_model.data.images.found import UNSAID, Found, part_of, raster, together
from quant_model.data.images.wanted import Wanted
from quant_model.errors import UserError

__all__ = ["array_names", "array_pairs", "read_arrays"]

_PICTURES, _LABELS = ("images", "x", "data", "pixels"), ("labels", "y", "target", "targets", "label")
_SPLIT = "split"
_NAMES = "x_train, y_train, x_test, y_test, or train_images, train_labels, ..., or images, labels and split"


def read_arrays(content: bytes, place: str) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of an NPZ file, by name.

    Raises:
        UserError: It is none, is damaged, or holds Python objects.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        remedy = "name an NPZ file of plain arrays, or a folder of class folders or of IDX files"
        raise UserError(place, f"no NPZ file of plain arrays ({error})", remedy) from error


def array_names(arrays: Mapping[str, npt.NDArray[np.generic]], name: str) -> dict[str, tuple[str, str]]:
    """By split the names of pictures and labels.

    Raises:
        UserError: There is no pair, or one lacks its partner.
    """
    pairs = dict(_pairs(arrays, name))
    if not pairs:
        raise UserError(name, f"no pictures among its arrays ({', '.join(arrays)})", f"name them {_NAMES}")
    if UNSAID in pairs and len(pairs) > 1:
        raise UserError(name, "pictures with and without a split in their names", f"name them {_NAMES}")
    return pairs


def array_pairs(arrays: Mapping[str, npt.NDArray[np.generic]], name: str, wanted: Wanted) -> Found:
    """The pictures of all pairs of arrays.

    Raises:
        UserError: There is no pair, one lacks its partner or has another length, or holds something else.
    """
    pairs = array_names(arrays, name)
    return together([_pair(arrays, pair, name, part, wanted) for part, pair in pairs.items()], name)


def _pairs(arrays: Mapping[str, npt.NDArray[np.generic]], name: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """By split the names of pictures and labels."""
    found: dict[str, dict[str, str]] = {}
    for own in arrays:
        words = own.lower().split("_")
        parts = [part for word in words if (part := part_of(word)) is not None]
        kinds = [kind for kind, names in (("p", _PICTURES), ("l", _LABELS)) if {*words} & {*names}]
        if len(kinds) == 1 and len(parts) <= 1 and len(words) == 1 + len(parts):
            found.setdefault(parts[0] if parts else UNSAID, {})[kinds[0]] = own
    for part, pair in found.items():
        if len(pair) < 2:
            (own,) = pair.values()
            lacking = "labels" if "p" in pair else "pictures"
            raise UserError(
                f"{name} array {own}", f"no array of {lacking} belongs to it", f"name them {_NAMES}"
            )
        yield part, (pair["p"], pair["l"])


def _pair(
    arrays: Mapping[str, npt.NDArray[np.generic]], pair: tuple[str, str], name: str, part: str, wanted: Wanted
) -> Found:
    images, labels = (arrays[own] for own in pair)
    place = f"{name} array {pair[1]}"
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.ndim != 1 or images.ndim < 2 or len(labels) != len(images):
        raise UserError(
            place,
            f"labels of shape {arrays[pair[1]].shape} for pictures of shape {images.shape}",
            "give one label for each picture",
        )
    if labels.dtype.kind not in "uiU":
        raise UserError(place, f"labels of type {labels.dtype}", "write them as whole numbers or text")
    pixels, notes = raster(images, f"{name} array {pair[0]}", wanted)
    parts = _said(arrays, len(labels), name) if not part else (part,) * len(labels)
    return Found(place, pixels, tuple(map(str, labels.tolist())), parts, notes)


def _said(arrays: Mapping[str, npt.NDArray[np.generic]], count: int, name: str) -> tuple[str, ...]:
    """What an array of splits says of each picture."""
    if _SPLIT not in arrays:
        return (UNSAID,) * count
    words, place = arrays[_SPLIT], f"{name} array {_SPLIT}"
    if words.shape != (count,):
        raise UserError(place, f"shape {words.shape} for {count} pictures", "give one split for each picture")
    parts = [part_of(str(word)) for word in words.tolist()]
    if None in parts:
        wrong = parts.index(None)
        raise UserError(place, f"{words[wrong]} at {wrong} is no split", "write train, validation or test")
    return tuple(part for part in parts if part is not None)
