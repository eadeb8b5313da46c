"""A folder of pictures with a table that says each one's label, and its split where it has such a column."""

from __future__ import annotations

from pathlib import PurePosixPath

from quant_model.data.images.class_folders import decoded
from quant_model.data.images.found import UNSAID, Found, part_of
from quant_model.data.images.packing import Packed
from quant_model.data.images.wanted import Listing, Wanted
from quant_model.data.reading.sheet import Sheet, column_place, words_of
from quant_model.data.reading.source import read_sheet
from quant_model.errors import UserError

__all__ = ["listed"]


def listed(files: Packed, name: str, wanted: Wanted, listing: Listing) -> Found:
    """The pictures that a table names.

    Raises:
        UserError: The table is absent or lacks a column, a picture is absent, named twice or cannot be read,
            or a split is none.
    """
    if listing.table not in files.names:
        raise UserError(f"{name}/{listing.table}", "no such table", "name one in the folder of the pictures")
    sheet = read_sheet(files.read(listing.table), f"{name}/{listing.table}")
    names, labels = (_column(sheet, column) for column in (listing.file, listing.label))
    above = PurePosixPath(listing.table).parent
    paths = tuple(str(above / one) for one in names)
    known, seen = set(files.names), set()
    for row, path in enumerate(paths):
        place = sheet.place(row, listing.file)
        if path not in known:
            raise UserError(place, f"no picture {names[row]!r}", "correct the name, or remove the row")
        if path in seen:
            raise UserError(place, f"{names[row]!r} is named twice", "keep one of the rows")
        seen.add(path)
    parts = tuple(_parts(sheet, listing.split)) if listing.split else (UNSAID,) * len(paths)
    pixels, notes = decoded(files, paths, name, wanted)
    return Found(sheet.name, pixels, labels, parts, notes)


def _column(sheet: Sheet, column: str) -> tuple[str, ...]:
    column_place(column, sheet.header, sheet.name)
    return tuple(words_of(sheet.columns[column]).to_pylist())


def _parts(sheet: Sheet, column: str) -> list[str]:
    found = []
    for row, word in enumerate(_column(sheet, column)):
        part = part_of(word)
        if part is None:
            raise UserError(
                sheet.place(row, column), f"{word!r} is no split", "write train, validation or test"
            )
        found.append(part)
    return found
