"""All of Fashion-MNIST on an XC7S15, with and without shared weights, beside a processor.

    apt-get download dataset-fashion-mnist && dpkg-deb -x dataset-fashion-mnist_*.deb fashion
    pip install onnxruntime    # of no other use here: how long a processor takes
    python -m tests.bench.training.pictures --fashion fashion/usr/share/datasets/fashion-mnist
    python -m tests.bench.training.pictures --report     # only the table, from what is there

Trains a hybrid with 4-bit weights from its float parent, and the same network in floating point with weights
of its own for every application of a block; three seeds. Builds the first seed's accelerator: synthesis, and
a simulation that is held against the golden model. Writes ``PICTURES.md`` beside this file from
``pictures.jsonl``, which holds a line per result; what stands there is not done again. An hour and a half of
one core.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import click
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cost_model import Device, device, estimate
from cost_model.allocation import allocate_lanes
from hdl.generate import generate
from hdl.simulate import verify
from hdl.synthesize import synthesize_bundle
from quant_model.data import Dataset
from quant_model.data.images import Wanted, load_pictures, make_image_dataset, pack_pictures
from quant_model.data.images.partition import Shares
from quant_model.data.tasks import prediction_error
from quant_model.design import DesignPoint, uniform_design
from quant_model.families import Hybrid
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from quant_model.training import TrainingSettings, prepare_process, train, train_parent
from quant_model.training.families import FLOAT_FAMILIES
from quant_model.training.families.encoder.float_model import SelfAttention
from quant_model.training.families.hybrid.float_hybrid import AttentionBlock, ConvolutionBlock, FloatHybrid
from quant_model.training.loop import Plan, Windows, evaluated, fit, validator
from quant_model.training.losses import loss_of
from quant_model.windows import WindowArray
from tests.bench.training.plain_hybrid import PlainHybrid
from tests.bench.training.plain_qat import FakeQuant

_RESULTS = Path(__file__).with_suffix(".jsonl")
_REPORT = Path(__file__).with_name("PICTURES.md")
LIMIT = 0.9
"""Share of a chip that lanes may take."""
_PART, _CLOCK_MHZ = device("xc7s15"), 100.0
_CLASSES = tuple(map(str, range(10)))
_SETTINGS = TrainingSettings(epochs=8, parent_epochs=14, patience=14)
_WEIGHT_BITS, _BITS = 4, 8
_SHAPE = Hybrid(
    window=784,
    height=28,
    features=1,
    stem=16,
    stem_stride=2,
    stages=2,
    growth=2,
    steps=4,
    heads=2,
    attention_steps=2,
    outputs=10,
    pooling="none",
)
_PLAYED = 3
"""Windows of a simulation."""
_TIMED = 200
"""Pictures that a processor is timed with."""
CHIPS = {"s15": device("xc7s15"), "a35": device("xc7a35t")}
"""Those of the searches for CIFAR-10, by what their study files are called."""
_ANCHORS = (
    "| weights shared, convolutions and attention | STL10, 79.68 % | ZCU104 | - | arXiv 2401.02721 |",
    "| FINN CNV-W1A1 | CIFAR-10, 84.5 % | Z-7020 | 1.5 ms, 2.5 mJ | arXiv 2206.11791 |",
    "| hls4ml RN07 | CIFAR-10, 83.5 % | Pynq-Z2 | 27 ms, 44 mJ | arXiv 2206.11791 |",
    "| TinBiNN | task from CIFAR, 86.4 % | iCE40UP5K | 1.3 s | arXiv 1903.06630 |",
)
Row = dict[str, Any]


class Predictor(Protocol):
    """A network of whatever arithmetic."""

    def predict(self, windows: WindowArray, /) -> npt.NDArray[np.floating]:
        """Outputs ``(n, outputs)`` of windows ``(n, window, features)``."""
        ...


@click.command()
@click.option("--fashion", type=click.Path(path_type=Path, exists=True), help="Folder of the IDX files.")
@click.option("--seed", "seeds", type=int, multiple=True, default=(0, 1, 2), show_default=True)
@click.option("--report", is_flag=True, help="Do nothing but write the table.")
@click.option("--kept", type=click.Path(path_type=Path), default=Path("build/pictures"), show_default=True)
def main(fashion: Path | None, seeds: tuple[int, ...], report: bool, kept: Path) -> None:
    """Do what is missing, then write the table."""
    if not report:
        if fashion is None:
            raise click.UsageError("--fashion DIR: where the pictures are (see --help)")
        prepare_process(1)
        kept.mkdir(parents=True, exist_ok=True)
        dataset = _dataset(fashion)
        for seed in seeds:
            file = kept / f"model{seed}.json"
            once("shared", seed, partial(trained, _design(), dataset, _SETTINGS, seed, file))
        once("hardware", seeds[0], partial(hardware, kept / f"model{seeds[0]}.json", _PART))
        for seed in seeds:
            once("own weights", seed, partial(_unshared, dataset, seed))
        once("processor", seeds[0], partial(_processor, dataset))
    write_report()


def write_report() -> None:
    """The table of what is there."""
    text = _report(_rows())
    _REPORT.write_text(text, encoding="utf-8")
    print(text)


def once(case: str, seed: int, make: Callable[[], Row]) -> None:
    """Add a line to the results, if it is not there."""
    if any((row["case"], row["seed"]) == (case, seed) for row in _rows()):
        return
    started = time.process_time()
    row = {"case": case, "seed": seed, **make(), "cpu_s": round(time.process_time() - started)}
    with _RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(row, flush=True)


def _rows() -> list[Row]:
    if not _RESULTS.exists():
        return []
    return [json.loads(line) for line in _RESULTS.read_text(encoding="utf-8").splitlines()]


def _dataset(folder: Path) -> Dataset:
    """60,000 pictures, of which a tenth validate; 10,000 to test."""
    pictures = load_pictures(pack_pictures(folder, str(folder)), str(folder), Wanted(_CLASSES, (28, 28)))
    return make_image_dataset(pictures, Shares(), 0, flip=True, shift=1)


def _design() -> DesignPoint:
    return allocate_lanes(uniform_design(_SHAPE, _WEIGHT_BITS, _BITS), _PART, LIMIT)


def trained(design: DesignPoint, dataset: Dataset, settings: TrainingSettings, seed: int, file: Path) -> Row:
    """Test accuracy of the float parent and of the integer model, which is kept in a file."""
    parent = train_parent(design.shape, dataset, settings, seed)
    accuracy = test_accuracy(dataset, parent)
    print("parent", seed, accuracy, parent.validation_error, flush=True)
    network = build_network(design)
    found = train(network, dataset, settings, seed, parent, on_epoch=lambda epoch: print(epoch, flush=True))
    found.integer_model.save(file)
    sizes = {name: own.weight.size + own.bias.size for name, own in parent.linears.items()}
    return {"float": accuracy, "quantised": test_accuracy(dataset, found.integer_model), "sizes": sizes}


def test_accuracy(dataset: Dataset, model: Predictor) -> float:
    """Share of the test pictures whose class is told."""
    return 1 - prediction_error(dataset, dataset.test, model.predict(dataset.test.x))


def _unshared(dataset: Dataset, seed: int) -> Row:
    """Test accuracy in floating point with weights of its own for every application."""
    torch.manual_seed(seed)
    model = _with_own_weights(FloatHybrid(_SHAPE))
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=_SETTINGS.parent_learning_rate,
        weight_decay=_SETTINGS.parent_weight_decay,
        fused=True,
    )
    plan = Plan(_SETTINGS.parent_epochs, _SETTINGS.batch_size, _SETTINGS.patience, seed)
    fit(model, optimizer, Windows.of(dataset), loss_of(dataset), validator(model, dataset), plan)
    accuracy = 1 - prediction_error(dataset, dataset.test, evaluated(model, dataset.test.x))
    return {"float": accuracy}


def _with_own_weights(model: FloatHybrid) -> FloatHybrid:
    """Each application of a block becomes a block that is applied once."""
    shape = model.shape
    for stage, block in enumerate(model.blocks):
        assert isinstance(block, ConvolutionBlock)
        image = block.depthwise0.image
        apart = [ConvolutionBlock(shape.width_of(stage), image, 1) for _ in range(shape.steps)]
        for one in apart:
            nn.init.constant_(one.norm1.weight, 1 / shape.steps)
        model.blocks[stage] = nn.Sequential(*apart)
    if model.attention is not None:
        model.attention = _AttentionApart(model.attention, shape)  # type: ignore[assignment]
    return model


class _AttentionApart(nn.Module):
    """The attention block with weights of its own in every application."""

    def __init__(self, first: AttentionBlock, shape: Hybrid) -> None:
        super().__init__()
        rows = len(first.position)
        self.embed, self.position = first.embed, first.position
        passes = [SelfAttention(rows, shape.channels, shape.heads) for _ in range(shape.attention_steps)]
        with torch.no_grad():
            for one in passes:
                one.project.weight.div_(shape.attention_steps)
                one.project.bias.div_(shape.attention_steps)
        self.passes = nn.ModuleList(passes)

    def forward(self, rows: Tensor) -> Tensor:
        """Rows ``(batch, rows, width)`` after all passes."""
        tokens = (self.embed(rows) + self.position).flatten(0, 1)
        for one in self.passes:
            assert isinstance(one, SelfAttention)
            tokens = one._attention(tokens, None)
        found: Tensor = tokens.view(rows.shape)
        return found


def _parameters(sizes: Mapping[str, int], *, shared: bool) -> int:
    """Weights and biases of the folded network, whose layers have so many."""
    times = {"stage": _SHAPE.steps, "attention": _SHAPE.attention_steps}
    count = 0
    for name, size in sizes.items():
        block, _, part = name.partition(".")
        once = shared or part in ("convolution", "embed")
        count += size * (1 if once else times.get(block.rstrip("0123456789"), 1))
    return count


def hardware(model: Path, part: Device) -> Row:
    """The accelerator of a trained model: what it takes, and whether it answers as the model does."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        bundle = Path(folder) / "bundle"
        own = IntegerModel.load(model)
        generate(own, bundle)
        measured = dict(synthesize_bundle(bundle).measured)
        played = verify(bundle, _PLAYED, seed=1)
    found = estimate(own.network.design, part)
    return {
        "measured": measured,
        "cycles": played.cycles_max,
        "predicted": played.cycles_predicted,
        "mismatches": played.mismatches,
        "outputs": played.outputs,
        "energy_uj": float(found.energy_uj(_CLOCK_MHZ)),
    }


def _processor(dataset: Dataset) -> Row:
    """Seconds that onnxruntime takes for a picture, in floating point on one core; weights do not matter."""
    import onnxruntime

    linears = FLOAT_FAMILIES[_SHAPE.family].fold(FloatHybrid(_SHAPE).eval())
    plain = PlainHybrid(_design(), linears).eval()
    for part in plain.modules():
        if isinstance(part, FakeQuant):
            part.forward = lambda values: values  # type: ignore[method-assign]
    picture = torch.from_numpy(dataset.test.x[:1])
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        file = Path(folder) / "network.onnx"
        torch.onnx.export(plain, (picture,), str(file), input_names=["x"], dynamo=False)
        network = file.read_bytes()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    seconds = []
    for _ in range(_TIMED):
        started = time.process_time()
        session.run(None, {"x": picture.numpy()})
        seconds.append(time.process_time() - started)
    return {"seconds": statistics.median(seconds), "onnxruntime": onnxruntime.__version__}


def _report(rows: list[Row]) -> str:
    by_case: dict[str, list[Row]] = {}
    for row in rows:
        by_case.setdefault(row["case"], []).append(row)
    lines = [
        "# All of Fashion-MNIST on an XC7S15",
        "",
        f"{_SHAPE.summary};",
        f"{_WEIGHT_BITS}-bit weights, {_BITS}-bit tensors. 54,000 pictures to learn from, flipped and moved",
        "by a pixel at most, 6,000 to choose an epoch by, 10,000 to test;",
        f"{_SETTINGS.parent_epochs} epochs in floating point, {_SETTINGS.epochs} with quantisation.",
        "Made by `python -m tests.bench.training.pictures`.",
        "",
        "| weights | parameters | network | test accuracy, % | by seed |",
        "|---|---|---|---|---|",
    ]
    sizes = next((row["sizes"] for row in by_case.get("shared", [])), None)
    for case, word, network in (
        ("shared", "float", "floating point"),
        ("shared", "quantised", "integers, as in hardware"),
        ("own weights", "float", "floating point"),
    ):
        if own := by_case.get(case):
            assert sizes is not None
            weights = "shared" if case == "shared" else "of each application its own"
            count = _parameters(sizes, shared=case == "shared")
            lines.append(f"| {weights} | {count:,} | {network} | {_accuracies([row[word] for row in own])} |")
    for row in by_case.get("hardware", []):
        lines += ["", *_built(row, _PART)]
    for row in by_case.get("processor", []):
        lines += [
            "",
            f"The same network in floating point with onnxruntime {row['onnxruntime']} on one core of the",
            f"machine at hand: {1e3 * row['seconds']:.2f} ms a picture.",
        ]
    searched = [line for chip in CHIPS for line in _cifar(chip, by_case)]
    ours = [line for chip in CHIPS for line in _placed(chip, by_case)]
    lines += ["", "## CIFAR-10", "", *searched, ""]
    lines += [
        "Beside what others say of theirs, of other data and chips:",
        "",
    ]
    lines += ["| network | data, accuracy | chip | a picture | source |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *ours, *_ANCHORS]) + "\n"


def _cifar(chip: str, by_case: Mapping[str, list[Row]]) -> Iterator[str]:
    """What a search found, and what training for longer made of it: ``tests.bench.training.cifar``."""
    for row in by_case.get(f"cifar {chip}: search", []):
        yield f"{CHIPS[chip].name.upper()}: `cifar_{chip}.toml` trained {row['trained']} designs in"
        yield f"{row['hours']} hours by the clock; test accuracy of the best by validation"
        yield f"{100 * row['quantised']:.2f} %."
    for row in by_case.get(f"cifar {chip}: longer", []):
        float_epochs, epochs = row["epochs"]
        yield f"That design ({row['shape']}; {sum(row['sizes'].values()):,} weights and biases,"
        yield f"{_spread(row['weight_bits'])} bits a weight), trained for"
        yield f"{float_epochs} epochs in floating point and {epochs} with quantisation:"
        yield f"{100 * row['float']:.2f} % in floating point, **{100 * row['quantised']:.2f} %** quantised,"
        yield "of all 10,000 test pictures."
    for row in by_case.get(f"cifar {chip}: hardware", []):
        yield from _built(row, CHIPS[chip])
    yield ""


def _placed(chip: str, by_case: Mapping[str, list[Row]]) -> Iterator[str]:
    """A line of the table with the others."""
    rows = zip(
        by_case.get(f"cifar {chip}: longer", []), by_case.get(f"cifar {chip}: hardware", []), strict=False
    )
    for trained_row, row in rows:
        milliseconds = row["cycles"] / _CLOCK_MHZ / 1e3
        yield (
            f"| Bitfront, weights shared, {_spread(trained_row['weight_bits'])} bits | CIFAR-10, "
            f"{100 * trained_row['quantised']:.1f} % | {CHIPS[chip].name.upper()} | {milliseconds:.1f} ms, "
            f"{row['energy_uj'] / 1e3:.2f} mJ (estimate) | above |"
        )


def _spread(bits: list[int]) -> str:
    return f"{min(bits)} to {max(bits)}" if len(bits) > 1 else str(bits[0])


def _accuracies(found: list[float]) -> str:
    return f"{100 * statistics.mean(found):.2f} | {', '.join(f'{100 * one:.2f}' for one in found)}"


def _built(row: Row, part: Device) -> list[str]:
    measured = ", ".join(f"{count:,} {name}" for name, count in row["measured"].items())
    slices = row["measured"]["slice"] / part.capacity["slice"]
    milliseconds = row["cycles"] / _CLOCK_MHZ / 1e3
    return [
        f"Built (seed {row['seed']}): {measured}; {slices:.0%} of the slices.",
        f"{row['cycles']:,} cycles ({row['predicted']:,} predicted), {milliseconds:.2f} ms and",
        f"{1e3 / milliseconds:,.0f} pictures a second at {_CLOCK_MHZ:g} MHz,",
        f"{row['energy_uj']:.0f} uJ a picture (estimate within a factor of two).",
        f"Simulated: {row['mismatches']} of {row['outputs']} outputs differ from the integer model's.",
    ]


if __name__ == "__main__":
    main()
