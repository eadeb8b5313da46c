"""The float encoder that quantised networks start from, with batch norm before the linear layers."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from quant_model.families.encoder import Encoder
from quant_model.training.families.encoder.shared_norm import SharedNorm
from quant_model.training.kinds.attention import EVALUATION_LIMIT, TRAINING_LIMITS, heads_first

POSITION_STD = 0.1
"""Initial spread of the learned positions: small beside a token's own spread of about 1."""


class SelfAttention(nn.Module):
    """Pre-norm self-attention; tokens are ``(batch * window, width)``."""

    def __init__(self, window: int, width: int, heads: int) -> None:
        super().__init__()
        self.window, self.heads, self.d_head = window, heads, width // heads
        self.attention_norm = SharedNorm(width)
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.project = nn.Linear(width, width)

    def _attention(self, tokens: Tensor, like: Tensor | None) -> Tensor:
        normed = self.attention_norm(tokens, like)
        # Keys without an offset: it would move all scores of a row alike, which the softmax ignores, and so
        # only waste the range of keys and scores.
        query, key, value = (
            self._split(rows)
            for rows in (
                self.query(normed),
                self.key(normed - self.attention_norm.bias),
                self.value(normed),
            )
        )
        scores = query @ key.transpose(-1, -2) * self.d_head**-0.5
        attention = torch.softmax(self._limited(scores), -1)
        context = (attention @ value).transpose(1, 2).reshape(tokens.shape)
        output: Tensor = tokens + self.project(context)
        return output

    def _limited(self, scores: Tensor) -> Tensor:
        """Scores saturated as accelerators do, in training with the limits of several formats."""
        if not self.training:
            limit = EVALUATION_LIMIT * math.log(2)
            return scores.clamp(-limit, limit)
        octaves = scores.new_tensor(TRAINING_LIMITS).repeat(-(-len(scores) // len(TRAINING_LIMITS)))
        limits = octaves[: len(scores)].view(-1, 1, 1, 1) * math.log(2)
        return torch.clamp(scores, -limits, limits)

    def _split(self, tokens: Tensor) -> Tensor:
        """To ``(batch, heads, window, d_head)``."""
        return tokens.view(-1, self.window, self.heads, self.d_head).transpose(1, 2)


class EncoderLayer(SelfAttention):
    """One pre-norm encoder layer; tokens are ``(batch * window, d_model)``."""

    def __init__(self, shape: Encoder) -> None:
        d = shape.d_model
        super().__init__(shape.window, d, shape.heads)
        self.repeats = shape.repeats
        self.ffn_norm = SharedNorm(d)
        self.expand = nn.Linear(d, shape.ffn_width)
        self.contract = nn.Linear(shape.ffn_width, d)
        # Each pass a fraction of a step, as a differential equation's solver takes them: otherwise the stream
        # grows from pass to pass, and one format must hold it all.
        with torch.no_grad():
            for branch in (self.project, self.contract):
                branch.weight.div_(self.repeats)
                branch.bias.div_(self.repeats)

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens in, tokens out, after all passes."""
        first = tokens
        middle = self._attention(tokens, None)
        tokens, first_middle = self._feed_forward(middle, None), middle
        for _ in range(self.repeats - 1):
            middle = self._attention(tokens, first)
            tokens = self._feed_forward(middle, first_middle)
        return tokens

    def last(self, tokens: Tensor) -> Tensor:
        """The last row of each window after a single pass, ``(batch, d_model)``: it alone asks."""
        rows = tokens.view(-1, self.window, tokens.shape[1])
        normed = self.attention_norm(tokens)
        whole = normed.view(rows.shape)
        key, value = self._split(self.key(normed - self.attention_norm.bias)), self._split(self.value(normed))
        query = heads_first(self.query(whole[:, -1:]), self.heads)
        scores = query @ key.transpose(-1, -2) * self.d_head**-0.5
        context = (torch.softmax(self._limited(scores), -1) @ value).flatten(1)
        return self._feed_forward(rows[:, -1] + self.project(context), None)

    def _feed_forward(self, tokens: Tensor, like: Tensor | None) -> Tensor:
        hidden = nn.functional.relu(self.expand(self.ffn_norm(tokens, like)))
        output: Tensor = tokens + self.contract(hidden)
        return output


class FloatTransformer(nn.Module):
    """Windows ``(batch, window, features)`` to forecasts ``(batch, outputs)``, both normalised."""

    def __init__(self, shape: Encoder) -> None:
        super().__init__()
        d = shape.d_model
        self.shape = shape
        self.embed = nn.Linear(shape.features, d)
        self.position = nn.Parameter(POSITION_STD * torch.randn(shape.window, d))
        self.layers = nn.ModuleList(EncoderLayer(shape) for _ in range(shape.layers))
        self.head_norm = nn.BatchNorm1d(d)
        self.head = nn.Linear(d, shape.outputs)

    def forward(self, windows: Tensor) -> Tensor:
        """Forecasts of a batch."""
        d = self.shape.d_model
        tokens = (self.embed(windows) + self.position).view(-1, d)
        *before, final = self.layers
        for layer in before:
            tokens = layer(tokens)
        if self.shape.readout == "last":
            assert isinstance(final, EncoderLayer)
            pooled = final.last(tokens)
        else:
            pooled = final(tokens).view(len(windows), -1, d).mean(1)
        forecast: Tensor = self.head(self.head_norm(pooled))
        return forecast
