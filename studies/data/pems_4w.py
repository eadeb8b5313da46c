"""Make the series of one sensor from the PeMS-4W file of Zenodo record 3939793.

    python studies/data/pems_4w.py pems-4w.csv [--sensor 4291]

Standard library only. The file has one row per sensor, without header: speeds in miles an hour, every five
minutes from the beginning of 2018 on.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import sys
from datetime import datetime, timedelta
from pathlib import Path

_START = datetime(2018, 1, 1)
_STEP = timedelta(minutes=5)
_POINTS = 28 * 288


def main() -> int:
    """Write the series beside this file, or to ``--out``; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("file", type=Path, help="pems-4w.csv")
    parser.add_argument("--sensor", type=int, default=4291, help="row of the file, from 0")
    parser.add_argument("--out", type=Path, help="file to write")
    arguments = parser.parse_args()
    out: Path = arguments.out or Path(__file__).parent / f"pems_4w_{arguments.sensor}.csv"
    try:
        with arguments.file.open(newline="") as file:
            row = next(itertools.islice(csv.reader(file), arguments.sensor, None), None)
        if row is None or len(row) != _POINTS:
            found = "no such row" if row is None else f"{len(row)} values"
            raise ValueError(f"row {arguments.sensor}: {found}, expected {_POINTS} values")
        with out.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["time", "speed"])
            for index, speed in enumerate(row):
                writer.writerow([f"{_START + index * _STEP:%Y-%m-%d %H:%M}", speed])
    except (OSError, ValueError) as error:
        print(f"error: {arguments.file}: {error}", file=sys.stderr)
        return 2
    print(f"wrote {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
