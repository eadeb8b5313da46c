"""How long a step of quantised training takes against plain PyTorch.

``python -m tests.bench.training.step_time``. Each network trains in processes of its own, as a user would run
it: the plain one with one thread, Bitfront's as its workers are set up. The processes take turns, and the
processor's time is measured: whatever else the machine does counts little, and slows both.
Writes ``step_time.md`` beside this file; times are of the machine at hand, the ratio is what counts.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import click
import torch
from torch import Tensor, nn

from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.training import prepare_process
from quant_model.training.families import FLOAT_FAMILIES
from quant_model.training.folded import FoldedLinear
from quant_model.training.quant_network import QuantNetwork
from quant_model.training.start import Start
from tests.bench.training.plain_qat import PlainNetwork

_BATCH = 128
_WINDOW = 24
_STEPS = 30
_FIRST = 10
"""Steps that are not counted: memory and threads settle."""
_TURNS = 5
_RESULT = Path(__file__).with_name("step_time.md")
PLAIN, OWN = "plain", "bitfront"


@click.command()
@click.option("--network", type=click.Choice([PLAIN, OWN]), help="Only train this one, and print ms.")
@click.option("--d-model", type=int, default=16)
@click.option("--bits", type=int, default=8)
def main(network: str | None, d_model: int, bits: int) -> None:
    """Measure, print and write the table."""
    if network is not None:
        for milliseconds in _times(network, d_model, bits):
            print(milliseconds)
        return
    rows = [_row(d_model, bits) for d_model in (16, 64) for bits in (4, 8)]
    text = "\n".join(
        [
            "# Time of a training step",
            "",
            f"Batch {_BATCH}, window {_WINDOW}, one feature, one layer, one head, ffn_width 4 x d_model, one"
            f" thread, torch {torch.__version__}.",
            f"Processor time, median of {_TURNS} processes' {_STEPS} steps each, processes taking turns.",
            "Forward, backward and AdamW. Made by `python -m tests.bench.training.step_time`.",
            "",
            "| d_model | bits | plain PyTorch, ms | Bitfront, ms | ratio |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
    _RESULT.write_text(text, encoding="utf-8")
    print(text)


def _row(d_model: int, bits: int) -> str:
    options = ("--d-model", str(d_model), "--bits", str(bits))
    plain, own = in_turns("tests.bench.training.step_time", options, _TURNS)
    return f"| {d_model} | {bits} | {plain:.2f} | {own:.2f} | {plain / own:.2f} |"


def _times(network: str, d_model: int, bits: int) -> list[float]:
    """Milliseconds of each step, in this process."""
    torch.manual_seed(0)
    shape = Encoder(
        window=_WINDOW, features=1, d_model=d_model, heads=1, ffn_width=4 * d_model, layers=1, outputs=1
    )
    design = uniform_design(shape, bits, bits)
    windows, truth = torch.randn(_BATCH, _WINDOW, 1), torch.randn(_BATCH, 1)
    times = step_times(network, PlainNetwork, design, windows, truth)
    return list(islice(times, _FIRST, _FIRST + _STEPS))


def in_turns(module: str, options: Sequence[str], turns: int) -> tuple[float, float]:
    """Median milliseconds of plain PyTorch's and of our steps, in processes of ``module`` that take turns."""
    found: dict[str, list[float]] = {PLAIN: [], OWN: []}
    for _ in range(turns):
        for network, times in found.items():
            command = [sys.executable, "-m", module, "--network", network, *options]
            times += map(float, subprocess.check_output(command, text=True).split())
    return statistics.median(found[PLAIN]), statistics.median(found[OWN])


def step_times(
    network: str,
    plain: Callable[[DesignPoint, Mapping[str, FoldedLinear]], nn.Module],
    design: DesignPoint,
    windows: Tensor,
    truth: Tensor,
) -> Iterator[float]:
    """Milliseconds of step after step of a network of random weights, in this process."""
    family = FLOAT_FAMILIES[design.shape.family]
    linears = family.fold(family.model(design.shape).eval())
    if network == PLAIN:
        torch.set_num_threads(1)
        step = training_step(plain(design, linears), windows, truth)
    else:
        prepare_process(1)
        own = QuantNetwork(build_network(design))
        own.initialise(Start(design.shape, linears, windows))
        step = training_step(own, windows, truth)
    while True:
        start = time.process_time()
        step()
        yield 1e3 * (time.process_time() - start)


def training_step(model: nn.Module, windows: Tensor, truth: Tensor) -> Callable[[], None]:
    """A step of training: forward, backward and AdamW."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    model.train()

    def step() -> None:
        loss = nn.functional.mse_loss(model(windows), truth)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
