"""What training on stretches is worth: ``python -m tests.bench.training.stretches``.

Times of a step, of the window family, of a stream window by window, and of a stream in stretches; then
validation errors of streams trained either way. Networks take turns step by step in one process, and the
processor's time is measured. Writes ``STRETCHES.md`` beside this file: ten minutes of one core, of which
``--series`` without a name leaves the errors out.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from quant_model.data import Dataset, load_series, make_dataset
from quant_model.design import uniform_design
from quant_model.families import AnyShape, Encoder, Stream
from quant_model.network import build_network
from quant_model.training import TrainingSettings, prepare_process, train, train_parent
from quant_model.training.families import FLOAT_FAMILIES
from quant_model.training.quant_network import QuantNetwork
from quant_model.training.start import Start
from tests.bench.training.cases import DATA, SERIES

_BATCH, _WINDOW, _BITS = 128, 24, 8
_FIRST, _STEPS = 10, 60
"""Steps that are not counted, since memory and threads settle, and those that are."""
_LENGTHS = (1, TrainingSettings.stretch)
_SEEDS = range(3)
_EPOCHS, _PARENT_EPOCHS = 10, 20
_RESULT = Path(__file__).with_name("STRETCHES.md")


def main() -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--series", nargs="*", choices=tuple(SERIES), default=list(SERIES))
    series = parser.parse_args().series
    prepare_process(1)
    lines = [
        "# Training on stretches",
        "",
        f"Milliseconds of processor time of a step, median of {_STEPS}: batch {_BATCH}, window {_WINDOW},",
        f"one feature, two heads, FFN four times d_model, {_BITS} bits, one thread, torch "
        f"{torch.__version__}.",
        "In brackets the time of the encoder of the same shape over it.",
        "Made by `python -m tests.bench.training.stretches`.",
        "",
        f"| d_model | layers | encoder | stream, window by window | stream, stretches of {_LENGTHS[1]} |",
        "|---|---|---|---|---|",
        *(_times(d_model, layers) for d_model in (16, 64) for layers in (1, 2)),
        *(_error_table(series) if series else []),
    ]
    _RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(_RESULT.read_text(encoding="utf-8"))


def _error_table(series: list[str]) -> list[str]:
    return [
        "",
        f"Validation RMSE of streams at {_BITS} bits, d_model 16, one layer, by seed: {_PARENT_EPOCHS}",
        f"epochs for parents, {_EPOCHS} with quantisation. Seconds: of the processor, a trial with its",
        f"parent, mean of {len(_SEEDS)} seeds.",
        "",
        "| series | stretch | seeds | mean | seconds |",
        "|---|---|---|---|---|",
        *(_errors(name, length) for name in series for length in _LENGTHS),
    ]


def _shape(family: type[Encoder], d_model: int, layers: int, features: int = 1) -> AnyShape:
    return family(_WINDOW, features, d_model, heads=2, ffn_width=4 * d_model, layers=layers, outputs=1)


def _times(d_model: int, layers: int) -> str:
    shapes = [(_shape(Encoder, d_model, layers), 1)]
    shapes += [(_shape(Stream, d_model, layers), length) for length in _LENGTHS]
    steps = [_step(shape, length) for shape, length in shapes]
    taken: list[list[float]] = [[] for _ in steps]
    for _ in range(_FIRST + _STEPS):
        for step, own in zip(steps, taken, strict=True):
            started = time.process_time()
            step()
            own.append(1e3 * (time.process_time() - started))
    encoder, *streams = (statistics.median(own[_FIRST:]) for own in taken)
    told = [f"{one:.2f} ({encoder / one:.1f})" for one in streams]
    return f"| {d_model} | {layers} | {encoder:.2f} | {' | '.join(told)} |"


def _step(shape: AnyShape, length: int) -> Callable[[], None]:
    """A step of quantised training on noise."""
    torch.manual_seed(0)
    family = FLOAT_FAMILIES[shape.family]
    linears = family.fold(family.model(shape).eval())
    model = QuantNetwork(build_network(uniform_design(shape, _BITS, _BITS)))
    model.initialise(Start(shape, linears, torch.randn(_BATCH, int(shape.sees), 1)))
    rows, truth = torch.randn(_BATCH // length, int(shape.sees) + length - 1, 1), torch.randn(_BATCH, 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    model.train()

    def step() -> None:
        loss = nn.functional.mse_loss(model(rows), truth)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def _errors(series: str, length: int) -> str:
    file, features, target = SERIES[series]
    shape = _shape(Stream, 16, 1, len(features))
    data = make_dataset(load_series(DATA / file, "time", list(features), [target]), int(shape.sees))
    errors, seconds = zip(*(_trained(shape, data, length, seed) for seed in _SEEDS), strict=True)
    told = ", ".join(f"{error:.4g}" for error in errors)
    mean, spent = statistics.mean(errors), statistics.mean(seconds)
    print(series, length, told, flush=True)
    return f"| {series} | {length} | {told} | {mean:.4g} | {spent:.0f} |"


def _trained(shape: AnyShape, data: Dataset, length: int, seed: int) -> tuple[float, float]:
    """Validation error and seconds."""
    settings = TrainingSettings(
        epochs=_EPOCHS, parent_epochs=_PARENT_EPOCHS, batch_size=_BATCH, stretch=length
    )
    started = time.process_time()
    parent = train_parent(shape, data, settings, seed)
    design = uniform_design(shape, _BITS, _BITS)
    error = train(build_network(design), data, settings, seed, parent).validation_error
    return error, time.process_time() - started


if __name__ == "__main__":
    main()
