"""How long a step of a hybrid's quantised training takes against plain PyTorch.

``python -m tests.bench.training.hybrid_step_time``. As :mod:`tests.bench.training.step_time`: each network in
processes of its own that take turns, processor time. Writes ``hybrid_step_time.md`` beside this file.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import click
import torch

from quant_model.design import uniform_design
from quant_model.families import Hybrid
from tests.bench.training.plain_hybrid import PlainHybrid
from tests.bench.training.step_time import OWN, PLAIN, in_turns, step_times

_BATCH = 128
_STEPS, _FIRST, _TURNS = 8, 3, 2
_RESULT = Path(__file__).with_name("hybrid_step_time.md")
_BITS = 4
_SHAPES = {
    "8 channels, no attention": {"stem": 8, "attention_steps": 0},
    "16 channels, attention": {"stem": 16, "attention_steps": 2},
}


@click.command()
@click.option("--network", type=click.Choice([PLAIN, OWN]), help="Only train this one, and print ms.")
@click.option("--shape", type=click.Choice(list(_SHAPES)), default=next(iter(_SHAPES)))
@click.option("--bits", type=int, default=_BITS)
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
            *(_row(shape, _BITS) for shape in _SHAPES),
            "",
        ]
    )
    _RESULT.write_text(text, encoding="utf-8")
    print(text)


def _row(shape: str, bits: int) -> str:
    options = ("--shape", shape, "--bits", str(bits))
    plain, own = in_turns("tests.bench.training.hybrid_step_time", options, _TURNS)
    return f"| {shape} | {bits} | {plain:.1f} | {own:.1f} | {plain / own:.2f} |"


def _times(network: str, name: str, bits: int) -> list[float]:
    """Milliseconds of each step, in this process."""
    torch.manual_seed(0)
    chosen = _SHAPES[name]
    shape = Hybrid(
        window=784,
        height=28,
        features=1,
        stem=chosen["stem"],
        stem_stride=2,
        stages=2,
        growth=2,
        steps=4,
        heads=2,
        attention_steps=chosen["attention_steps"],
        outputs=10,
    )
    design = uniform_design(shape, bits, bits, stream_bits=8, ends_bits=8)
    windows, truth = torch.randn(_BATCH, 784, 1), torch.randn(_BATCH, 10)
    times = step_times(network, PlainHybrid, design, windows, truth)
    return list(islice(times, _FIRST, _FIRST + _STEPS))


if __name__ == "__main__":
    main()
