"""Folding and conditioning a hybrid change how it computes, never what; along the border of an image, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from quant_model.families import Hybrid
from quant_model.graph import graph_of
from quant_model.training.families.hybrid.condition import condition
from quant_model.training.families.hybrid.float_hybrid import (
    ConvolutionBlock,
    Filters,
    FloatHybrid,
    PassNorm,
)
from quant_model.training.families.hybrid.fold_hybrid import fold
from quant_model.training.float_pass import folded_tensors

BASE: dict[str, Any] = {
    "features": 1,
    "stem": 4,
    "stem_stride": 1,
    "stages": 1,
    "growth": 1,
    "steps": 1,
    "heads": 1,
}
BASE |= {"attention_steps": 0, "outputs": 2}
SHAPES = [
    Hybrid(window=20, height=4, **BASE),
    Hybrid(window=35, height=5, **BASE | {"features": 3, "stem_stride": 2, "steps": 3, "attention_steps": 1}),
    Hybrid(
        window=48, height=6, **BASE | {"stages": 3, "growth": 2, "steps": 2, "heads": 2, "attention_steps": 3}
    ),
    Hybrid(window=9, height=1, **BASE | {"features": 2, "stages": 2, "growth": 2, "steps": 2}),
    Hybrid(window=5, height=5, **BASE),
    Hybrid(window=24, height=4, **BASE | {"stages": 2, "attention_steps": 2, "pooling": "none"}),
    Hybrid(window=8, height=1, **BASE | {"pooling": "none"}),
]


def trained_looking_model(shape: Hybrid) -> FloatHybrid:
    """A model whose norms have statistics and gains that are not the initial ones."""
    torch.manual_seed(3)
    model = FloatHybrid(shape)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        for _ in range(20):
            model(1 + 2 * torch.randn(32, shape.window, shape.features))
    return model.eval().double()


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.brief)
def test_folded_and_conditioned_layers_tell_what_the_model_tells(shape: Hybrid) -> None:
    model = trained_looking_model(shape)
    windows = 1 + 2 * torch.randn(64, shape.window, shape.features).double()
    with torch.no_grad():
        expected = model(windows).numpy()
        folded = fold(model)
        conditioned = condition(shape, folded, windows.numpy())
        for linears in (folded, conditioned):
            found = folded_tensors(shape, linears, windows)["head"][:, 0].numpy()
            # Weights are kept in float32.
            np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max())
    changed = [name for name in folded if not np.array_equal(folded[name].weight, conditioned[name].weight)]
    assert set(changed) == set(folded)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.brief)
def test_layers_have_the_shapes_of_the_network(shape: Hybrid) -> None:
    folded = fold(trained_looking_model(shape))
    weighted = graph_of(shape).weighted
    assert set(folded) == {node.name for node in weighted}
    for node in weighted:
        assert folded[node.name].weight.shape == (node.columns, node.in_features)
        assert folded[node.name].bias.shape == (node.bias_rows, node.columns)


def test_what_no_convolution_reads_is_centred() -> None:
    shape = SHAPES[2]
    windows = torch.randn(64, shape.window, shape.features).double()
    folded = fold(trained_looking_model(shape))
    tensors = folded_tensors(shape, condition(shape, folded, windows.numpy()), windows)
    for name in ("stage0.depthwise0", "stage2.depthwise1", "attention.value"):
        assert torch.all(tensors[name].mean((0, 1)).abs() < 1e-4 * (1 + tensors[name].abs().max())), name


def test_passes_are_steps_with_the_same_weights() -> None:
    shape = SHAPES[1]
    windows = torch.randn(4, shape.window, shape.features).double()
    tensors = folded_tensors(shape, fold(trained_looking_model(shape)), windows)
    entries, results = tensors["stage0.repeat"], tensors["stage0.residual"]
    assert torch.equal(entries[4:], results[:-4])
    assert torch.equal(tensors["stage0.repeat"] + tensors["stage0.pointwise1"], results)


def test_gradients_of_the_float_model_are_autograd_s() -> None:
    """The convolutions' own gradients against those of the same sums, gathered pixel by pixel."""
    torch.manual_seed(0)
    shape = SHAPES[2]
    model = FloatHybrid(shape).double()
    block = model.blocks[0]
    assert isinstance(block, ConvolutionBlock)
    for layer, channels in ((model.convolutions[1], 4), (block.depthwise0, 4)):
        assert isinstance(layer, Filters)
        rows = torch.randn(3, layer.image.rows, channels, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(layer, (rows,))
        assert torch.autograd.gradcheck(
            lambda weight, layer=layer, rows=rows: torch.func.functional_call(
                layer, {"weight": weight}, (rows.detach(),)
            ),
            (layer.weight,),
        )


def test_a_pass_norm_is_batch_norm_in_the_first_pass_and_the_same_map_later() -> None:
    torch.manual_seed(0)
    own, library = PassNorm(4), torch.nn.BatchNorm1d(4)
    first, later = 3 + 2 * torch.randn(64, 4), torch.randn(64, 4)
    for _ in range(2):
        found, known = own(first)
        torch.testing.assert_close(found, library(first))
    torch.testing.assert_close(own.running_mean, library.running_mean)
    torch.testing.assert_close(own.running_var, library.running_var)
    torch.testing.assert_close(
        own(later, known)[0], (later - first.mean(0)) / (first.var(0, correction=0) + 1e-5).sqrt()
    )
    torch.testing.assert_close(own.eval()(later)[0], library.eval()(later))
