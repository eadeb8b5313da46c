"""How fast files are read: ``python -m tests.bench.reading`` writes reading.json, and fails beyond the bars.

It makes a file of 1,000,000 rows and two columns beside the time, and takes the best of some rounds. Seconds
are processor time of all threads, because the machine may do other things too; those of `bitfront init` are
a whole process, imports included.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from quant_model.data import Series, make_dataset
from quant_model.data.cache import Cache
from quant_model.data.series import load_series

RESULT = Path(__file__).with_suffix(".json")
_ROWS = 1_000_000
_ROUNDS = 3
_BARS = {"bitfront init": 3.0, "load_series": 1.0}
"""Seconds."""
_WINDOW, _FEATURES = 168, 8


def main() -> None:
    """Measure, print, write, and hold against the bars."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "million.csv")
        _write(path)
        cache = Cache(Path(folder, "cache"))
        _load(path, cache)
        seconds = {
            "bitfront init": _best(lambda: _init(path)),
            "load_series": _best(lambda: _load(path)),
            "load_series, from the cache": _best(lambda: _load(path, cache)),
            "pyarrow.csv.read_csv alone": _best(lambda: pa_csv.read_csv(path)),
        }
    windows, taken = _windows()
    for name, found in seconds.items():
        bar = f" (bar: {_BARS[name]:g})" if name in _BARS else ""
        print(f"{name:30} {found:6.2f} s{bar}")
    print(
        f"windows of {_WINDOW} x {_FEATURES}: {taken / 1e6:.0f} MB at most; as copies {windows / 1e6:.0f} MB"
    )
    content = {
        "rows": _ROWS,
        "processor_seconds": {name: round(found, 3) for name, found in seconds.items()},
        "bars": _BARS,
        "windows": {
            "rows x features": f"{_WINDOW} x {_FEATURES}",
            "megabytes": round(taken / 1e6),
            "megabytes as copies": round(windows / 1e6),
        },
        "processor": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }
    RESULT.write_text(json.dumps(content, indent=1) + "\n")
    missed = [name for name, bar in _BARS.items() if seconds[name] > bar]
    if missed:
        sys.exit(f"slower than the bar: {', '.join(missed)}")


def _write(path: Path) -> None:
    minutes = np.arange(_ROWS)
    rng = np.random.default_rng(1)
    day = minutes * 2 * np.pi / 1440
    table = {
        "time": pa.array(np.datetime64("2024-01-01", "s") + minutes * np.timedelta64(60, "s")),
        "load_kw": pa.array((50 + 10 * np.sin(day) + rng.normal(size=_ROWS)).round(3)),
        "temperature_c": pa.array((15 + 8 * np.sin(day + 1) + rng.normal(size=_ROWS)).round(2)),
    }
    pa_csv.write_csv(pa.table(table), path)


def _init(path: Path) -> None:
    out = path.with_suffix(".toml")
    out.unlink(missing_ok=True)
    start = "from search.entry import main; main()"
    call = [sys.executable, "-c", start, "init", str(path), "--out", str(out)]
    subprocess.run(call, check=True, stdout=subprocess.DEVNULL)


def _load(path: Path, cache: Cache | None = None) -> Series:
    names = ("load_kw", "temperature_c")
    return load_series(path, "time", names, names[:1], cache=cache)


def _windows() -> tuple[int, int]:
    """Bytes of all windows as copies, and those taken at most while a dataset is made and read through."""
    values = np.random.default_rng(1).normal(size=(_ROWS, _FEATURES))
    hours = np.arange(_ROWS)
    series = Series(
        name="memory",
        sha256="",
        time=np.datetime64("2020-01-01", "us") + hours * np.timedelta64(1, "h"),
        step=np.timedelta64(1, "h"),
        position=hours.astype(np.int64),
        feature_names=tuple(f"f{index}" for index in range(_FEATURES)),
        target_names=("f0",),
        features=values,
        targets=values[:, :1],
    )
    tracemalloc.start()
    dataset = make_dataset(series, _WINDOW)
    for start in range(0, len(dataset.train), 4096):
        dataset.train.x[start : start + 4096].sum()
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    count = sum(len(dataset.split(name)) for name in ("train", "validation", "test"))
    return count * _WINDOW * _FEATURES * 4, taken


def _best(action: Callable[[], object]) -> float:
    """Seconds of this process and its children, the least of some rounds."""
    found = []
    for _ in range(_ROUNDS):
        start = _seconds()
        action()
        found.append(_seconds() - start)
    return min(found)


def _seconds() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main()
