"""The float encoder that quantised networks start from, with batch norm before the linear layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from quant_model.design import Architecture

_POSITION_STD = 0.1
"""Initial spread of the learned positions: small beside a token's own spread of about 1."""


class EncoderLayer(nn.Module):
    """One pre-norm encoder layer; tokens are ``(batch * window, d_model)``."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        d = architecture.d_model
        self.window, self.heads, self.d_head = architecture.window, architecture.heads, architecture.d_head
        self.attention_norm = nn.BatchNorm1d(d)
        self.query = nn.Linear(d, d)
        self.key = nn.Linear(d, d)
        self.value = nn.Linear(d, d)
        self.project = nn.Linear(d, d)
        self.ffn_norm = nn.BatchNorm1d(d)
        self.expand = nn.Linear(d, architecture.ffn_width)
        self.contract = nn.Linear(architecture.ffn_width, d)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens in, tokens out."""
        normed = self.attention_norm(tokens)
        query, key, value = (self._split(part(normed)) for part in (self.query, self.key, self.value))
        attention = torch.softmax(query @ key.transpose(-1, -2) * self.d_head**-0.5, -1)
        context = (attention @ value).transpose(1, 2).reshape(tokens.shape)
        tokens = tokens + self.project(context)
        hidden = nn.functional.relu(self.expand(self.ffn_norm(tokens)))
        output: Tensor = tokens + self.contract(hidden)
        return output

    def _split(self, tokens: Tensor) -> Tensor:
        """To ``(batch, heads, window, d_head)``."""
        return tokens.view(-1, self.window, self.heads, self.d_head).transpose(1, 2)


class FloatTransformer(nn.Module):
    """Windows ``(batch, window, features)`` to forecasts ``(batch, outputs)``, both normalised."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        d = architecture.d_model
        self.architecture = architecture
        self.embed = nn.Linear(architecture.features, d)
        self.position = nn.Parameter(_POSITION_STD * torch.randn(architecture.window, d))
        self.layers = nn.ModuleList(EncoderLayer(architecture) for _ in range(architecture.layers))
        self.head_norm = nn.BatchNorm1d(d)
        self.head = nn.Linear(d, architecture.outputs)

    def forward(self, windows: Tensor) -> Tensor:
        """Forecasts of a batch."""
        d = self.architecture.d_model
        tokens = (self.embed(windows) + self.position).view(-1, d)
        for layer in self.layers:
            tokens = layer(tokens)
        pooled = tokens.view(len(windows), -1, d).mean(1)
        forecast: Tensor = self.head(self.head_norm(pooled))
        return forecast
