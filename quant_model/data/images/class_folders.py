"""A folder of folders, each with the pictures of one class; above them folders of splits, if any."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np

from quant_model.data.images.decoding import decode
from quant_model.data.images.found import UNSAID, Found, part_of
from quant_model.data.images.packing import PICTURES, Packed
from quant_model.data.images.wanted import Wanted
from quant_model.errors import UserError

__all__ = ["class_folders", "decoded"]


def class_folders(files: Packed, name: str, wanted: Wanted) -> Found:
    """Pictures with the names of their folders as labels.

    Raises:
        UserError: A picture cannot be read, or lies elsewhere than in a class's folder.
    """
    names = tuple(one for one in files.names if one.lower().endswith(PICTURES))
    paths = [PurePosixPath(one) for one in names]
    divided = all(len(path.parts) > 2 and part_of(path.parts[0]) is not None for path in paths)
    depth = 3 if divided else 2
    for path in paths:
        if len(path.parts) != depth:
            above = "SPLIT/CLASS/PICTURE" if divided else "CLASS/PICTURE"
            raise UserError(
                f"{name}/{path}", "lies in no class's folder", f"put pictures as {above}, or name a listing"
            )
    pixels, notes = decoded(files, names, name, wanted)
    parts = tuple((part_of(path.parts[0]) or UNSAID) if divided else UNSAID for path in paths)
    return Found(name, pixels, tuple(path.parts[-2] for path in paths), parts, notes)


def decoded(
    files: Packed, names: tuple[str, ...], name: str, wanted: Wanted
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The pixels of some files, ``(N, height, width, channels)``, and notes.

    Raises:
        UserError: One cannot be read, or all are grey where the study says that they are not.
    """
    pixels = np.empty((len(names), *wanted.size, wanted.channels), np.uint8)
    changed = 0
    for index, one in enumerate(names):
        pixels[index], own = decode(files.read(one), f"{name}/{one}", wanted)
        changed += own
    if not changed:
        return pixels, ()
    if wanted.colour == "rgb" and changed == len(names):
        raise UserError(name, "the pictures are grey", 'say colour = "grey": three equal channels only cost')
    to = "turned grey" if wanted.colour == "grey" else "grey, and get three equal channels"
    return pixels, (f"{changed} of {len(names)} pictures are {to}",)
