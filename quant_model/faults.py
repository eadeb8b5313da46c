"""Which windows notice a fault in a memory: the highest bit of one word turned round, by golden arithmetic.

The words are those of weights, biases and tables. A word that no window notices may hold anything, as far
as a comparison on these windows can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quant_model.formats import IntArray
from quant_model.graph import INPUT
from quant_model.integer_model import IntegerModel

__all__ = ["Faults", "noticed", "word_counts"]

BoolArray = npt.NDArray[np.bool_]

_STACKED = 1 << 20
"""Integers of a tensor that are computed at once: keeps intermediates within some ten megabytes."""


@dataclass(frozen=True, eq=False)
class Faults:
    """Some words of a model's memories.

    Attributes:
        nodes: indices of the nodes in the network, int64 ``(faults,)``, rising.
        words: the nodes' own numbers of the words, int64 ``(faults,)``.
    """

    nodes: IntArray
    words: IntArray

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, chosen: npt.ArrayLike) -> Faults:
        """Some of them, in order: by their places, or one truth value each."""
        places = np.asarray(chosen)
        return Faults(self.nodes[places], self.words[places])

    @classmethod
    def of(cls, model: IntegerModel) -> Faults:
        """One in every word."""
        counts = word_counts(model)
        words = [np.arange(count, dtype=np.int64) for count in counts]
        return cls(np.repeat(np.arange(len(counts), dtype=np.int64), counts), np.concatenate(words))


def word_counts(model: IntegerModel) -> list[int]:
    """Words in the memories of each node of the network."""
    return [int(node.words(model.parameters)) for node in model.network.nodes]


def noticed(model: IntegerModel, faults: Faults, windows: IntArray) -> BoolArray:
    """Whether a fault changes an output of a window.

    Args:
        model: Without faults.
        faults: What is tried, one fault at a time.
        windows: int64 ``(windows, rows, columns)``.

    Returns:
        ``(faults, windows)``.
    """
    found = np.zeros((len(faults), len(windows)), np.bool_)
    reference = _Reference.of(model, windows)
    for node in np.unique(faults.nodes):
        (own,) = np.nonzero(faults.nodes == node)
        for part in _parts(own, reference.widest * len(windows)):
            which, window = np.repeat(part, len(windows)), np.tile(np.arange(len(windows)), len(part))
            differs = reference.differs(int(node), faults.words[which], window)
            found[part] = differs.reshape(len(part), len(windows))
    return found


def _parts(indices: IntArray, integers: int) -> Iterator[IntArray]:
    size = max(1, _STACKED // integers)
    return (indices[start : start + size] for start in range(0, len(indices), size))


@dataclass(frozen=True, eq=False)
class _Reference:
    """A forward pass without a fault: what each step makes of the windows."""

    model: IntegerModel
    windows: IntArray
    steps: list[IntArray]

    @classmethod
    def of(cls, model: IntegerModel, windows: IntArray) -> _Reference:
        found: dict[str, IntArray] = {INPUT: np.asarray(windows, np.int64)}
        steps = []
        for node, names in model.network.steps:
            sources = (found[name] for name in names)
            made = node.evaluate(model.parameters, model.source_exponents(node.name), *sources)
            found[node.name] = made
            steps.append(made)
        return cls(model, found[INPUT], steps)

    @property
    def widest(self) -> int:
        """Integers of a window's largest tensor."""
        return max(int(step[0].size) for step in self.steps)

    def differs(self, index: int, words: IntArray, window: IntArray) -> BoolArray:
        """Whether outputs differ, for pairs of a faulty word of one node and a window, ``(pairs,)``."""
        network, parameters = self.model.network, self.model.parameters
        faulty, known, changed = network.nodes[index], {INPUT: self.windows}, dict[str, IntArray]()
        alive = np.arange(len(words))
        for (node, names), right in zip(network.steps, self.steps, strict=True):
            if node is faulty or not changed.keys().isdisjoint(names):
                exponents = self.model.source_exponents(node.name)
                sources = [changed[name] if name in changed else known[name][window[alive]] for name in names]
                if node is faulty:
                    made = node.evaluate_faulty(parameters, exponents, words[alive], *sources)
                else:
                    made = node.evaluate(parameters, exponents, *sources)
                changed[node.name] = made
                if node is faulty and network.passes[node.name] == 1:
                    # Most faults go no further: what is equal here is equal to the end.
                    (live,) = np.nonzero((made != right[window[alive]]).any(axis=(1, 2)))
                    alive, changed[node.name] = alive[live], made[live]
            known[node.name] = right
        found = np.zeros(len(words), np.bool_)
        if network.last.name in changed and len(alive):
            outputs = changed[network.last.name]
            found[alive] = (outputs != self.steps[-1][window[alive]]).any(axis=(1, 2))
        return found
