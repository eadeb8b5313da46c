"""How long a step of quantised training takes against plain PyTorch.

``python -m tests.bench.training.step_time``. Both networks take turns in one process with one thread, and the
processor's time is measured: whatever else the machine does counts little, and slows both.
Writes ``step_time.md`` beside this file; times are of the machine at hand, the ratio is what counts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from quant_model.design import Architecture, uniform_design
from quant_model.network import build_network
from quant_model.training import use_threads
from quant_model.training.float_model import FloatTransformer
from quant_model.training.fold import fold
from quant_model.training.quant_network import QuantNetwork
from quant_model.training.start import Start
from tests.bench.training.plain_qat import PlainNetwork

_BATCH = 128
_WINDOW = 24
_ROUNDS = 60
_FIRST = 10
"""Rounds that are not counted: memory and threads settle."""
_RESULT = Path(__file__).with_name("step_time.md")


def main() -> None:
    """Measure, print and write the table."""
    use_threads(1)
    rows = [_row(d_model, bits) for d_model in (16, 64) for bits in (4, 8)]
    text = "\n".join(
        [
            "# Time of a training step",
            "",
            f"Batch {_BATCH}, window {_WINDOW}, one feature, one layer, one head, ffn_width 4 x d_model, one"
            f" thread, torch {torch.__version__}.",
            f"Processor time, median of {_ROUNDS - _FIRST} steps, taken in turns.",
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
    torch.manual_seed(0)
    architecture = Architecture(
        window=_WINDOW, features=1, d_model=d_model, heads=1, ffn_width=4 * d_model, layers=1, outputs=1
    )
    design = uniform_design(architecture, bits, bits)
    windows, truth = torch.randn(_BATCH, _WINDOW, 1), torch.randn(_BATCH, 1)
    linears = fold(FloatTransformer(architecture).eval())
    own = QuantNetwork(build_network(design))
    own.initialise(Start(architecture, linears, windows))
    steps = [_step(model, windows, truth) for model in (PlainNetwork(design, linears), own)]
    times: list[list[float]] = [[], []]
    for _ in range(_ROUNDS):
        for step, found in zip(steps, times, strict=True):
            start = time.process_time()
            step()
            found.append(1e3 * (time.process_time() - start))
    plain, fused = (statistics.median(found[_FIRST:]) for found in times)
    return f"| {d_model} | {bits} | {plain:.2f} | {fused:.2f} | {plain / fused:.2f} |"


def _step(model: nn.Module, windows: Tensor, truth: Tensor) -> Callable[[], None]:
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
