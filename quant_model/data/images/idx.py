"""IDX files, MNIST's format: one of pictures and one of labels for each split, gzip or plain.

Big endian: two zero bytes, the numbers' type (8: unsigned bytes), the number of dimensions, each dimension in
four bytes, then the numbers (Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits").
"""

from __future__ import annotations

import gzip
import re
import zlib
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt

from quant_model.data.images.found import UNSAID, Found, part_of, raster, together
from quant_model.data.images.packing import Packed, is_idx_name
from quant_model.data.images.wanted import Wanted
from quant_model.errors import UserError

__all__ = ["idx_pairs", "read_idx"]

_BYTES = 8
_HEADER = 4


def idx_pairs(files: Packed, name: str, wanted: Wanted) -> Found:
    """The pictures of all pairs of files, ``train-images-idx3-ubyte`` with ``train-labels-idx1-ubyte``.

    Raises:
        UserError: A file has no partner or another length than it, or cannot be read.
    """
    pairs: dict[str, dict[str, str]] = {}
    for file in filter(is_idx_name, files.names):
        last = PurePosixPath(file).name.lower()
        kind = "labels" if "label" in last else "images"
        part = part_of(re.split(r"[-_.]", last)[0]) or UNSAID
        own = pairs.setdefault(part, {})
        if kind in own:
            raise UserError(
                f"{name}/{file}",
                f"a second file of {kind} beside {own[kind]}",
                "keep one, or name them train- and test-",
            )
        own[kind] = file
    return together([_pair(files, own, name, part, wanted) for part, own in pairs.items()], name)


def read_idx(content: bytes, place: str) -> npt.NDArray[np.uint8]:
    """The array of an IDX file of unsigned bytes.

    Raises:
        UserError: It is torn, none, or of other numbers.
    """
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise UserError(place, f"cannot be unpacked ({error})", "fetch the file again") from error
    if len(content) < _HEADER or content[:2] != b"\0\0" or not 1 <= content[3] <= 4:
        raise UserError(place, "no IDX file", "name files as MNIST's: train-images-idx3-ubyte.gz")
    if content[2] != _BYTES:
        raise UserError(
            place, f"numbers of type {content[2]:#x}", "write pixels and labels as unsigned bytes"
        )
    begin = _HEADER * (1 + content[3])
    shape = tuple(int(one) for one in np.frombuffer(content[_HEADER:begin], ">u4"))
    size = int(np.prod(shape))
    if len(shape) != content[3] or len(content) - begin != size:
        raise UserError(
            place,
            f"{max(len(content) - begin, 0)} numbers, and its header says {' x '.join(map(str, shape))}",
            "fetch the file again",
        )
    return np.frombuffer(content, np.uint8, size, begin).reshape(shape)


def _pair(files: Packed, own: dict[str, str], name: str, part: str, wanted: Wanted) -> Found:
    for kind, other in (("images", "labels"), ("labels", "images")):
        if kind not in own:
            raise UserError(
                f"{name}/{own[other]}", f"no file of {kind} beside it", f"put {part}-{kind}-idx... there"
            )
    places = {kind: f"{name}/{file}" for kind, file in own.items()}
    images, labels = (read_idx(files.read(own[kind]), places[kind]) for kind in ("images", "labels"))
    if labels.ndim != 1 or len(labels) != len(images):
        raise UserError(
            places["labels"],
            f"labels of shape {labels.shape} for {len(images)} pictures",
            "give one label for each picture",
        )
    pixels, notes = raster(images, places["images"], wanted)
    words = tuple(map(str, labels.tolist()))
    return Found(places["labels"], pixels, words, (part,) * len(words), notes)
