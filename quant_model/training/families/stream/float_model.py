"""The float stream that quantised networks start from, with batch norm before the linear layers.

Of the rows of a stretch each layer's last ones ask, as many as have a whole window behind them; so layers
work on fewer and fewer rows, and the last one on those that are forecast from.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from quant_model.families.stream import Stream
from quant_model.training.kinds.attention import EVALUATION_LIMIT, TRAINING_LIMITS
from quant_model.training.kinds.ring import distances


class StreamLayer(nn.Module):
    """One pre-norm layer; rows are ``(batch, n, d_model)``."""

    def __init__(self, shape: Stream) -> None:
        super().__init__()
        d = shape.d_model
        self.window, self.heads, self.d_head = shape.window, shape.heads, shape.d_head
        self.attention_norm = nn.BatchNorm1d(d)
        self.query = nn.Linear(d, d)
        self.key = nn.Linear(d, d, bias=False)
        self.value = nn.Linear(d, d)
        self.distance_bias = nn.Parameter(torch.zeros(shape.heads, shape.window))
        self.project = nn.Linear(d, d)
        self.ffn_norm = nn.BatchNorm1d(d)
        self.expand = nn.Linear(d, shape.ffn_width)
        self.contract = nn.Linear(shape.ffn_width, d)

    def forward(self, rows: Tensor) -> Tensor:
        """``n`` rows in, ``n - window + 1`` rows out."""
        middle = self._attention(rows)
        hidden = nn.functional.relu(self.expand(normed(self.ffn_norm, middle)))
        output: Tensor = middle + self.contract(hidden)
        return output

    def _attention(self, rows: Tensor) -> Tensor:
        whole = normed(self.attention_norm, rows)
        asking = whole[:, self.window - 1 :]
        # Keys without an offset: it would move all scores of a row alike, which the softmax ignores.
        query, key, value = (
            self._split(part)
            for part in (
                self.query(asking),
                self.key(whole - self.attention_norm.bias),
                self.value(whole),
            )
        )
        far = distances(rows.shape[1], self.window)
        bias = self.distance_bias[:, far.clamp(0, self.window - 1)]
        scores = self._limited(query @ key.transpose(-1, -2) * self.d_head**-0.5 + bias)
        outside = (far < 0) | (far >= self.window)
        attention = torch.softmax(scores.masked_fill(outside, -math.inf), -1)
        context = (attention @ value).transpose(1, 2).flatten(2)
        output: Tensor = rows[:, self.window - 1 :] + self.project(context)
        return output

    def _limited(self, scores: Tensor) -> Tensor:
        """Scores saturated as accelerators do, in training with the limits of several formats."""
        if not self.training:
            limit = EVALUATION_LIMIT * math.log(2)
            return scores.clamp(-limit, limit)
        octaves = scores.new_tensor(TRAINING_LIMITS).repeat(-(-len(scores) // len(TRAINING_LIMITS)))
        limits = octaves[: len(scores)].view(-1, 1, 1, 1) * math.log(2)
        return torch.clamp(scores, -limits, limits)

    def _split(self, rows: Tensor) -> Tensor:
        """To ``(batch, heads, rows, d_head)``."""
        return rows.view(*rows.shape[:-1], self.heads, self.d_head).transpose(1, 2)


class FloatStream(nn.Module):
    """Rows ``(batch, sees + m - 1, features)`` to the last ``m``'s forecasts, ``(batch * m, outputs)``."""

    def __init__(self, shape: Stream) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Linear(shape.features, shape.d_model)
        self.layers = nn.ModuleList(StreamLayer(shape) for _ in range(shape.layers))
        self.head_norm = nn.BatchNorm1d(shape.d_model)
        self.head = nn.Linear(shape.d_model, shape.outputs)

    def forward(self, windows: Tensor) -> Tensor:
        """Forecasts of a batch."""
        rows = self.embed(windows)
        for layer in self.layers:
            rows = layer(rows)
        forecast: Tensor = self.head(self.head_norm(rows.flatten(0, 1)))
        return forecast


def normed(norm: nn.BatchNorm1d, rows: Tensor) -> Tensor:
    """Rows ``(batch, n, channels)`` normalised channel by channel."""
    result: Tensor = norm(rows.flatten(0, 1)).view(rows.shape)
    return result
