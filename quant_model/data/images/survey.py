"""What a folder or file of pictures holds, before anybody has said how they are to be."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, UnidentifiedImageError

from quant_model.data.division import SPLITS
from quant_model.data.images.arrays import array_names, read_arrays
from quant_model.data.images.found import UNSAID
from quant_model.data.images.idx import read_idx
from quant_model.data.images.packing import PICTURES, Packed, is_idx_name
from quant_model.data.images.pictures import found_in
from quant_model.data.images.wanted import Wanted
from quant_model.errors import UserError

__all__ = ["Survey", "survey"]

_TURNED = (5, 6, 7, 8)
"""Values of EXIF's tag of orientation that swap height and width."""
_ORIENTATION = 0x0112


@dataclass(frozen=True)
class Survey:
    """What there is.

    Attributes:
        kind: How the pictures are kept, for people.
        sizes: How many pictures there are of each height and width, the most frequent first.
        coloured: Whether any has a colour.
        labels: Of all pictures, each once: numbers by value, words by the alphabet.
        parts: How many pictures the files name for each split.
        count: Pictures.
    """

    kind: str
    sizes: dict[tuple[int, int], int]
    coloured: bool
    labels: tuple[str, ...]
    parts: dict[str, int]
    count: int


def survey(content: bytes, name: str) -> Survey:
    """Look at all pictures.

    Args:
        content: What :func:`quant_model.data.images.packing.pack_pictures` made.
        name: What errors call it.

    Raises:
        UserError: As :func:`quant_model.data.images.pictures.load_pictures`, but for sizes and classes.
    """
    kind, seen = _headers(content, name)
    sizes = Counter(size for size, _ in seen.elements())
    size = sizes.most_common(1)[0][0]
    colour = any(channels > 1 for _, channels in seen)
    wanted = Wanted((), size, "rgb" if colour else "grey", resize=True)
    found = found_in(content, name, wanted)
    coloured = colour and bool((found.pixels != found.pixels[..., :1]).any())
    words = set(found.labels)
    whole = all(word.isdecimal() for word in words)
    parts = Counter(part for part in found.parts if part != UNSAID)
    return Survey(
        kind=kind,
        sizes=dict(sizes.most_common()),
        coloured=coloured,
        labels=tuple(sorted(words, key=int if whole else str)),
        parts={part: parts[part] for part in SPLITS if parts[part]},
        count=len(found.labels),
    )


def _headers(content: bytes, name: str) -> tuple[str, Counter[tuple[tuple[int, int], int]]]:
    """How pictures are kept; how many there are of each size and number of channels."""
    if not Packed.is_packed(content):
        arrays = read_arrays(content, name)
        images = [arrays[pair[0]] for pair in array_names(arrays, name).values()]
        return "arrays of an NPZ file", Counter(_shapes(images, name))
    files = Packed(content)
    idx = [file for file in files.names if is_idx_name(file) and "label" not in file.lower()]
    if idx:
        shapes = _shapes([read_idx(files.read(file), f"{name}/{file}") for file in idx], name)
        return "IDX files", Counter(shapes)
    pictures = (file for file in files.names if file.lower().endswith(PICTURES))
    return "a folder for each class", Counter(_header(files, file, name) for file in pictures)


def _shapes(images: list[np.ndarray], name: str) -> Iterator[tuple[tuple[int, int], int]]:
    for array in images:
        if array.ndim not in (3, 4) or not len(array):
            raise UserError(
                name, f"an array of shape {array.shape}", "give (pictures, height, width), or with channels"
            )
        size = (int(array.shape[1]), int(array.shape[2]))
        yield from [(size, int(array.shape[3]) if array.ndim == 4 else 1)] * len(array)


def _header(files: Packed, file: str, name: str) -> tuple[tuple[int, int], int]:
    try:
        with Image.open(io.BytesIO(files.read(file)), formats=("PNG", "JPEG")) as picture:
            width, height = picture.size
            turned = picture.getexif().get(_ORIENTATION) in _TURNED
            size = (width, height) if turned else (height, width)
            return size, 1 if picture.mode in ("1", "L", "LA") else 3
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise UserError(f"{name}/{file}", "no readable PNG or JPEG", "mend or remove it") from error
