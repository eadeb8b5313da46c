"""Pictures as a file or folder holds them: pixels, labels as text, and the split that it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from quant_model.data.images.decoding import Pixels, resized
from quant_model.data.images.wanted import Wanted
from quant_model.errors import UserError

__all__ = ["UNSAID", "Found", "part_of", "raster", "together"]

UNSAID = ""
"""The split of a picture of which nothing is said."""
_GREY = 'say colour = "grey": three equal channels only cost'
_PARTS = {
    "train": ("train", "training"),
    "validation": ("validation", "val", "valid", "dev"),
    "test": ("test", "testing", "t10k"),
}


@dataclass(frozen=True, eq=False)
class Found:
    """Pictures of one place.

    Attributes:
        place: What errors call it.
        pixels: ``(N, height, width, channels)``.
        labels: As they are written, by picture.
        parts: ``train``, ``validation``, ``test`` or :data:`UNSAID`, by picture.
        notes: What was done to them, one sentence each.
    """

    place: str
    pixels: Pixels
    labels: tuple[str, ...]
    parts: tuple[str, ...]
    notes: tuple[str, ...] = ()


def part_of(word: str) -> str | None:
    """The split that a word means; None where it means none."""
    return next((part for part, words in _PARTS.items() if word.lower() in words), None)


def together(found: Sequence[Found], place: str) -> Found:
    """All of them, one after the other."""
    return Found(
        place,
        np.concatenate([one.pixels for one in found]),
        tuple(label for one in found for label in one.labels),
        tuple(part for one in found for part in one.parts),
        tuple(dict.fromkeys(note for one in found for note in one.notes)),
    )


def raster(array: np.ndarray, place: str, wanted: Wanted) -> tuple[Pixels, tuple[str, ...]]:
    """An array of pictures, ``(N, height, width)`` or with channels last, as they are wanted; with notes.

    Raises:
        UserError: Its numbers are no whole ones 0..255, or size or colour are others than the study says.
    """
    if array.dtype.kind not in "ui" or (array.size and (array.min() < 0 or array.max() > 255)):
        raise UserError(
            place, f"pixels of {_span(array)}", "write them as whole numbers 0..255 (numpy: uint8)"
        )
    pixels = (array[..., None] if array.ndim == 3 else array).astype(np.uint8)
    if pixels.ndim != 4 or pixels.shape[3] not in (1, 3):
        raise UserError(
            place,
            f"an array of shape {array.shape}",
            "give (pictures, height, width), or with 1 or 3 channels behind",
        )
    pixels, notes = _coloured(pixels, place, wanted)
    if pixels.shape[1:3] == wanted.size:
        return pixels, notes
    if not wanted.resize:
        height, width = pixels.shape[1:3]
        raise UserError(
            place,
            f"{height} x {width} pixels, and the study's size is {wanted.size[0]} x {wanted.size[1]}",
            "say resize = true, or choose that size",
        )
    empty = np.empty((0, *wanted.size, pixels.shape[3]), np.uint8)
    return np.concatenate([empty, *(resized(one, wanted)[None] for one in pixels)]), notes


def _coloured(pixels: Pixels, place: str, wanted: Wanted) -> tuple[Pixels, tuple[str, ...]]:
    if pixels.shape[3] == wanted.channels:
        return pixels, ()
    if wanted.colour == "rgb":
        raise UserError(place, "the pictures are grey", _GREY)
    # ITU-R BT.601 in 16 bits of fraction, as Pillow computes it.
    grey = (pixels.astype(np.uint32) @ np.array([19595, 38470, 7471], np.uint32) + 0x8000) >> 16
    return grey[..., None].astype(np.uint8), ("colour pictures are turned grey",)


def _span(array: np.ndarray) -> str:
    numbers = array.dtype.kind in "uif" and array.size
    return f"{array.min():g}..{array.max():g} ({array.dtype})" if numbers else f"type {array.dtype}"
