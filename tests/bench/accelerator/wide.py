"""Generate and verify designs from all over the space: ``studies/wide.toml``.

``python -m tests.bench.accelerator.wide --designs 200 --seed 7 --jobs 2`` from the repository's root. Each
design is what ``bitfront sample`` draws at that place for that seed; its accelerator gets random weights and
plays the same windows twice: without pauses, where windows sent alone must take the cycles that the schedule
says, and with pauses on both streams behind a reset in the middle of a window. Every output must equal the
golden model's. It can be stopped and started again: what is done stays in ``build/wide``, a line a design.
With ``--report`` the lines become ``WIDE.md``.

``--family stream --designs 100 --most-cycles 20000`` does the same for accelerators that take a series row by
row: the rows of three times what a forecast sees follow each other, and every row's forecast must be right.
Lines lie in a file of their own, the report in ``WIDE_STREAM.md``.

``--family hybrid --designs 60`` does it for images of up to 32 x 32 pixels and for series, drawn here: 1 to 3
channels, 1 to 3 stages, blocks applied 1 to 8 times, with and without attention (``WIDE_HYBRID.md``).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from random import Random
from typing import Any

import click

from hdl.analysis import GhdlError
from hdl.generate import generate
from hdl.simulate import Verification, verify_each
from quant_model.design import DesignPoint
from quant_model.families import Hybrid
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from quant_model.schedule import schedule
from search.space.budget import Budget
from search.space.design_space import DesignSpace, random_designs
from search.study_files.parser import load_spec
from tests.designs import random_hybrid

__all__ = ["check", "drawn"]

HERE = Path(__file__).parent
STUDY = HERE.parents[2] / "studies" / "wide.toml"
REPORTS = {
    "encoder": HERE / "WIDE.md",
    "stream": HERE / "WIDE_STREAM.md",
    "hybrid": HERE / "WIDE_HYBRID.md",
}
VECTORS = {"encoder": 8, "stream": 3, "hybrid": 4}
DRAWN_FROM = {
    "encoder": "`bitfront sample studies/wide.toml -n {count} --seed {seed}` draws",
    "stream": "are drawn from studies/wide.toml for accelerators that take a series row by row",
    "hybrid": "are drawn by `tests.designs.random_hybrid`, images of up to 32 x 32 pixels and series",
}
LARGEST_IMAGE, MOST_CHANNELS = 32, 8


@click.command()
@click.option("--designs", "count", type=click.IntRange(1), default=200, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=7, show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True)
@click.option("--family", type=click.Choice(tuple(REPORTS)), default="encoder", show_default=True)
@click.option("--report", "write", is_flag=True, help="Write the report from what is done.")
@click.option("--most-cycles", type=click.IntRange(1), help="Leave out designs whose windows take more.")
@click.option("--cache", type=click.Path(path_type=Path), default=Path("build/wide"), show_default=True)
def main(
    count: int, seed: int, jobs: int, family: str, write: bool, most_cycles: int | None, cache: Path
) -> None:
    """Check designs drawn from studies/wide.toml; exit status 1 when one is wrong."""
    cache.mkdir(parents=True, exist_ok=True)
    lines = cache / f"seed{seed}{'' if family == 'encoder' else f'-{family}'}.jsonl"
    done = _done(lines)
    designs = list(enumerate(drawn(count, seed, family)))
    # Small ones first: what is wrong shows early.
    cycles = {design.digest: _cycles(design) for _, design in designs}
    open_ones = sorted(
        (
            entry
            for entry in designs
            if entry[1].digest not in done and cycles[entry[1].digest] <= (most_cycles or sys.maxsize)
        ),
        key=lambda entry: cycles[entry[1].digest],
    )
    with ThreadPoolExecutor(jobs) as pool:
        checks = [pool.submit(_checked, place, design, seed) for place, design in open_ones]
        for finished in as_completed(checks):
            line = finished.result()
            with lines.open("a") as sink:
                sink.write(json.dumps(line) + "\n")
            done[line["design"]] = line
            click.echo(_told(line))
    found = [done[design.digest] for _, design in designs if design.digest in done]
    wrong = [line for line in found if line["wrong"]]
    click.echo(f"{len(found)} of {count} designs played, {len(wrong)} wrong")
    if write:
        REPORTS[family].write_text(_report(found, count, seed, family))
    sys.exit(bool(wrong))


def drawn(count: int, seed: int, family: str = "encoder") -> Iterator[DesignPoint]:
    """The designs that ``bitfront sample`` draws; streams from the same space without repeats."""
    if family == "hybrid":
        randoms = (Random(1000 * seed + place) for place in range(count))
        return (random_hybrid(random, LARGEST_IMAGE, MOST_CHANNELS) for random in randoms)
    spec = load_spec(STUDY)
    if family != "encoder":
        space = spec.space.model_copy(update={"family": (family,), "repeats": (1,)})
        spec = spec.model_copy(update={"space": space})
    return random_designs(DesignSpace(spec), Budget.of(spec), count, seed, feasible=False)


def _cycles(design: DesignPoint) -> int:
    """Clocks of a window: of a series row by row those of all rows that a forecast sees."""
    network = build_network(design)
    return int(schedule(network).cycles * (network.warm_up + 1))


def check(design: DesignPoint, seed: int) -> dict[str, Any]:
    """What became of a design, as a JSON object; ``wrong`` names what is not as it must be."""
    start = time.monotonic()
    network = build_network(design)
    plan = schedule(network)
    line: dict[str, Any] = {
        "design": design.digest,
        "shape": _told_shape(design),
        "lanes": sum(design.engines[name].lanes for name in plan.timings),
        "predicted": plan.cycles,
    }
    wrong: list[str] = []
    try:
        with tempfile.TemporaryDirectory(prefix="wide-") as folder:
            generate(random_integer_model(network, seed), Path(folder))
            vectors = VECTORS[design.shape.family]
            plain, stalled = verify_each(Path(folder), vectors, seed, (False, True))
        for name, found in (("plain", plain), ("stalled", stalled)):
            line[name] = found.mismatches
            wrong += _faults(name, found)
        line["cycles"], line["tool"] = [plain.cycles_min, plain.cycles_max], plain.tool
    except GhdlError as error:
        wrong.append(str(error))
    return {**line, "wrong": wrong, "seconds": round(time.monotonic() - start, 1)}


def _told_shape(design: DesignPoint) -> str:
    shape = design.shape
    if isinstance(shape, Hybrid):
        return f"{shape.brief} -> {shape.outputs}"
    return (
        f"{shape.window} x {shape.features} -> {shape.outputs}, d_model {shape.d_model}, "
        f"{shape.heads} heads, ffn {shape.ffn_width}, {shape.layers} layers, {shape.repeats} passes"
    )


def _checked(place: int, design: DesignPoint, seed: int) -> dict[str, Any]:
    return {"place": place, **check(design, seed)}


def _faults(name: str, found: Verification) -> list[str]:
    faults = []
    if found.mismatches:
        faults.append(f"{name}: {found.mismatches} of {found.outputs} outputs differ: {found.first_mismatch}")
    if not found.cycles_min == found.cycles_max == found.cycles_predicted:
        faults.append(
            f"{name}: {found.cycles_min}..{found.cycles_max} cycles, predicted {found.cycles_predicted}"
        )
    return faults


def _done(lines: Path) -> dict[str, dict[str, Any]]:
    if not lines.is_file():
        return {}
    return {line["design"]: line for line in map(json.loads, lines.read_text().splitlines())}


def _told(line: dict[str, Any]) -> str:
    verdict = "; ".join(line["wrong"]) or "0 mismatches"
    return f"{line['place']:4d} {line['shape']}: {line['predicted']} cycles, {verdict}, {line['seconds']} s"


def _report(found: list[dict[str, Any]], count: int, seed: int, family: str) -> str:
    compiled = sum("cxxrtl" in line.get("tool", "") for line in found)
    outputs = sum(line["wrong"] == [] for line in found)
    rows = "\n".join(
        f"| {line['place']} | `{line['design']}` | {line['shape']} | {line['lanes']} | {line['predicted']} | "
        f"{'; '.join(line['wrong']) or 'equal'} | {line['seconds']:.0f} |"
        for line in sorted(found, key=lambda line: line["place"])
    )
    options = f"--designs {count} --seed {seed}" + ("" if family == "encoder" else f" --family {family}")
    vectors = VECTORS[family]
    drawn_by = DRAWN_FROM[family].format(count=count, seed=seed)
    left = count - len(found)
    rest = f" {left} with the longest windows were not played (`--most-cycles`)." if left else ""
    return f"""# Designs from all over the space

Written by `python -m tests.bench.accelerator.wide {options} --report`: the designs that
{drawn_by}, each generated with random
weights and verified with {vectors} windows without pauses and {vectors} with pauses on both streams behind a
reset in the middle of a window. "Equal": no output differs from the golden model's, and windows sent alone
take the predicted cycles.

**{outputs} of {len(found)} designs equal**; {compiled} played in compiled code, with GHDL repeating the first
windows where that does not take it many minutes, the others in GHDL alone. Seconds are those of a machine
with other work to do.{rest}

| place | design | shape -> outputs | lanes | cycles | result | s |
|---|---|---|---|---|---|---|
{rows}
"""


if __name__ == "__main__":
    main()
