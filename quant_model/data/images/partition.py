"""Which pictures are for training, validation and test: as the files say; drawn by a seed where they do not.

What is drawn has each class in its share (stratified).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.data.division import SPLITS
from quant_model.data.images.pictures import Pictures
from quant_model.errors import UserError

__all__ = ["Shares", "partition"]

Numbers = npt.NDArray[np.int64]
TRAIN, VALIDATION, TEST = range(len(SPLITS))


@dataclass(frozen=True)
class Shares:
    """What is drawn where files do not say it.

    Attributes:
        validation: Share of the training pictures.
        test: Share of all pictures.
    """

    validation: float = 0.1
    test: float = 0.2


def partition(pictures: Pictures, shares: Shares, seed: int) -> tuple[Numbers, ...]:
    """By split the numbers of its pictures, rising.

    A picture of which nothing is said is for training where the files name a test part, else it may be drawn
    for either.

    Raises:
        UserError: A class has too few pictures to be in training and validation, or no picture is left for a
            split.
    """
    part = np.where(pictures.part < 0, TRAIN, pictures.part)
    generator = np.random.default_rng([seed, len(pictures)])
    for split, share in ((TEST, shares.test), (VALIDATION, shares.validation)):
        if not np.any(part == split):
            part[_drawn(pictures, np.flatnonzero(part == TRAIN), share, generator)] = split
    found = tuple(np.flatnonzero(part == split) for split in range(len(SPLITS)))
    _check(pictures, found)
    return found


def _drawn(pictures: Pictures, among: Numbers, share: float, generator: np.random.Generator) -> Numbers:
    """Some of them, of each class its share, at least one."""
    chosen = []
    for number in range(len(pictures.classes)):
        own = among[pictures.label[among] == number]
        count = min(max(1, round(share * len(own))), len(own) - 1)
        chosen.append(generator.permutation(own)[: max(count, 0)])
    return np.concatenate(chosen)


def _check(pictures: Pictures, found: tuple[Numbers, ...]) -> None:
    for split, own in zip(SPLITS, found, strict=True):
        there = set(pictures.label[own].tolist())
        absent = [word for number, word in enumerate(pictures.classes) if number not in there]
        if (absent and split != SPLITS[TEST]) or not len(own):
            raise UserError(
                pictures.name,
                f"no {split} picture of class {', '.join(absent)}",
                "add pictures of it (three at least), or take it out of classes",
            )
