"""How close quantised networks come to their float parents: ``python -m tests.bench.training.accuracy``.

Trains float parents and quantised networks of all cases on the shipped series and writes ``RESULT.md`` beside
this file from ``results.jsonl``, which holds a line per training. What stands there is not trained again: the
run can be stopped at any moment and gone on with. Everything takes about an hour of one core.

    python -m tests.bench.training.accuracy --series sf --d-model 16 --seeds 0 1 2
    python -m tests.bench.training.accuracy --ablation --series sf --d-model 16
    python -m tests.bench.training.accuracy --report         # only the tables, from what is there
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from quant_model.data import Dataset, Split
from quant_model.data.tasks import prediction_error
from quant_model.formats import Format
from quant_model.network import build_network
from quant_model.training import (
    FloatParent,
    TrainingSettings,
    parent_key,
    prepare_process,
    train,
    train_parent,
)
from quant_model.training.calibrate import best_input_scale
from tests.bench.training.cases import (
    ABLATION_CASES,
    ABLATIONS,
    CASES,
    SERIES,
    dataset,
    encoder,
    mean_weight_bits,
)

_RESULTS = Path(__file__).with_name("results.jsonl")
_REPORT = Path(__file__).with_name("RESULT.md")
_INPUT = "input "
_INPUT_BITS = (4, 6, 8)
_TITLES = {"sf": "San Francisco", "beijing": "Beijing"}
Row = dict[str, Any]


def main() -> None:
    """Train what is missing, then write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", nargs="+", choices=tuple(SERIES), default=list(SERIES))
    parser.add_argument("--d-model", nargs="+", type=int, default=[16, 32])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--cases", nargs="+", choices=tuple(CASES), default=list(CASES))
    parser.add_argument(
        "--ablation", nargs="*", choices=tuple(ABLATIONS), help="other settings (all unless named), few cases"
    )
    parser.add_argument("--report", action="store_true", help="train nothing")
    parser.add_argument("--parents", type=Path, help="a folder to keep float parents in")
    arguments = parser.parse_args()
    prepare_process(1)
    if not arguments.report:
        ablation = arguments.ablation is not None
        chosen = (arguments.ablation or list(ABLATIONS)) if ablation else ["as it is"]
        variants = {name: ABLATIONS[name] for name in chosen}
        cases = [name for name in arguments.cases if not ablation or name in ABLATION_CASES]
        for series in arguments.series:
            data = dataset(series)
            for d_model in arguments.d_model:
                for seed in arguments.seeds:
                    _run(series, data, d_model, seed, cases, variants, arguments.parents)
    rows = _rows()
    _REPORT.write_text(_report(rows), encoding="utf-8")
    print(_report(rows))


def _run(
    series: str,
    data: Dataset,
    d_model: int,
    seed: int,
    cases: Iterable[str],
    variants: Mapping[str, TrainingSettings],
    folder: Path | None,
) -> None:
    """Train what is missing of one parent's networks."""
    shape = encoder(data, d_model)
    known = {_identity(row) for row in _rows()}
    parent: FloatParent | None = None
    for variant, settings in variants.items():
        # Settings do not touch the parent.
        rounded = [f"{_INPUT}{bits}" for bits in _INPUT_BITS if variant == "as it is"]
        for case in (*rounded, *cases):
            row: Row = {"series": series, "d_model": d_model, "seed": seed, "case": case, "variant": variant}
            row["settings"] = _facts(settings)
            if _identity(row) in known:
                continue
            if parent is None:
                parent = _parent(folder, parent_key(shape, data, settings, seed), lambda: train_parent(
                    shape, data, ABLATIONS["as it is"], seed
                ))  # fmt: skip
            row["parent"] = parent.validation_error
            row["parent_test"] = prediction_error(data, data.test, parent.predict(data.test.x))
            row |= (
                _rounded(data, parent, case)
                if case in rounded
                else _trained(data, parent, case, settings, seed)
            )
            with _RESULTS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(
                series, d_model, seed, case, variant, f"{row['error'] / row['parent'] - 1:+.1%}", flush=True
            )


def _trained(data: Dataset, parent: FloatParent, case: str, settings: TrainingSettings, seed: int) -> Row:
    """What a quantised network comes to."""
    design = CASES[case].design(parent.shape)
    started = time.process_time()
    result = train(build_network(design), data, settings, seed, parent)
    return {
        "seconds": round(time.process_time() - started, 1),
        "untrained": result.history[0].validation_error,
        "error": result.validation_error,
        "test": prediction_error(data, data.test, result.integer_model.predict(data.test.x)),
        "mean_weight_bits": round(mean_weight_bits(design), 3),
    }


def _rounded(data: Dataset, parent: FloatParent, case: str) -> Row:
    """What the float parent comes to when its input is rounded as a network's is, and nothing else."""
    target = Format(int(case.removeprefix(_INPUT)))
    stride = max(len(data.train) // TrainingSettings().calibration_windows, 1)
    scale = best_input_scale(data.train.x[::stride], target)

    def error(split: Split) -> float:
        inputs = scale.quantize(split.x[:], target) * scale.step + scale.offset
        return prediction_error(data, split, parent.predict(inputs.astype(np.float32)))

    return {"error": error(data.validation), "test": error(data.test)}


def _parent(folder: Path | None, key: str, make: Callable[[], FloatParent]) -> FloatParent:
    """The parent from the folder, or made and put there."""
    if folder is None:
        return make()
    file = folder / f"{key[:32]}.npz"
    if file.exists():
        return FloatParent.from_bytes(file.read_bytes(), str(file))
    parent = make()
    folder.mkdir(parents=True, exist_ok=True)
    file.write_bytes(parent.to_bytes())
    return parent


def _facts(settings: TrainingSettings) -> dict[str, Any]:
    """What training depends on, without what came later and changes nothing by itself."""
    neutral = {"early_rung": settings.early_rung, "threshold_share": 1.0, "averaging": False}
    return {n: v for n, v in settings.own_part().items() if n not in neutral or v != neutral[n]}


def _identity(row: Row) -> str:
    names = ("series", "d_model", "seed", "case", "settings")
    text = json.dumps([row[name] for name in names], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _rows() -> list[Row]:
    """All results of trainings with the settings of today."""
    if not _RESULTS.exists():
        return []
    rows = [json.loads(line) for line in _RESULTS.read_text(encoding="utf-8").splitlines()]
    # A default that has changed makes a variant of what was the default.
    names = {json.dumps(_facts(settings), sort_keys=True): name for name, settings in ABLATIONS.items()}
    known = [(row, names.get(json.dumps(row["settings"], sort_keys=True))) for row in rows]
    return [{**row, "variant": name} for row, name in known if name is not None]


def _report(rows: list[Row]) -> str:
    return "\n".join(
        [
            "# How close quantised networks come to their float parents",
            "",
            "Difference of the validation error (RMSE), golden integer model to float parent: mean of the",
            "seeds, and the seeds one by one. *Untrained*: the parent merely rounded. *Seconds*: processor",
            "time of a training on this machine. *On test*: the same on test, which chose nothing.",
            "One layer, one head, ffn_width 4 x d_model, window 24, one hour ahead, default settings.",
            "Made by `python -m tests.bench.training.accuracy`.",
            "",
            *_cases_table([row for row in rows if row["variant"] == "as it is"]),
            "",
            "## What rounding the input costs alone",
            "",
            "The float parent with its input rounded to so many bits, all else in floating point and nothing",
            "trained for it (training gets part of it back). Where this alone is above a bar, the bar is",
            "about the data and not about the network.",
            "",
            *_input_table([row for row in rows if row["case"].startswith(_INPUT)]),
            "",
            "## What each choice is worth",
            "",
            "The same measure; all else as it is, same parents.",
            "",
            *_ablation_tables([row for row in rows if row["case"] in ABLATION_CASES]),
        ]
    )


def _cases_table(rows: list[Row]) -> list[str]:
    lines = [
        "| series | d_model | bits | bar | difference | by seed | met | untrained | seconds | on test |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for series, d_model in sorted({(row["series"], row["d_model"]) for row in rows}, reverse=True):
        for name, case in CASES.items():
            own = [r for r in rows if (r["series"], r["d_model"], r["case"]) == (series, d_model, name)]
            if not own:
                continue
            own.sort(key=lambda row: int(row["seed"]))
            mean = statistics.mean(_difference(row) for row in own)
            bar = "" if case.bar is None else f"{case.bar:.0%}"
            met = "" if case.bar is None else ("yes" if mean <= case.bar else "no")
            by_seed = " ".join(f"{_difference(row):+.1%}" for row in own)
            untrained = statistics.mean(row["untrained"] / row["parent"] - 1 for row in own)
            seconds = statistics.mean(row["seconds"] for row in own)
            test = statistics.mean(row["test"] / row["parent_test"] - 1 for row in own)
            lines.append(
                f"| {_TITLES[series]} | {d_model} | {case.title} | {bar} | {mean:+.1%} | {by_seed} | {met} |"
                f" {untrained:+.0%} | {seconds:.0f} | {test:+.1%} |"
            )
    return lines


def _input_table(rows: list[Row]) -> list[str]:
    lines = [
        "| series | d_model | bits of the input | difference | by seed | on test |",
        "|---|---|---|---|---|---|",
    ]
    for series, d_model, case in sorted({(row["series"], row["d_model"], row["case"]) for row in rows}):
        # Earlier rows were measured with other settings: the same, since they do not touch the parent.
        by_its_seed = {
            int(row["seed"]): row
            for row in rows
            if (row["series"], row["d_model"], row["case"]) == (series, d_model, case)
        }
        own = [by_its_seed[seed] for seed in sorted(by_its_seed)]
        mean = statistics.mean(_difference(row) for row in own)
        by_seed = " ".join(f"{_difference(row):+.1%}" for row in own)
        test = statistics.mean(row["test"] / row["parent_test"] - 1 for row in own)
        bits = case.removeprefix(_INPUT)
        lines.append(f"| {_TITLES[series]} | {d_model} | {bits} | {mean:+.1%} | {by_seed} | {test:+.1%} |")
    return lines


def _ablation_tables(rows: list[Row]) -> list[str]:
    lines = []
    for d_model in sorted({row["d_model"] for row in rows}):
        own = [row for row in rows if row["d_model"] == d_model]
        lines += [f"### d_model {d_model}", "", *_ablation_table(own), ""]
    return lines


def _ablation_table(rows: list[Row]) -> list[str]:
    columns = sorted({(r["series"], r["d_model"], r["case"]) for r in rows if r["variant"] != "as it is"})
    titles = [f"{_TITLES[series]}, {CASES[case].title}" for series, _, case in columns]
    lines = ["| | " + " | ".join(titles) + " |", "|---" * (len(columns) + 1) + "|"]
    for variant in ABLATIONS:
        if not any(row["variant"] == variant for row in rows):
            continue
        cells = []
        for column in columns:
            own = [
                row
                for row in rows
                if (row["series"], row["d_model"], row["case"]) == column and row["variant"] == variant
            ]
            own.sort(key=lambda row: int(row["seed"]))
            mean = f"{statistics.mean(_difference(row) for row in own):+.1%}" if own else ""
            cells.append(mean + (f" ({' '.join(f'{_difference(row):+.1%}' for row in own)})" if own else ""))
        lines.append(f"| {variant} | " + " | ".join(cells) + " |")
    return lines


def _difference(row: Row) -> float:
    return float(row["error"]) / float(row["parent"]) - 1


if __name__ == "__main__":
    main()
