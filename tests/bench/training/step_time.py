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
from collections.abc import Callable
from pathlib import Path

import click
import torch
from torch import Tensor, nn

from quant_model.design import uniform_design
from quant_model.families import Encoder
from quant_model.network import build_network
from quant_model.training import prepare_process
from quant_model.training.families import FLOAT_FAMILIES
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
_PLAIN, _OWN = "plain", "bitfront"


@click.command()
@click.option("--network", type=click.Choice([_PLAIN, _OWN]), help="Only train this one, and print ms.")
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
    found: dict[str, list[float]] = {_PLAIN: [], _OWN: []}
    for _ in range(_TURNS):
        for network, times in found.items():
            command = [sys.executable, "-m", "tests.bench.training.step_time", "--network", network]
            command += ["--d-model", str(d_model), "--bits", str(bits)]
            times += map(float, subprocess.check_output(command, text=True).split())
    plain, own = (statistics.median(times) for times in found.values())
    return f"| {d_model} | {bits} | {plain:.2f} | {own:.2f} | {plain / own:.2f} |"


def _times(network: str, d_model: int, bits: int) -> list[float]:
    """Milliseconds of each step, in this process."""
    torch.manual_seed(0)
    shape = Encoder(
        window=_WINDOW, features=1, d_model=d_model, heads=1, ffn_width=4 * d_model, layers=1, outputs=1
    )
    design = uniform_design(shape, bits, bits)
    windows, truth = torch.randn(_BATCH, _WINDOW, 1), torch.randn(_BATCH, 1)
    family = FLOAT_FAMILIES[shape.family]
    linears = family.fold(family.model(shape).eval())
    if network == _PLAIN:
        torch.set_num_threads(1)
        step = training_step(PlainNetwork(design, linears), windows, truth)
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
