"""Which tensors need their bits: what one tensor in few bits costs a float parent, all others having many.

Nothing is trained: every network is the parent with the scales that suit it best. So the increases are larger
than what training leaves of them; their order is what tells (HAWQ and its kin rank layers alike: Dong et al.,
arXiv 1905.03696).
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from quant_model.data.dataset import Dataset, Split
from quant_model.data.tasks import prediction_error
from quant_model.design import DesignPoint, uniform_design
from quant_model.errors import UserError
from quant_model.graph import Graph, graph_of
from quant_model.network import build_network
from quant_model.training.parent import FloatParent
from quant_model.training.quant_network import QuantNetwork
from quant_model.training.settings import TrainingSettings
from quant_model.training.start import Start, calibration_windows

_REST_BITS = 8
"""Bits of weights and activations that are not looked at: the most that a design point can have."""
_REST_STREAM_BITS = 12
"""Bits of the residual stream when it is not looked at: finer than whatever is."""
_MOST_WINDOWS, _MOST_ROWS = 2048, 1 << 19
"""Validation windows that errors are measured on, and their rows, at most; evenly spaced in time."""

Increases = Mapping[int, float]
"""By bits: relative increase of the validation error, 0.1 for ten percent. Negative where rounding helped."""


@dataclass(frozen=True)
class Sensitivity:
    """What few bits cost, tensor by tensor."""

    parent: str
    """Key of the float parent."""
    error: float
    """Validation error of the parent with many bits everywhere, in the task's unit."""
    weights: Mapping[str, Increases]
    """By linear engine."""
    activations: Mapping[str, Increases]
    """By tensor. Tensors that must share a format (repeated layers) are lowered together."""

    def ranked(self, bits: int) -> tuple[tuple[str, str, float], ...]:
        """``("weight" | "activation", name, increase)``, the most sensitive first.

        Raises:
            KeyError: this number of bits was not looked at.
        """
        rows = [("weight", name, by_bits[bits]) for name, by_bits in self.weights.items()]
        rows += [("activation", name, by_bits[bits]) for name, by_bits in self.activations.items()]
        return tuple(sorted(rows, key=lambda row: -row[2]))

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, bits as text."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str, place: str) -> Sensitivity:
        """Read :meth:`to_json`'s text; ``place`` begins the message of an error.

        Raises:
            UserError: the text is no sensitivity.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            return cls(
                str(data["parent"]),
                float(data["error"]),
                _numbers(data["weights"]),
                _numbers(data["activations"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                place, f"no sensitivity ({error})", "remove it: it is then found again"
            ) from error


def measure_sensitivity(
    parent: FloatParent, dataset: Dataset, settings: TrainingSettings, bits: Iterable[int] = (4,)
) -> Sensitivity:
    """Measure what each tensor costs in few bits, one tensor at a time; the same arguments, the same result.

    Takes some hundredths of a second per tensor and number of bits for small networks.

    Args:
        parent: the float parent.
        dataset: windows of its shape.
        settings: how many windows scales are chosen on.
        bits: the widths to look at, each 2..8.
    """
    graph = graph_of(parent.shape)
    start = Start(parent.shape, parent.linears, calibration_windows(dataset, settings))
    split = _thinned(dataset.validation)
    windows = torch.from_numpy(np.array(split.x))
    base_design = uniform_design(parent.shape, _REST_BITS, _REST_BITS, stream_bits=_REST_STREAM_BITS)

    def error(design: DesignPoint) -> float:
        model = QuantNetwork(build_network(design))
        model.initialise(start)
        model.eval()
        with torch.no_grad():
            return prediction_error(dataset, split, model(windows).numpy())

    base = error(base_design)
    widths = tuple(bits)
    weights = {
        node.name: {
            width: _increase(error(_with_weight(base_design, node.name, width)), base) for width in widths
        }
        for node in graph.weighted
    }
    activations: dict[str, dict[int, float]] = {}
    for group in _groups(graph):
        found = {
            width: _increase(error(_with_activations(base_design, group, width)), base) for width in widths
        }
        activations |= dict.fromkeys(group, found)
    ordered = {name: activations[name] for name in graph.tensors}
    return Sensitivity(parent.key, base, weights, ordered)


def _increase(error: float, base: float) -> float:
    return error / base - 1 if base > 0 else (0.0 if error == base else math.inf)


def _groups(graph: Graph) -> list[tuple[str, ...]]:
    """Tensors to lower, those together that must have the same bits."""
    tied = graph.tied
    groups: list[tuple[str, ...]] = [(name,) for name in graph.tensors if name not in tied]
    return [tied, *groups] if tied else groups


def _with_weight(design: DesignPoint, name: str, bits: int) -> DesignPoint:
    return dataclasses.replace(design, weight_bits={**design.weight_bits, name: bits})


def _with_activations(design: DesignPoint, names: tuple[str, ...], bits: int) -> DesignPoint:
    return dataclasses.replace(
        design, activation_bits={**design.activation_bits, **dict.fromkeys(names, bits)}
    )


def _thinned(split: Split) -> Split:
    most = max(1, min(_MOST_WINDOWS, _MOST_ROWS // split.x.shape[1]))
    return split.part(slice(None, None, -(-len(split) // most)))


def _numbers(table: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[int, float]]:
    return {
        name: {int(bits): float(value) for bits, value in by_bits.items()} for name, by_bits in table.items()
    }
