"""The float stream that quantised networks start from, with batch norm before the linear layers.

Of the rows of a stretch each layer's last ones ask, as many as have a whole window behind them; so layers
work on fewer and fewer rows, and the last one on those that are forecast from.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from quant_model.families.stream import Stream
from quant_model.training.families.encoder.float_model import EncoderLayer
from quant_model.training.kinds.attention import heads_first
from quant_model.training.kinds.ring import distances


class StreamLayer(EncoderLayer):
    """One pre-norm layer; rows are ``(batch, n, d_model)``."""

    def __init__(self, shape: Stream) -> None:
        super().__init__(shape)
        self.distance_bias = nn.Parameter(torch.zeros(shape.heads, shape.window))

    def forward(self, rows: Tensor) -> Tensor:
        """``n`` rows in, ``n - window + 1`` rows out."""
        middle = self._banded(rows)
        return self._feed_forward(middle.flatten(0, 1), None).view(middle.shape)

    def _banded(self, rows: Tensor) -> Tensor:
        whole = self.attention_norm(rows.flatten(0, 1)).view(rows.shape)
        # Keys without an offset, as an encoder's.
        query, key, value = (
            heads_first(part, self.heads)
            for part in (
                self.query(whole[:, self.window - 1 :]),
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
