"""A picture's file to pixels."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from quant_model.data.images.wanted import Wanted
from quant_model.errors import UserError

__all__ = ["Pixels", "decode", "resized"]

Pixels = npt.NDArray[np.uint8]
_DEEP = ("I", "F")
"""How Pillow names pictures of more than 8 bits a channel begin: I;16, I, F."""


def decode(content: bytes, place: str, wanted: Wanted) -> tuple[Pixels, bool]:
    """A PNG or JPEG file's pixels, ``(height, width, channels)``, and whether its colour was changed.

    Cameras' notes on which side is up are followed, as viewers do.

    Args:
        content: The file's bytes.
        place: What errors call it.
        wanted: Size and colour; a coloured picture is turned grey where that is asked for (ITU-R BT.601).

    Raises:
        UserError: It cannot be read, has another size, more than 8 bits a channel or transparent pixels.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as opened:
            if opened.mode.startswith(_DEEP):
                raise UserError(place, "more than 8 bits a channel", "save it with 8 bits a channel")
            picture = ImageOps.exif_transpose(opened)
            _check_size(picture, place, wanted)
            picture.load()
            picture = _opaque(picture, place)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise UserError(place, f"no readable PNG or JPEG ({_reason(error)})", "mend or remove it") from error
    mode = "L" if wanted.colour == "grey" else "RGB"
    changed = picture.mode != mode
    found = np.asarray(_resized(picture.convert(mode), wanted), np.uint8)
    return found.reshape(*wanted.size, wanted.channels), changed


def resized(pixels: Pixels, wanted: Wanted) -> Pixels:
    """Pixels ``(height, width, channels)`` in the wanted size."""
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    return np.asarray(_resized(picture, wanted), np.uint8).reshape(*wanted.size, pixels.shape[2])


def _resized(picture: Image.Image, wanted: Wanted) -> Image.Image:
    height, width = wanted.size
    if picture.size == (width, height):
        return picture
    return picture.resize((width, height), Image.Resampling.BILINEAR)


def _check_size(picture: Image.Image, place: str, wanted: Wanted) -> None:
    height, width = wanted.size
    if not wanted.resize and picture.size != (width, height):
        raise UserError(
            place,
            f"{picture.height} x {picture.width} pixels, and the study's size is {height} x {width}",
            "say resize = true, choose another size, or remove the picture",
        )


def _opaque(picture: Image.Image, place: str) -> Image.Image:
    """The picture without palette and without a channel for transparency, where nothing is transparent."""
    if "transparency" in picture.info or picture.mode in ("RGBA", "LA", "PA"):
        picture = picture.convert("RGBA")
        if np.asarray(picture.getchannel("A")).min() < 255:
            raise UserError(place, "has transparent pixels", "save it on a background")
    return picture.convert("RGB") if picture.mode in ("RGBA", "P", "CMYK", "YCbCr") else picture


def _reason(error: Exception) -> str:
    return "not of that kind" if isinstance(error, UnidentifiedImageError) else str(error)
