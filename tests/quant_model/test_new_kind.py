"""A kind and a family that exist only here: registered, they are drawn at random, trained and exported.

What a new kind takes in quant_model, all of it: the node and a family that has it (``mirror.py``), how they
train, how the node is written in ONNX.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.autograd import Function

from quant_model.data import Dataset
from quant_model.design import uniform_design
from quant_model.families import FAMILIES
from quant_model.formats import IntArray
from quant_model.integer_model import IntegerModel
from quant_model.network import Network, build_network
from quant_model.onnx_export import INPUT as SOURCE
from quant_model.onnx_export import OUTPUT, to_onnx
from quant_model.onnx_export.kinds import WRITERS
from quant_model.onnx_export.writer import Writer
from quant_model.random_model import random_integer_model
from quant_model.training import FloatParent, train, train_parent
from quant_model.training.affine import AffineMap
from quant_model.training.exponents import Draft, Reach, Scales, clamped, reachable
from quant_model.training.fake_quant import Saved, inside
from quant_model.training.families import FLOAT_FAMILIES, FloatFamily
from quant_model.training.folded import FoldedLinear
from quant_model.training.kinds import KINDS
from quant_model.training.node import Pass, TrainedNode, halved
from tests.quant_model.mirror import Mirror, Negate
from tests.quant_model.training.samples import SETTINGS, load, wave_dataset

# How the kind trains, and how it is written


class NegateRequantize(Function):
    """Integers of ``-gain * rows``."""

    @staticmethod
    def forward(ctx: Saved, rows: Tensor, gain: Tensor, low: int, high: int) -> Tensor:
        ctx.gain, ctx.low, ctx.high = float(gain), low, high
        shifted = 0.5 - rows * ctx.gain
        ctx.save_for_backward(rows, shifted)
        return torch.floor(shifted).clamp_(low, high)

    @staticmethod
    def backward(ctx: Saved, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, shifted = ctx.saved_tensors
        passed = inside(gradient, shifted, ctx.low, ctx.high)
        return -ctx.gain * passed, -(passed * rows).sum(), None, None


class TrainedNegate(TrainedNode[Negate]):
    @property
    def scale(self) -> str:
        return self.node.name

    @property
    def gain(self) -> tuple[str, ...]:
        return self.node.sources

    def exponent(self, draft: Draft, limits: Sequence[Reach]) -> int:
        node = self.node
        reach = reachable(draft.found[node.source], node.output, node.max_shift)
        return clamped(draft.wanted[node.name], (*limits, reach))

    def significand(self, scales: Scales) -> int:
        node = self.node
        halves = scales.tensors[node.name] - 1 - scales.tensors[node.source]
        return halved(node.input.magnitude, halves)

    def step(self, run: Pass, *sources: Tensor) -> Tensor:
        bounds = self.node.output.low, self.node.output.high
        return run.tape.apply(NegateRequantize, *sources, run.gains[self.node.name], *bounds)

    def real(self, linears: Mapping[str, FoldedLinear], *sources: Tensor) -> Tensor:
        return -sources[0]


def write_negate(writer: Writer, node: Negate, source: str) -> str:
    exponents = writer.model.exponents
    shift = exponents[node.name] - exponents[node.source]
    return writer.requantize(writer.op("Neg", "negate", source), shift, node.output)


# How the family begins


class MirrorModel(nn.Module):
    def __init__(self, shape: Mirror) -> None:
        super().__init__()
        self.shape = shape
        self.first = nn.Linear(shape.features, shape.width)
        self.last = nn.Linear(shape.width, shape.outputs)

    def forward(self, windows: Tensor) -> Tensor:
        return cast(Tensor, self.last(-self.first(windows).mean(1)))


def fold(model: MirrorModel) -> dict[str, FoldedLinear]:
    with torch.no_grad():
        last = AffineMap.of_linear(model.last).over(model.shape.window)
        return {"first": AffineMap.of_linear(model.first).folded(), "last": last.folded()}


MIRROR = FloatFamily(MirrorModel, fold, lambda shape, linears, windows: linears)


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each."""
    monkeypatch.setitem(FAMILIES, Mirror.family, Mirror)
    monkeypatch.setitem(KINDS, Negate.kind, TrainedNegate)
    monkeypatch.setitem(WRITERS, Negate.kind, write_negate)
    monkeypatch.setitem(FLOAT_FAMILIES, Mirror.family, MIRROR)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return wave_dataset(features=2)


def network_of(dataset: Dataset, bits: int = 6) -> Network:
    shape = Mirror(dataset.window, dataset.features, 5, dataset.outputs)
    return build_network(uniform_design(shape, bits, bits))


def random_windows(network: Network, seed: int) -> IntArray:
    port = network.input
    rng = np.random.default_rng(seed)
    return rng.integers(port.format.low, port.format.high + 1, (50, port.rows, port.columns))


@pytest.mark.parametrize("bits", [3, 5, 8])
@pytest.mark.parametrize("seed", range(5))
def test_a_random_model_trains_and_exports_as_the_integers_that_it_is(
    dataset: Dataset, bits: int, seed: int
) -> None:
    model = random_integer_model(network_of(dataset, bits), seed)
    windows = random_windows(model.network, seed)
    tensors = model.tensors(windows)
    assert len(np.unique(tensors["turned"])) > 1
    assert (tensors["turned"] * tensors["first"] <= 0).all()

    with torch.no_grad():
        evaluated = load(model)(torch.from_numpy(windows.astype(np.float32))).numpy()
    assert np.array_equal(evaluated, model.forward(windows) * 2.0 ** model.exponents["last"])

    file = to_onnx(model).SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    assert np.array_equal(session.run([OUTPUT], {SOURCE: windows})[0], model.forward(windows))

    again = IntegerModel.from_json(model.to_json(), "model.json")
    assert again.network.shape == model.network.shape
    assert np.array_equal(again.forward(windows), model.forward(windows))


def test_it_trains_from_a_parent_of_its_family(dataset: Dataset) -> None:
    network = network_of(dataset)
    parent = train_parent(network.shape, dataset, SETTINGS, 0)
    assert FloatParent.from_bytes(parent.to_bytes(), "parent").shape == network.shape
    result = train(network, dataset, SETTINGS, 0, parent)
    # Bit for bit: training evaluates what the accelerator computes.
    assert result.validation_error == min(epoch.validation_error for epoch in result.history)
    assert result.validation_error < 1.2 * parent.validation_error


def test_its_threshold_learns(dataset: Dataset) -> None:
    model = load(random_integer_model(network_of(dataset), 1)).train()
    model(torch.from_numpy(dataset.train.x[:])).square().mean().backward()
    assert model.thresholds.grad is not None
    gradient = dict(zip(model.rules.formats, model.thresholds.grad.tolist(), strict=True))
    assert set(gradient) == {"first", "turned", "pool"}
    assert all(gradient.values())


def test_a_scale_out_of_its_reach_is_refused(dataset: Dataset) -> None:
    model = random_integer_model(network_of(dataset), 1)
    exponents = {**model.parameters.exponents, "turned": 90}
    with pytest.raises(ValueError, match="turned: a shift of"):
        IntegerModel(model.network, dataclasses.replace(model.parameters, exponents=exponents))
