"""Folding and conditioning change how a network computes, never what."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from quant_model.families import Encoder
from quant_model.graph import graph_of
from quant_model.training.families.encoder.condition import condition
from quant_model.training.families.encoder.float_model import FloatTransformer
from quant_model.training.families.encoder.fold import fold
from quant_model.training.families.encoder.shared_norm import SharedNorm
from quant_model.training.float_pass import folded_tensors

SHAPES = [
    Encoder(window=6, features=1, d_model=8, heads=1, ffn_width=16, layers=1, outputs=1),
    Encoder(window=5, features=3, d_model=12, heads=3, ffn_width=7, layers=2, outputs=2),
    Encoder(window=5, features=2, d_model=8, heads=2, ffn_width=7, layers=2, outputs=1, repeats=3),
]


def trained_looking_model(shape: Encoder) -> FloatTransformer:
    """A model whose norms have statistics and gains that are not the initial ones."""
    torch.manual_seed(3)
    model = FloatTransformer(shape)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        for _ in range(20):
            model(1 + 2 * torch.randn(32, shape.window, shape.features))
    return model.eval().double()


@pytest.mark.parametrize("shape", SHAPES)
def test_folded_and_conditioned_layers_forecast_what_the_model_forecasts(shape: Encoder) -> None:
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


@pytest.mark.parametrize("shape", SHAPES)
def test_layers_have_the_shapes_of_the_network(shape: Encoder) -> None:
    folded = fold(trained_looking_model(shape))
    weighted = graph_of(shape).weighted
    assert set(folded) == {node.name for node in weighted}
    for node in weighted:
        assert folded[node.name].weight.shape == (node.columns, node.in_features)
        assert folded[node.name].bias.shape == (node.bias_rows, node.columns)


@pytest.mark.parametrize("shape", SHAPES)
def test_conditioning_centres_streams_and_values(shape: Encoder) -> None:
    windows = torch.randn(64, shape.window, shape.features).double()
    folded = fold(trained_looking_model(shape))
    tensors = folded_tensors(shape, condition(shape, folded, windows.numpy()), windows)
    # What a repeated layer reads and writes has one offset, and so a mean of zero only all together.
    tied = graph_of(shape).tied or ("embed",)
    groups = [tied, ("layer0.value",), ("layer0.attention_residual",)]
    if shape.repeats == 1:
        groups += [("layer0.ffn_residual",), ("pool",)]
    for names in groups:
        mean = torch.cat([tensors[name] for name in names]).mean((0, 1))
        assert torch.all(mean.abs() < 1e-4 * (1 + tensors[names[0]].abs().max())), names


def test_tensors_of_a_repeated_layer_hold_all_its_passes() -> None:
    shape = SHAPES[2]
    windows = torch.randn(4, shape.window, shape.features).double()
    tensors = folded_tensors(shape, fold(trained_looking_model(shape)), windows)
    entries, results = tensors["layer1.repeat"], tensors["layer1.ffn_residual"]
    assert entries.shape == results.shape == (3 * 4, shape.window, shape.d_model)
    assert torch.equal(entries[:4], tensors["layer0.ffn_residual"][-4:])
    assert torch.equal(entries[4:], results[:-4])
    assert torch.equal(tensors["pool"], results[-4:].sum(1, keepdim=True))


def test_a_shared_norm_is_one_affine_map_for_all_passes() -> None:
    torch.manual_seed(0)
    first, later = 3 + 2 * torch.randn(64, 4), 5 * torch.randn(64, 4)
    norm = SharedNorm(4)
    with torch.no_grad():
        norm.weight.copy_(torch.randn(4))
        norm.bias.copy_(torch.randn(4))
    expected = norm(first)
    torch.testing.assert_close(norm(first, first), expected)
    slope = (expected[1] - expected[0]) / (first[1] - first[0])
    torch.testing.assert_close(norm(later, first), expected[0] + (later - first[0]) * slope)
    assert norm.num_batches_tracked == 1
    norm.eval()
    assert torch.equal(norm(later, first), norm(later))


def test_conditioning_survives_dead_channels() -> None:
    shape = SHAPES[0]
    model = trained_looking_model(shape)
    with torch.no_grad():
        layer = model.layers[0]
        for part in (model.embed, layer.query, layer.key, layer.value, layer.project, layer.expand):
            assert isinstance(part, torch.nn.Linear)
            part.weight.zero_()
            if part.bias is not None:
                part.bias.zero_()
        model.position.zero_()
    windows = np.random.default_rng(0).standard_normal((16, shape.window, 1))
    for own in condition(shape, fold(model), windows).values():
        assert np.isfinite(own.weight).all()
        assert np.isfinite(own.bias).all()
