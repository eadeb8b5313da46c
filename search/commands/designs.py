"""Commands about single designs: sample, estimate, generate, verify, synth."""

from __future__ import annotations

import sys
from pathlib import Path

import click

import cost_model
from cost_model import resolve
from hdl.netlist_simulation import FABRICS
from hdl.place_route import TARGETS
from hdl.simulate import verify as verify_bundle
from quant_model.design import DesignPoint
from quant_model.errors import UserError
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from search.commands.options import (
    calibration_option,
    device_option,
    json_option,
    path,
    print_json,
    read_calibration,
)
from search.commands.show_estimate import (
    assessment_json,
    explanation_json,
    print_assessment,
    print_explanation,
)
from search.results.check import verification_json
from search.results.export import write_bundle
from search.results.measurement import add_timing, bundle_budget, measure, target_of
from search.show import print_table, working
from search.space.budget import DEFAULT_DEVICE, Assessment, Budget
from search.space.design_space import DesignSpace, random_designs
from search.study_files.parser import load_spec

__all__ = ["estimate", "generate", "sample", "synth", "timing", "verify"]

_OWN = "device"
"""The family that an accelerator was made for."""


@click.command()
@click.argument("study_file", type=path, metavar="STUDY.toml")
@click.option("-n", "count", type=click.IntRange(1), required=True, metavar="N", help="How many.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="S",
    help="Same seed, same designs.",
)  # fmt: skip
@click.option("--feasible", is_flag=True, help="Only designs whose estimate is within the budget.")
def sample(study_file: Path, count: int, seed: int, feasible: bool) -> None:
    """Random design points of a study's space, one JSON object a line."""
    spec = load_spec(study_file)
    for design in random_designs(DesignSpace(spec), Budget.of(spec), count, seed, feasible=feasible):
        click.echo(design.to_json())


@click.command()
@click.argument("design_file", type=path, metavar="DESIGN.json")
@device_option
@click.option("--explain", is_flag=True, help="What fills the device, and which single change makes it fit.")
@click.option(
    "--clock", "clock_mhz", type=click.FloatRange(0, 1000, min_open=True), default=Budget.clock_mhz,
    show_default=True, metavar="MHZ", help="For milliseconds and energy.",
)  # fmt: skip
@click.option(
    "--period", "period_s", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
    help="From row to row: energy is then that of the whole time, in the cheaper regime.",
)  # fmt: skip
@calibration_option
@json_option
def estimate(
    design_file: Path,
    device: str | None,
    explain: bool,
    clock_mhz: float,
    period_s: float | None,
    calibration: str | None,
    as_json: bool,
) -> None:
    """What a design takes of a device, by the cost model."""
    budget = Budget(device or DEFAULT_DEVICE, clock_mhz=clock_mhz, period_s=period_s)
    coefficients = read_calibration(calibration, budget.device.fabric)
    design = resolve(DesignPoint.load(design_file), budget.device, coefficients)
    found = cost_model.estimate(design, budget.device, coefficients)
    assessment = Assessment(design, found, budget)
    if as_json:
        content = assessment_json(assessment)
        if explain:
            content["explanation"] = explanation_json(assessment, coefficients)
        print_json(content)
        return
    print_assessment(assessment)
    if explain:
        print_explanation(assessment, coefficients)


@click.command()
@click.argument("design_file", type=path, metavar="DESIGN.json")
@click.option(
    "--random-weights", "seed", type=click.IntRange(0), required=True, metavar="SEED", help="Of the weights."
)
@click.option("--out", type=path, required=True, metavar="DIR", help="A new folder, or an earlier export.")
@device_option
def generate(design_file: Path, seed: int, out: Path, device: str | None) -> None:
    """Write an accelerator without training, with random weights: for tests and calibration."""
    assessment = Budget(device or DEFAULT_DEVICE).assess(DesignPoint.load(design_file))
    model = random_integer_model(build_network(assessment.design), seed)
    note = f"Random weights (seed {seed}): for tests, it forecasts nothing.\n"
    write_bundle(model, out, assessment, {"random_weights": seed}, note)
    print(f"wrote {out}")


@click.command()
@click.argument("bundle", type=path, metavar="DIR")
@click.option(
    "--vectors", type=click.IntRange(1), default=64, show_default=True, metavar="N", help="Windows."
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, metavar="S", help="Of the windows."
)
@click.option("--stall", is_flag=True, help="Let both streams pause at random.")
@click.option(
    "--netlist", type=click.Choice([_OWN, *FABRICS]), is_flag=False, flag_value=_OWN,
    help="Play what synthesis makes of it, cell by cell; without a name for the device's family. Slower: "
    "minutes to build, some ten thousand clocks a second.",
)  # fmt: skip
@json_option
def verify(bundle: Path, vectors: int, seed: int, stall: bool, netlist: str | None, as_json: bool) -> int:
    """Simulate an accelerator and compare every output with the golden model."""
    _check_bundle(bundle)
    if netlist == _OWN:
        netlist = bundle_budget(bundle, None).device.fabric.name
    with working(f"Simulating {vectors} windows") as say:
        result = verify_bundle(
            bundle, vectors, seed, stall, lambda done: say(f"{done}/{vectors}"), netlist=netlist
        )
    if as_json:
        print_json(verification_json(result))
    else:
        cycles = f"{result.cycles_min}..{result.cycles_max} cycles (predicted {result.cycles_predicted})"
        checked = f"{result.mismatches} mismatches in {result.outputs} outputs of {vectors} windows"
        print(f"{checked}, {cycles}, {result.tool}")
        if result.coverage is not None:
            print(f"coverage: {result.coverage.sentence}")
        if result.cells is not None:
            print("cells: " + ", ".join(f"{count} {name}" for name, count in sorted(result.cells.items())))
        if result.first_mismatch is not None:
            first = result.first_mismatch
            where = f"window {first.vector} output {first.output}"
            played = "VHDL" if netlist is None else "netlist"
            print(f"first mismatch: {where}: golden {first.expected}, {played} {first.got}", file=sys.stderr)
    return 0 if result.mismatches == 0 else 1


@click.command()
@click.argument("bundle", type=path, metavar="DIR")
@device_option
@json_option
def synth(bundle: Path, device: str | None, as_json: bool) -> int:
    """Synthesise an accelerator with Yosys: measured counts beside the estimate."""
    _check_bundle(bundle)
    with working("Synthesising"):
        result = measure(bundle, bundle_budget(bundle, device))
    if as_json:
        print_json(result.to_json())
    else:
        estimated, budget = result.assessment.resources, result.assessment.budget
        rows = [
            [name, str(used), str(estimated[name]), str(budget.device.capacity[name])]
            for name, used in result.resources.items()
        ]
        title = f"{bundle} on {budget.device_name}"
        print_table(title, ["resource", "measured", "estimate", "capacity"], rows)
        verdict = "fits" if result.fits else "does not fit"
        print(f"{verdict}{budget.limits}; measured by {result.synthesis.tool}")
    return 0 if result.fits else 1


@click.command()
@click.argument("bundle", type=path, metavar="DIR")
@click.option(
    "--target", type=click.Choice(list(TARGETS)),
    help="Family that open place and route knows; Spartan-7 is none. Left out: the design's own, or ecp5.",
)  # fmt: skip
@json_option
def timing(bundle: Path, target: str | None, as_json: bool) -> None:
    """Place and route with nextpnr on another family: evidence that no path is needlessly long."""
    _check_bundle(bundle)
    target = target or target_of(bundle_budget(bundle, None))
    with working("Placing and routing"):
        found, note = add_timing(bundle, target)
    if as_json:
        print_json({"target": target, **found.to_json()})
    else:
        print(note)


def _check_bundle(bundle: Path) -> None:
    if not (bundle / "model.json").is_file():
        raise UserError(str(bundle), "no exported accelerator", "name a folder that export or generate wrote")
