"""What a study says of its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Colour = Literal["grey", "rgb"]
COLOURS: Mapping[Colour, tuple[str, ...]] = MappingProxyType(
    {"grey": ("grey",), "rgb": ("red", "green", "blue")}
)
"""Names of the channels."""


@dataclass(frozen=True)
class Listing:
    """A table, in the folder of the pictures, with a row for each of them."""

    table: str
    """Its name in the folder."""
    file: str = "file"
    """The column of the pictures' names, relative to the folder."""
    label: str = "label"
    """The column of their labels."""
    split: str | None = None
    """The column that says train, validation or test; None without one."""


@dataclass(frozen=True)
class Wanted:
    """How pictures are to be.

    Attributes:
        classes: Their labels, in the order of the outputs.
        size: Height and width in pixels.
        colour: Whether they have one channel or three.
        resize: Whether pictures of another size are made to have this one; else they are refused.
        listing: The table that names the pictures of a folder; without it folders are classes.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    colour: Colour = "grey"
    resize: bool = False
    listing: Listing | None = None

    @property
    def channels(self) -> int:
        """Values of a pixel."""
        return len(COLOURS[self.colour])
