"""Where a training stands after an epoch, as bytes, so that another process can go on from there.

A training has no random state of its own between epochs (every epoch's order comes from seed and index), so
that model, optimiser, average, best epoch and history are all of it, and going on gives what not stopping
would have given, bit for bit.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from quant_model.training.epoch import Epoch

_VERSION = 2
"""Raise when older bytes no longer lead to the same result."""
_DIGEST_BYTES = 32
UNUSABLE = (
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
)
"""What reading or taking over a content comes to that is something else than it should be."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A training after one of its epochs."""

    model: Mapping[str, Tensor]
    """The model's state."""
    optimizer: Mapping[str, Any]
    """The optimiser's state."""
    average: Mapping[str, Any]
    """The state of the parameters' average; empty without one."""
    best: Mapping[str, Tensor]
    """The model's state at the epoch with the smallest validation error."""
    history: tuple[Epoch, ...]

    def to_bytes(self, key: str) -> bytes:
        """The checkpoint as bytes; ``key`` says what it is a checkpoint of."""
        content = {
            "version": _VERSION,
            "key": key,
            "model": dict(self.model),
            "optimizer": dict(self.optimizer),
            "average": dict(self.average),
            "best": dict(self.best),
            "history": [dataclasses.astuple(epoch) for epoch in self.history],
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        body = buffer.getvalue()
        return hashlib.sha256(body).digest() + body

    @classmethod
    def from_bytes(cls, content: bytes, key: str) -> Checkpoint | None:
        """Read :meth:`to_bytes`'s bytes; ``None`` when they are damaged, or of another training.

        Starting again costs time, but comes to the same result: no reason to stop.
        """
        digest, body = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != digest:
            return None
        try:
            found = torch.load(io.BytesIO(body), weights_only=True)
            if not isinstance(found, dict) or (found["version"], found["key"]) != (_VERSION, key):
                return None
            history = tuple(Epoch(*row) for row in found["history"])
            model, optimizer, average, best = (
                dict(found[name]) for name in ("model", "optimizer", "average", "best")
            )
            return cls(model, optimizer, average, best, history) if history else None
        except UNUSABLE:
            return None  # whole, but of another version of torch or of ours


@dataclass(frozen=True)
class Resume:
    """How a training keeps its checkpoints.

    Attributes:
        load: the bytes that ``save`` got last, from this process or another; None when there are none.
        save: keeps bytes; called after every epoch.
    """

    load: Callable[[], bytes | None]
    save: Callable[[bytes], None]
