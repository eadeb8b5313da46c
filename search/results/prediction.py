"""Answers of an accelerator on a board: for all windows of a table of the user's, or for a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

from hdl.host.bitfront_host import Accelerator, Facts, decide
from quant_model.data.images.decoding import decode
from quant_model.data.images.wanted import Wanted
from quant_model.errors import UserError
from search.files import file_errors, read_bytes
from search.results.export import MANIFEST

__all__ = ["Prediction", "predictions", "read_picture", "read_rows"]


@dataclass(frozen=True)
class Prediction:
    """The forecast of a window.

    Attributes:
        row: Of the table, the window's newest; the first is 0.
        forecasts: In the user's units.
        decision: The window's class, where outputs are classes.
    """

    row: int
    forecasts: tuple[float, ...]
    decision: str | None


def read_rows(file: Path, facts: Facts) -> npt.NDArray[np.float64]:
    """The columns that an accelerator wants, ``(rows, columns)``, of a CSV file with a header.

    Raises:
        UserError: the file cannot be read, lacks a column, has fewer rows than a window, or holds what is no
            finite number.
    """
    with file_errors(str(file), "cannot read the file", "check the path"):
        try:
            table = pyarrow.csv.read_csv(file)
        except pa.ArrowInvalid as error:
            raise UserError(
                str(file), f"is no table ({error})", "give a CSV file with commas and a header"
            ) from error
    missing = [name for name in facts.columns if name not in table.column_names]
    if missing:
        raise UserError(
            str(file), f"has no column {', '.join(missing)}", f"it has {', '.join(table.column_names)}"
        )
    rows = np.stack([_numbers(table[name], file, name) for name in facts.columns], axis=1)
    if len(rows) < facts.rows:
        raise UserError(str(file), f"{len(rows)} rows are no window", f"give {facts.rows} or more")
    return rows


def read_picture(file: Path, bundle: Path) -> npt.NDArray[np.float64] | None:
    """The pixels that an exported accelerator wants, ``(rows, channels)``; None where it reads no pictures.

    Raises:
        UserError: the file is no PNG or JPEG of its size.
    """
    manifest = bundle / MANIFEST
    picture = json.loads(manifest.read_text()).get("picture") if manifest.is_file() else None
    if picture is None:
        return None
    wanted = Wanted((), (picture["height"], picture["width"]), picture["colour"])
    pixels, _ = decode(read_bytes(file), str(file), wanted)
    return pixels.reshape(-1, wanted.channels).astype(np.float64)


def predictions(
    accelerator: Accelerator, rows: npt.NDArray[np.float64], last: int | None
) -> Iterator[Prediction]:
    """The forecasts of all windows of some rows, oldest first; of the ``last`` ones alone unless None.

    Raises:
        HostError: the accelerator does not answer, or refuses a frame.
    """
    facts = accelerator.facts
    newest = range(facts.rows - 1, len(rows))
    chosen = newest if last is None else newest[-last - facts.warm_up :]
    if facts.warm_up:
        accelerator.reset()
    for index, row in enumerate(chosen):
        found = accelerator.predict(rows[row + 1 - facts.rows : row + 1].tolist())
        # Before that, of an endless series, answers depend on rows that were not sent.
        if index >= facts.warm_up:
            yield Prediction(row, tuple(found), decide(facts, found))


def _numbers(column: pa.ChunkedArray, file: Path, name: str) -> npt.NDArray[np.float64]:
    try:
        values = np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)
    except pa.ArrowInvalid as error:
        raise UserError(
            f"{file} column {name}",
            f"holds what is no number ({error})",
            "write numbers with a decimal point",
        ) from error
    wrong = np.flatnonzero(~np.isfinite(values))
    if len(wrong):
        raise UserError(
            f"{file} row {wrong[0] + 1} column {name}",
            "is missing or no finite number",
            "fill or remove the rows around it: the accelerator cannot",
        )
    return values
