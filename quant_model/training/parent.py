"""Float parents: one trained model per shape that all its quantised networks start from."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from quant_model.data.dataset import Dataset
from quant_model.data.tasks import prediction_error
from quant_model.design import shape_from_dict
from quant_model.errors import UserError
from quant_model.graph import Shape, graph_of
from quant_model.training.checkpoint import Resume
from quant_model.training.epoch import Epoch
from quant_model.training.families import FLOAT_FAMILIES
from quant_model.training.float_pass import folded_tensors
from quant_model.training.folded import FoldedLinear
from quant_model.training.loop import Plan, Windows, fit, validator
from quant_model.training.losses import loss_of
from quant_model.training.portions import portion
from quant_model.training.settings import TrainingSettings
from quant_model.training.start import calibration_windows
from quant_model.training.stretches import in_stretches, stretch_of
from quant_model.windows import WindowArray

_VERSION = 1
"""Raise when the same settings would train another parent."""
_PREDICTED = 1024
"""Windows that are predicted at a time, at most."""


@dataclass(frozen=True, eq=False)
class FloatParent:
    """A trained float model, folded to the network's linear layers and conditioned for few bits."""

    shape: Shape
    """In the file its key is ``architecture``, its first name."""
    linears: Mapping[str, FoldedLinear]
    """By node."""
    validation_error: float
    """Of the folded network on validation, by the metric of the dataset's task."""
    key: str
    """:func:`parent_key` of what it was trained on."""
    history: tuple[Epoch, ...] = ()

    def predict(self, windows: WindowArray) -> npt.NDArray[np.float32]:
        """Normalised ``(batch, window, features)`` to normalised forecasts ``(batch, outputs)``."""
        graph = graph_of(self.shape)

        def compute(rows: Tensor) -> Tensor:
            return folded_tensors(self.shape, self.linears, rows)[graph.output.name].flatten(0, 1)

        # In parts: all tensors of a pass over a whole series are gigabytes.
        at_once = portion(_PREDICTED, windows.shape[1])
        with torch.no_grad():
            return in_stretches(windows, compute, together=graph.warm_up > 0, at_once=at_once)

    def to_bytes(self) -> bytes:
        """The parent as one file (numpy's npz, no pickles) with a checksum; equal parents, equal bytes."""
        arrays = {
            f"{node.name}/{part}": getattr(self.linears[node.name], part)
            for node in graph_of(self.shape).biased
            for part in ("weight", "bias")
        }
        header = {
            "architecture": self.shape.as_dict(),
            "validation_error": self.validation_error,
            "key": self.key,
            "history": [dataclasses.astuple(epoch) for epoch in self.history],
        }
        text = json.dumps(header, sort_keys=True)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, header=text, digest=_content_digest(text, arrays), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, place: str) -> FloatParent:
        """Read :meth:`to_bytes`'s bytes; ``place`` begins the message of an error.

        Raises:
            UserError: the content is no float parent, or was damaged.
        """
        remedy = "remove this artifact: the parent is then trained again"
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            text, digest = str(arrays.pop("header")), str(arrays.pop("digest"))
            header = json.loads(text)
            shape = shape_from_dict(header["architecture"])
            linears = {
                node.name: FoldedLinear(arrays[f"{node.name}/weight"], arrays[f"{node.name}/bias"])
                for node in graph_of(shape).biased
            }
            history = tuple(Epoch(*row) for row in header["history"])
            parent = cls(shape, linears, header["validation_error"], header["key"], history)
        except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise UserError(place, f"no float parent ({error})", remedy) from error
        if digest != _content_digest(text, arrays):
            raise UserError(place, "the content does not match its digest", remedy)
        return parent


def parent_key(shape: Shape, dataset: Dataset, settings: TrainingSettings, seed: int) -> str:
    """Digest of everything that a float parent depends on, to look up one that is already trained."""
    content: dict[str, Any] = {
        "version": _VERSION,
        "architecture": shape.as_dict(),
        "dataset": dataset.digest,
        "settings": settings.parent_part(stretch_of(shape, settings)),
        "seed": seed,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def train_parent(
    shape: Shape,
    dataset: Dataset,
    settings: TrainingSettings,
    seed: int,
    resume: Resume | None = None,
) -> FloatParent:
    """Train a shape's float model, fold and condition it.

    Args:
        shape: the network's.
        dataset: windows of that shape.
        settings: how.
        seed: of the first weights and the order of the windows.
        resume: where checkpoints are kept, to go on from.

    Raises:
        ValueError: the dataset's windows do not have that shape.
        TrainingDiverged: the loss is not finite.
    """
    check_shape(shape, dataset)
    family = FLOAT_FAMILIES[shape.family]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = family.model(shape)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=settings.parent_learning_rate,
        weight_decay=settings.parent_weight_decay,
        fused=True,
    )
    key = parent_key(shape, dataset, settings, seed)
    length = stretch_of(shape, settings)
    plan = Plan(settings.parent_epochs, settings.batch_size, settings.patience, seed, key, length)
    windows, validate = Windows.of(dataset), validator(model, dataset, together=length > 1)
    history = fit(model, optimizer, windows, loss_of(dataset), validate, plan, resume=resume)
    linears = family.condition(shape, family.fold(model), calibration_windows(dataset, settings).numpy())
    best = min(epoch.validation_error for epoch in history)
    parent = FloatParent(shape, linears, best, key, history)
    # The folded network is what counts: its error, not that of the model it came from.
    error = prediction_error(dataset, dataset.validation, parent.predict(dataset.validation.x))
    return dataclasses.replace(parent, validation_error=error)


def check_shape(shape: Shape, dataset: Dataset) -> None:
    """Refuse a dataset whose windows a network cannot read.

    Raises:
        ValueError: with both shapes.
    """
    graph = graph_of(shape)
    wanted = (graph.sees, graph.input.columns, graph.output.columns)
    found = (dataset.window, dataset.features, dataset.outputs)
    if wanted != found:
        raise ValueError(f"the network is for (window, features, outputs) {wanted}, the data has {found}")


def _content_digest(header: str, arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    digest = hashlib.sha256(header.encode())
    for name in sorted(arrays):
        digest.update(f"{name}{arrays[name].shape}{arrays[name].dtype}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
