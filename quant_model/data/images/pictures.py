"""Checked pictures with their classes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.cache import Cache, Kept
from quant_model.data.division import SPLITS
from quant_model.data.images.arrays import array_pairs, read_arrays
from quant_model.data.images.class_folders import class_folders
from quant_model.data.images.found import Found
from quant_model.data.images.idx import idx_pairs
from quant_model.data.images.listing import listed
from quant_model.data.images.packing import Packed, is_idx_name
from quant_model.data.images.wanted import COLOURS, Wanted
from quant_model.errors import UserError

__all__ = ["Pictures", "found_in", "load_pictures"]

_VERSION = 1
"""Raise when the same file and settings would give other pictures."""
_SHOWN = 20
"""Words in a message."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures of one size, each of one class.

    Attributes:
        name: What errors and reports call the file or folder.
        sha256: Digest of its content, in hexadecimal.
        classes: Labels, in the order of their numbers.
        channel_names: Of a pixel's values.
        pixels: ``(N, height, width, channels)`` uint8.
        label: ``(N,)`` int64, the number of each one's class.
        part: ``(N,)`` int8, the number of each one's split in ``quant_model.data.division.SPLITS``; -1 where
            nothing is said of it.
        notes: What was done to them that a user should know of, one sentence each.
    """

    name: str
    sha256: str
    classes: tuple[str, ...]
    channel_names: tuple[str, ...]
    pixels: npt.NDArray[np.uint8]
    label: npt.NDArray[np.int64]
    part: npt.NDArray[np.int8]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.label)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.pixels.shape[1], self.pixels.shape[2]

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self)


def load_pictures(
    content: bytes, name: str, wanted: Wanted, *, sha256: str | None = None, cache: Cache | None = None
) -> Pictures:
    """Check and decode all pictures.

    Args:
        content: What :func:`quant_model.data.images.packing.pack_pictures` made of a file or folder.
        name: What errors call it.
        wanted: How they are to be.
        sha256: When given, the digest that the content must have.
        cache: Where the decoded pictures are kept for the next time.

    Raises:
        UserError: Something in it is wrong: see the functions that read it. Or a label is none of the
            classes, or a class has no picture.
    """
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and digest != sha256.lower():
        raise UserError(name, "the study's copy is damaged", "start a new study")
    key = ("pictures", _VERSION, digest, wanted)
    kept = None if cache is None else cache.get(key)
    if kept is None:
        kept = _checked(found_in(content, name, wanted), name, wanted)
        if cache is not None:
            cache.put(key, kept)
    for array in kept.arrays.values():
        array.flags.writeable = False
    notes = tuple(kept.facts["notes"])
    return Pictures(name, digest, wanted.classes, COLOURS[wanted.colour], notes=notes, **kept.arrays)


def found_in(content: bytes, name: str, wanted: Wanted) -> Found:
    """The pictures of a content; labels are not looked at.

    Raises:
        UserError: Something in it is wrong: see the functions that read it.
    """
    if not Packed.is_packed(content):
        return array_pairs(read_arrays(content, name), name, wanted)
    files = Packed(content)
    if wanted.listing is not None:
        return listed(files, name, wanted, wanted.listing)
    if any(map(is_idx_name, files.names)):
        return idx_pairs(files, name, wanted)
    return class_folders(files, name, wanted)


def _checked(found: Found, name: str, wanted: Wanted) -> Kept:
    label = _numbers(found, wanted.classes)
    empty = [one for number, one in enumerate(wanted.classes) if not np.any(label == number)]
    if empty:
        raise UserError(
            name, f"no picture of class {', '.join(empty[:_SHOWN])}", "add some, or take it out of classes"
        )
    part = np.array([SPLITS.index(one) if one else -1 for one in found.parts], np.int8)
    return Kept({"pixels": found.pixels, "label": label, "part": part}, {"notes": list(found.notes)})


def _numbers(found: Found, classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """The number of each picture's class: by its word; by place where labels are numbers and classes words.

    Raises:
        UserError: A label means no class.
    """
    number = {word: index for index, word in enumerate(classes)}
    used = set(found.labels)
    if not used <= number.keys() and not any(word.isdecimal() for word in classes):
        places = {str(index): index for index in range(len(classes))}
        number = places if used <= places.keys() else number
    strange = sorted(used - number.keys())
    if strange:
        raise UserError(
            found.place,
            f"label {', '.join(strange[:_SHOWN])} is none of the classes",
            "add it to classes, or take its pictures away",
        )
    return np.array([number[label] for label in found.labels], np.int64)
