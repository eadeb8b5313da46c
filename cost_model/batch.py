"""Many design points as arrays: one column per choice, one row per design.

All designs of a batch have the same number of layers; everything else may differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.design import (
    DesignPoint,
    activation_names,
    engine_kinds,
    linear_names,
)

__all__ = ["DesignArrays", "EngineArrays", "Flags", "Ints"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class EngineArrays:
    """The build choices of one engine in every design; choices that do not apply are False."""

    lanes: Ints
    windows: Ints
    dsp: Flags
    buffer_block: Flags
    memory_block: Flags

    def part(self, rows: slice) -> EngineArrays:
        """The choices of some of the designs."""
        return EngineArrays(
            self.lanes[rows],
            self.windows[rows],
            self.dsp[rows],
            self.buffer_block[rows],
            self.memory_block[rows],
        )


@dataclass(frozen=True)
class DesignArrays:
    """Design points with no choice left to ``auto``."""

    layers: int
    repeats: Ints
    """1 without a loop."""
    window: Ints
    features: Ints
    d_model: Ints
    heads: Ints
    ffn_width: Ints
    outputs: Ints
    weight_bits: Mapping[str, Ints]
    """By linear engine."""
    activation_bits: Mapping[str, Ints]
    """By tensor."""
    engines: Mapping[str, EngineArrays]

    def __len__(self) -> int:
        return len(self.window)

    @classmethod
    def of(cls, designs: Sequence[DesignPoint]) -> DesignArrays:
        """Columns of resolved design points that have the same number of layers.

        Raises:
            ValueError: they have not, or a choice is left to ``auto``.
        """
        shapes = {(design.architecture.layers, design.architecture.repeats > 1) for design in designs}
        if len(shapes) != 1:
            raise ValueError("the designs of a batch must have the same layers, repeated or not")
        if not all(design.is_resolved for design in designs):
            raise ValueError("the designs of a batch must be resolved")
        architecture = designs[0].architecture

        def numbers(name: str) -> Ints:
            return np.array([getattr(design.architecture, name) for design in designs], dtype=np.int64)

        return cls(
            layers=architecture.layers,
            repeats=numbers("repeats"),
            window=numbers("window"),
            features=numbers("features"),
            d_model=numbers("d_model"),
            heads=numbers("heads"),
            ffn_width=numbers("ffn_width"),
            outputs=numbers("outputs"),
            weight_bits={
                name: np.array([design.weight_bits[name] for design in designs], dtype=np.int64)
                for name in linear_names(architecture)
            },
            activation_bits={
                name: np.array([design.activation_bits[name] for design in designs], dtype=np.int64)
                for name in activation_names(architecture)
            },
            engines={name: _engine(designs, name) for name in engine_kinds(architecture)},
        )

    def part(self, rows: slice) -> DesignArrays:
        """Some of the designs."""
        return DesignArrays(
            layers=self.layers,
            repeats=self.repeats[rows],
            window=self.window[rows],
            features=self.features[rows],
            d_model=self.d_model[rows],
            heads=self.heads[rows],
            ffn_width=self.ffn_width[rows],
            outputs=self.outputs[rows],
            weight_bits={name: column[rows] for name, column in self.weight_bits.items()},
            activation_bits={name: column[rows] for name, column in self.activation_bits.items()},
            engines={name: engine.part(rows) for name, engine in self.engines.items()},
        )


def _engine(designs: Sequence[DesignPoint], name: str) -> EngineArrays:
    engines = [design.engines[name] for design in designs]
    return EngineArrays(
        lanes=np.array([engine.lanes for engine in engines], dtype=np.int64),
        windows=np.array([engine.windows for engine in engines], dtype=np.int64),
        dsp=np.array([engine.multiplier == "dsp" for engine in engines]),
        buffer_block=np.array([engine.buffer == "block" for engine in engines]),
        memory_block=np.array([engine.memory == "block" for engine in engines]),
    )
