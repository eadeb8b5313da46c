"""Pictures for tests: made here, as files of every kind; and 1,797 handwritten digits.

``digits.npz`` are scikit-learn's digits (E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits",
UCI Machine Learning Repository, data set 80, CC BY 4.0): the 8 x 8 counts 0..16 of ``digits.csv.gz`` in its
wheel, times 15, with their labels.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from quant_model.data import Dataset
from quant_model.data.images import (
    Pictures,
    Wanted,
    load_pictures,
    make_image_dataset,
    pack_pictures,
)
from quant_model.data.images.partition import Shares

DIGITS = Path(__file__).with_name("digits.npz")
CLASSES = ("cat", "dog")
WANTED = Wanted(CLASSES, (4, 6))
Pixels = npt.NDArray[np.uint8]


def pixels(count: int, size: tuple[int, int] = WANTED.size, channels: int = 0, seed: int = 0) -> Pixels:
    """Random pictures, ``(count, height, width)``, with channels behind where there are some."""
    shape = (count, *size, *((channels,) if channels else ()))
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write_picture(file: Path, picture: Pixels) -> None:
    """One PNG or JPEG, by the file's name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(file)


def write_folders(folder: Path, count: int = 4, part: str = "", seed: int = 0) -> dict[str, Pixels]:
    """A folder of class folders with so many grey PNGs each; the pixels by class."""
    found = {word: pixels(count, seed=seed + 10 * index) for index, word in enumerate(CLASSES)}
    for word, pictures in found.items():
        for number, picture in enumerate(pictures):
            write_picture(folder / part / word / f"{number:02d}.png", picture)
    return found


def idx(array: Pixels) -> bytes:
    """An IDX file of bytes."""
    return (
        bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()
    )


def write_idx(folder: Path, arrays: Mapping[str, Pixels], *, packed: bool) -> None:
    """IDX files by their stems, as ``train-images-idx3``."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem, array in arrays.items():
        content = idx(array)
        name = f"{stem}-ubyte{'.gz' if packed else ''}"
        (folder / name).write_bytes(gzip.compress(content) if packed else content)


def npz(**arrays: npt.NDArray[np.generic]) -> bytes:
    """An NPZ file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def loaded(path: Path, wanted: Wanted = WANTED, name: str = "here") -> Pictures:
    """What a file or folder holds."""
    return load_pictures(pack_pictures(path, name), name, wanted)


def digits_dataset(seed: int = 0, *, flip: bool = False, shift: int = 0, classes: int = 10) -> Dataset:
    """The handwritten digits; of the first classes alone where so many are asked for."""
    with np.load(DIGITS) as file:
        own = file["labels"] < classes
        content = npz(images=file["images"][own], labels=file["labels"][own])
    wanted = Wanted(tuple(map(str, range(classes))), (8, 8))
    pictures = load_pictures(content, "digits.npz", wanted)
    return make_image_dataset(pictures, Shares(), seed, flip=flip, shift=shift)
