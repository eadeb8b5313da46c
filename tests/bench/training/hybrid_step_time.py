"""How long a step of a hybrid's quantised training takes against plain PyTorch.

``python -m tests.bench.training.hybrid_step_time``. As :mod:`tests.bench.training.step_time`: each network in
processes of its own that take turns, processor time. Writes ``hybrid_step_time.md`` beside this file.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import click
import torch

from quant_model.design import uniform_design
from quant_model.families import Hybrid
from quant_model.network import build_network
from quant_model.training import prepare_process
from quant_model.training.families import FLOAT_FAMILIES
from quant_model.training.quant_network import QuantNetwork
from quant_model.training.start import Start
from tests.bench.training.plain_hybrid import PlainHybrid
from tests.bench.training.step_time import training_step

_BATCH = 128
_STEPS, _FIRST, _TURNS = 8, 3, 2
_RESULT = Path(__file__).with_name("hybrid_step_time.md")
_PLAIN, _OWN = "plain", "bitfront"
_SHAPES = {
    "8 channels, no attention": {"stem": 8, "attention_steps": 0},
    "16 channels, attention": {"stem": 16, "attention_steps": 2},
}


@click.command()
@click.option("--network", type=click.Choice([_PLAIN, _OWN]), help="Only train this one, and print ms.")
@click.option("--shape", type=click.Choice(list(_SHAPES)), default=next(iter(_SHAPES)))
@click.option("--bits", type=int, default=4)
def main(network: str | None, shape: str, bits: int) -> None:
    """Measure, print and write the table."""
    if network is not None:
        for milliseconds in _times(network, shape, bits):
            print(milliseconds)
        return
    text = "\n".join(
        [
            "# Time of a hybrid's training step",
            "",
            f"Batch {_BATCH}, 28 x 28 pixels, stride 2, two stages, each block applied 4 times (attention"
            f" twice), one thread, torch {torch.__version__}.",
            f"Processor time, median of {_TURNS} processes' {_STEPS} steps each, processes taking turns.",
            "Forward, backward and AdamW. Made by `python -m tests.bench.training.hybrid_step_time`.",
            "",
            "| network | bits | plain PyTorch, ms | Bitfront, ms | ratio |",
            "|---|---|---|---|---|",
            *(_row(shape, bits) for shape in _SHAPES for bits in (4,)),
            "",
        ]
    )
    _RESULT.write_text(text, encoding="utf-8")
    print(text)


def _row(shape: str, bits: int) -> str:
    found: dict[str, list[float]] = {_PLAIN: [], _OWN: []}
    for _ in range(_TURNS):
        for network, times in found.items():
            command = [sys.executable, "-m", "tests.bench.training.hybrid_step_time", "--network", network]
            command += ["--shape", shape, "--bits", str(bits)]
            times += map(float, subprocess.check_output(command, text=True).split())
    plain, own = (statistics.median(times) for times in found.values())
    return f"| {shape} | {bits} | {plain:.1f} | {own:.1f} | {plain / own:.2f} |"


def _times(network: str, name: str, bits: int) -> list[float]:
    """Milliseconds of each step, in this process."""
    torch.manual_seed(0)
    shape = Hybrid(
        **{
            "window": 784,
            "height": 28,
            "features": 1,
            "stem_stride": 2,
            "stages": 2,
            "growth": 2,
            "steps": 4,
        },
        **{"heads": 2, "outputs": 10, **_SHAPES[name]},
    )
    design = uniform_design(shape, bits, bits, stream_bits=8, ends_bits=8)
    windows, truth = torch.randn(_BATCH, 784, 1), torch.randn(_BATCH, 10)
    family = FLOAT_FAMILIES[shape.family]
    linears = family.fold(family.model(shape).eval())
    if network == _PLAIN:
        torch.set_num_threads(1)
        step = training_step(PlainHybrid(design, linears), windows, truth)
    else:
        prepare_process(1)
        own = QuantNetwork(build_network(design))
        own.initialise(Start(shape, linears, windows))
        step = training_step(own, windows, truth)
    found = []
    for _ in range(_FIRST + _STEPS):
        start = time.process_time()
        step()
        found.append(1e3 * (time.process_time() - start))
    return found[_FIRST:]


if __name__ == "__main__":
    main()
