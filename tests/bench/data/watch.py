"""Recordings by subject: ``python -m tests.bench.data.watch --seglearn DIR --out FOLDER``.

Makes ``watch.csv`` and a study file ``watch.toml`` of the data that the package seglearn ships: 140
recordings of a watch's accelerometer and gyroscope, 10 subjects doing 7 shoulder exercises with either arm
(D. Burns et al., "Shoulder physiotherapy exercise recognition: machine learning the inertial signals from a
smartwatch", Physiological Measurement 39(7), 2018). Every fifth sample is taken, 10 a second. Of the package
only the file of data is used:

    pip download --no-deps seglearn==1.2.5 && unzip seglearn-1.2.5-py3-none-any.whl 'seglearn/data/*'
    python -m tests.bench.data.watch --seglearn seglearn/data --out build/watch
    bitfront run build/watch/watch.toml
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

import numpy as np

_EVERY, _STEP = 5, np.timedelta64(100, "ms")
_PAUSE = np.timedelta64(60, "s")
_STUDY = """\
# Which of seven exercises somebody does, told from two seconds of a watch's motion. Test holds subjects that
# training never saw. Made by tests/bench/data/watch.py.

[study]
name = "watch"
seed = 1
trials = 8

[data]
file = "watch.csv"
task = "classify"
time = "time"
group = "subject"
features = ["ax", "ay", "az", "wx", "wy", "wz"]
targets = ["exercise"]
classes = ["PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW"]
split = [0.6, 0.2, 0.2]

[device]
name = "xc7s15"

[space]
window = 20
d_model = [8, 16]
ffn_ratio = 2
weight_bits = { min = 4, max = 8 }
activation_bits = { min = 4, max = 8 }
lanes = [1, 2, 4]

[training]
epochs = 8
parent_epochs = 15
"""


def main() -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seglearn", type=Path, required=True, help="the folder seglearn/data")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    # The file is a pickle inside numpy's format: from the package index, under its name and version.
    data = np.load(arguments.seglearn / "watch_dataset.npy", allow_pickle=True).item()
    with (arguments.out / "watch.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["time", "subject", "side", *data["X_labels"], "exercise"])
        rows = [row for number in range(len(data["X"])) for row in _rows(data, number)]
        writer.writerows(rows)
    (arguments.out / "watch.toml").write_text(_STUDY, encoding="utf-8")
    print(f"{len(data['X'])} recordings, {len(rows)} rows: {arguments.out / 'watch.csv'}")


def _rows(data: dict[str, Any], number: int) -> list[list[str]]:
    """The rows of a recording; a subject's recordings follow each other after a pause, as they were made."""
    values = data["X"][number][::_EVERY]
    subject = data["subject"][number]
    before = [len(data["X"][one][::_EVERY]) for one in range(number) if data["subject"][one] == subject]
    start = np.datetime64("2024-01-01T00:00:00.000") + sum(before) * _STEP + len(before) * _PAUSE
    times = start + _STEP * np.arange(len(values))
    ends = str(int(subject)), "right" if data["side"][number] else "left", data["y_labels"][data["y"][number]]
    return [
        [str(time), *ends[:2], *(f"{value:.6g}" for value in row), ends[2]]
        for time, row in zip(times, values, strict=True)
    ]


if __name__ == "__main__":
    main()
