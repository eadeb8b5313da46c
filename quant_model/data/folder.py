"""A folder of files, each a recording of its own: read as one series, packed as one content to be kept."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from quant_model.data.series import APART, Series
from quant_model.errors import UserError

__all__ = ["FILE_COLUMN", "load_folder", "pack_folder", "unpack_folder"]

FILE_COLUMN = "file"
"""What tells recordings apart where no column does: the file that they stand in."""
_SUFFIXES = (".csv", ".csv.gz", ".parquet")
_MARK = b"bitfront recordings"
"""Comment of the archive: other kinds of file are zip archives, too."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def load_folder(folder: Path, name: str, load: Callable[[Path, str], Series]) -> Series:
    """Read every file of a folder and put the recordings together, file after file by name.

    Args:
        folder: The folder; files whose names do not end in .csv, .csv.gz or .parquet are left alone.
        name: What errors call it.
        load: Reads one file, which errors call by the name given.

    Raises:
        UserError: There is no such file, one cannot be read, or their steps do not go together.
    """
    files = _files(folder, name)
    return _joined({file: load(folder / file, f"{name}/{file}") for file in files}, name)


def pack_folder(folder: Path, name: str) -> bytes:
    """The files that :func:`load_folder` reads as one content; equal files, equal bytes.

    Raises:
        UserError: There is none, or one cannot be read.
    """
    buffer = io.BytesIO()
    # Stored as they are: what compression makes of them depends on the library's version.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.comment = _MARK
        for file in _files(folder, name):
            try:
                archive.writestr(zipfile.ZipInfo(file, _EPOCH), (folder / file).read_bytes())
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise UserError(
                    f"{name}/{file}", f"cannot read the file ({reason})", "check its permissions"
                ) from error
    return buffer.getvalue()


def unpack_folder(content: bytes, folder: Path) -> bool:
    """Write the files of a packed folder; False, and nothing written, for any other content."""
    if not content.endswith(_MARK):
        return False
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    return True


def _files(folder: Path, name: str) -> list[str]:
    found = sorted(one.name for one in folder.iterdir() if one.name.endswith(_SUFFIXES) and one.is_file())
    found = [file for file in found if not file.startswith(".")]
    if not found:
        raise UserError(
            name, "no file of data in this folder", f"put recordings there: *{', *'.join(_SUFFIXES)}"
        )
    return found


def _joined(parts: dict[str, Series], name: str) -> Series:
    """Recordings of several files as one series."""
    series = list(parts.values())
    rows = {
        step: sum(one.rows for one in series if one.step == step) for step in {one.step for one in series}
    }
    step = max(sorted(rows), key=rows.__getitem__)
    for one in series:
        if one.step % step:
            raise UserError(
                one.name,
                f"its rows go in steps of {one.step}, those of other files in steps of {step}",
                "bring all recordings to the same step",
            )
    first = series[0]
    names = [one.group_names or (_stem(file),) for file, one in parts.items()]
    number = {label: index for index, label in enumerate(dict.fromkeys(itertools.chain(*names)))}
    own = [np.array([number[label] for label in labels], np.int64) for labels in names]
    group = [
        np.repeat(numbers, one.rows) if one.group is None else numbers[one.group]
        for numbers, one in zip(own, series, strict=True)
    ]
    marks = [one.anomalous for one in series if one.anomalous is not None]
    return Series(
        name=name,
        sha256="",
        time=np.concatenate([one.time for one in series]),
        step=step,
        position=_positions(series, step),
        feature_names=first.feature_names,
        target_names=first.target_names,
        features=np.concatenate([one.features for one in series]),
        targets=np.concatenate([one.targets for one in series]),
        classes=first.classes,
        anomalous=np.concatenate(marks) if marks else None,
        group=np.concatenate(group),
        group_names=tuple(number),
        group_column=first.group_column or FILE_COLUMN,
    )


def _stem(file: str) -> str:
    return file.removesuffix(next(end for end in _SUFFIXES if file.endswith(end)))


def _positions(series: Sequence[Series], step: np.timedelta64) -> npt.NDArray[np.int64]:
    distances = [np.array([0], np.int64)]
    for one in series:
        inner = np.diff(one.position)
        distances += [np.where(inner < APART, inner * (one.step // step), APART), np.array([APART])]
    return np.cumsum(np.concatenate(distances[:-1]))
