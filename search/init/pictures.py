"""A first study file for pictures: what a folder or NPZ file holds, and a hybrid for it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quant_model.data.images import load_pictures, pack_pictures
from quant_model.data.images.packing import is_idx_name
from quant_model.data.images.survey import Survey, survey
from quant_model.errors import UserError
from quant_model.training.settings import TrainingSettings
from search.init.wording import check_new, comment, device_text, remark, study_name, toml, within, write_new
from search.study_files.parser import parse_spec
from search.study_files.picture_data import PictureData
from search.study_files.reading_keys import MOST_CLASSES
from search.study_files.spec import ImageSpec

__all__ = ["PictureGuess", "are_pictures", "look_at_pictures", "write_for_pictures"]

_MOST_PIXELS, _USUAL = 64, 32
"""The largest side that a study takes, and that of a picture that is made smaller."""
_VISITS, _PARENT_VISITS = 120_000_000, 240_000_000
"""Pixels seen in training a design and a float parent: some one and two minutes of one core."""
_EPOCHS, _PARENT_EPOCHS = range(6, TrainingSettings.epochs + 1), range(12, TrainingSettings.parent_epochs + 1)
_STRIDE_FROM = 16
"""Pixels of the shorter side from which on the first convolution leaves out every other pixel."""


@dataclass(frozen=True)
class PictureGuess:
    """What was found.

    Attributes:
        name: What the user calls the folder or file.
        content: Of it.
        found: What it holds.
        size: Height and width that the study is to have.
        resize: Whether some pictures have to be changed for it.
    """

    name: str
    content: bytes
    found: Survey
    size: tuple[int, int]
    resize: bool

    @property
    def facts(self) -> list[tuple[str, str]]:
        """For people."""
        found = self.found
        parts = ", ".join(f"{count} {part}" for part, count in found.parts.items())
        return [
            ("pictures", f"{found.count}, in {found.kind}"),
            ("size", f"{_times(self.size)}{f' ({self.why_resized})' if self.resize else ''}"),
            ("colour", "rgb" if found.coloured else "grey (no picture has a colour)"),
            ("classes", ", ".join(found.labels)),
            ("split", f"{parts or 'nothing said'}; what is not said is drawn by the seed, each class alike"),
        ]

    @property
    def why_resized(self) -> str:
        """Why, in a few words."""
        sizes = list(self.found.sizes)
        shown = ", ".join(map(_times, sizes[:3])) + (f" and {len(sizes) - 3} more" if len(sizes) > 3 else "")
        return f"resized, for the pictures have {shown}"


def are_pictures(path: Path) -> bool:
    """Whether a path is one that pictures are read from.

    Raises:
        UserError: it is one of several IDX files that belong together.
    """
    if is_idx_name(path.name) and path.is_file():
        raise UserError(str(path), "one IDX file alone", f"name the folder of all of them: {path.parent}")
    return path.is_dir() or path.suffix.lower() == ".npz"


def look_at_pictures(path: Path) -> PictureGuess:
    """Look at all pictures of a folder or NPZ file.

    Raises:
        UserError: one cannot be read, or there are too few classes or too many.
    """
    content = pack_pictures(path, str(path))
    found = survey(content, str(path))
    if not 2 <= len(found.labels) <= MOST_CLASSES:
        raise UserError(
            str(path),
            f"{len(found.labels)} classes",
            f"an accelerator tells 2 to {MOST_CLASSES}: leave some out, or put them together",
        )
    size = next(iter(found.sizes))
    if max(size) > _MOST_PIXELS:
        scale = _USUAL / max(size)
        size = (max(2, round(scale * size[0])), max(2, round(scale * size[1])))
    return PictureGuess(str(path), content, found, size, resize=set(found.sizes) != {size})


def write_for_pictures(guess: PictureGuess, path: Path, out: Path, device: str) -> None:
    """Write a study file that runs on the user's own pictures.

    Raises:
        UserError: the study file exists already or cannot be written, or a class has too few pictures.
    """
    check_new(out)
    shown = os.path.relpath(path.absolute(), out.absolute().parent)
    text = _text(guess, shown, out, device)
    spec = parse_spec(text, str(out))
    assert isinstance(spec.data, ImageSpec)
    PictureData(spec, load_pictures(guess.content, guess.name, spec.data.wanted)).check()
    write_new(out, text)


def _text(guess: PictureGuess, shown: str, out: Path, device: str) -> str:
    found, pixels = guess.found, guess.size[0] * guess.size[1]
    count = found.parts.get("train", round(0.7 * found.count))
    epochs = within(_VISITS // (count * pixels), _EPOCHS)
    parent_epochs = within(_PARENT_VISITS // (count * pixels), _PARENT_EPOCHS)
    return f"""\
# Made by `bitfront init` from {comment(guess.name)}. Its guesses are marked; change what is wrong.
#
#     bitfront run {out.name}
#
# All keys: bitfront schema. Where a list can stand, so can one value or a range {{min = 2, max = 8}}.

[study]
name = {toml(study_name(out))}
trials = 12
# Designs to train in all; more make a better front. Run again with --trials 40 to go on.
objectives = ["error", "utilization"]

[data]
{chr(10).join(_data_lines(guess, shown))}

[device]
{device_text(device)}

[space]
family = "hybrid"
# Convolutions and attention, each applied several times with the same weights.
stem = [8, 16]
# Channels of the first block. [16, 24] is more accurate, larger and slower to train.
stem_stride = {2 if min(guess.size) >= _STRIDE_FROM else 1}
# 2: the first convolution leaves out every other pixel and line.
stages = 2
growth = 2
# Blocks of convolutions; each has half the lines and columns of the one before, `growth` times the channels.
steps = 4
# Times that each block is applied.
attention_steps = [0, 2]
heads = 2
# Attention among the last block's pixels: none, or applied twice.
pooling = ["mean", "none"]
# What the last layer reads: the mean of these pixels, or each of them with weights of its own.
weight_bits = {{ min = 3, max = 6 }}
activation_bits = {{ min = 4, max = 8 }}
input_bits = [6, 8]
residual_bits = [8, 10]
lanes = [1, 2, 4]
# Parallel multiply-accumulates of each engine.

[training]
# For about {count} training pictures. More epochs are more accurate, and take longer.
epochs = {epochs}
parent_epochs = {parent_epochs}
"""


def _data_lines(guess: PictureGuess, shown: str) -> Iterator[str]:
    """``[data]``: each key, and below it what it means here and why."""
    found = guess.found
    yield f"images = {toml(shown)}"
    yield from remark(f"{found.count} pictures, in {found.kind}.")
    yield f"classes = {toml(list(found.labels))}"
    numbers = all(re.fullmatch(r"\d+", label) for label in found.labels)
    more = " Names may stand instead of the numbers, in their order." if numbers else ""
    yield from remark(f"All classes, in the order of the outputs.{more}")
    yield f"size = {toml(list(guess.size))}"
    yield from remark("Height and width in pixels.")
    if guess.resize:
        yield "resize = true"
        yield from remark(f"Guess: {guess.why_resized}.")
    yield f"colour = {toml('rgb' if found.coloured else 'grey')}"
    for part, key, share, of in (
        ("validation", "validation", 0.1, "training pictures"),
        ("test", "test", 0.2, "all pictures"),
    ):
        if part not in found.parts:
            yield f"{key} = {share}"
            yield from remark(f"Share of the {of}, of each class alike, for {part}; the files name none.")
    yield "flip = false"
    yield from remark(
        "Whether training pictures are mirrored at random: not for letters, digits, left and right."
    )
    yield "shift = 1"
    yield from remark("Pixels that training pictures are moved by at random, at most.")


def _times(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
