"""Keys of ``[data]`` where the data is pictures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from quant_model.data import TASKS
from quant_model.data.images.partition import Shares
from quant_model.data.images.wanted import COLOURS, Colour, Listing, Wanted
from search.study_files.reading_keys import MOST_CLASSES, Label

__all__ = ["ImageSpec", "ListingKeys"]

_Pixels = Annotated[int, Field(ge=2, le=64, strict=True)]
_Name = Annotated[str, Field(min_length=1)]


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListingKeys(_Keys):
    """A table with a row for each picture of a folder."""

    table: _Name = Field(description="the name of a CSV file in the folder")
    """The table."""
    file: _Name = Field("file", description="the name of a column")
    """The column of the pictures' names, as seen from the table's folder."""
    label: _Name = Field("label", description="the name of a column")
    """The column of their labels."""
    split: _Name | None = Field(None, description="the name of a column")
    """The column that says train, validation or test."""


class ImageSpec(_Keys):
    """``[data]`` of pictures: where they are, and what their classes are called."""

    images: str = Field(
        min_length=1, description="a path of a folder or NPZ file, relative to the study file"
    )
    """Pictures instead of a series. A folder holds a folder for each class with PNG or JPEG in it (and above
    them train and test, if pictures are divided), or IDX files named as MNIST's, or pictures and a listing.
    An NPZ file holds train_images, train_labels, ..., or x_train, y_train, ..., or images and labels (and
    split)."""
    classes: tuple[Label, ...] = Field(
        min_length=2, max_length=MOST_CLASSES, description="a list of 2 to 16 labels"
    )
    """All classes, in the order of the outputs, as folders or labels call them. Where labels are the numbers
    0, 1, ... these are names for them, in that order."""
    size: tuple[_Pixels, _Pixels] = Field(description="height and width in pixels, each 2..64")
    """Size of all pictures."""
    colour: Colour = Field("grey", description="grey or rgb")
    """One channel or three. Coloured pictures are turned grey where grey is asked for."""
    resize: bool = Field(False, description="true or false")
    """Whether pictures of another size are brought to this one; else they are errors."""
    listing: ListingKeys | None = Field(
        None, description='{table = "labels.csv", file = "file", label = "label", split = "split"}'
    )
    """A table in the folder that says each picture's label, and its split if such a column is named."""
    validation: float = Field(0.1, gt=0, le=0.5, description="a share above 0 and up to 0.5")
    """Share of the training pictures, of each class alike, that is kept for validation, unless the files name
    a validation part. Drawn by the study's seed."""
    test: float = Field(0.2, gt=0, le=0.5, description="a share above 0 and up to 0.5")
    """Share of all pictures, of each class alike, that is kept for test, unless the files name a part."""
    flip: bool = Field(False, description="true or false")
    """Whether training pictures are mirrored at random, left to right."""
    shift: int = Field(0, ge=0, le=8, strict=True, description="whole numbers 0..8")
    """Pixels that training pictures are moved by at random, at most."""

    @model_validator(mode="after")
    def _usable(self) -> ImageSpec:
        if len(set(self.classes)) < len(self.classes):
            raise ValueError("classes must name each label once")
        return self

    @property
    def wanted(self) -> Wanted:
        """How pictures are to be."""
        listing = Listing(**self.listing.model_dump()) if self.listing else None
        return Wanted(self.classes, self.size, self.colour, self.resize, listing)

    @property
    def shares(self) -> Shares:
        """What is drawn for validation and test."""
        return Shares(self.validation, self.test)

    # What a series' keys say, and follows for pictures.

    @property
    def file(self) -> str:
        """Where the data lies."""
        return self.images

    @property
    def pixels(self) -> int:
        """Rows of a window."""
        return self.size[0] * self.size[1]

    @property
    def features(self) -> tuple[str, ...]:
        """The channels."""
        return COLOURS[self.colour]

    @property
    def targets(self) -> tuple[str, ...]:
        """The class."""
        return ("class",)

    @property
    def task(self) -> Literal["classify"]:
        """The one task of pictures."""
        return "classify"

    @property
    def horizon(self) -> tuple[int, ...]:
        """As of any labels."""
        return (1,)

    @property
    def season(self) -> None:
        """None."""
        return None

    @property
    def unit(self) -> str:
        """None."""
        return ""

    @property
    def metric(self) -> str:
        """The error's name."""
        return TASKS[self.task].metric
