"""The windows of a verification: chosen so that an error in any word of a memory shows.

Random windows leave words unseen: the weights of a value behind a softmax that looks elsewhere, the entries
of its table that no distance meets. Here windows are added one by one, each the one among several kinds that
notices most of what no window before it did (:mod:`quant_model.faults`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hdl.playback import random_vectors
from quant_model.faults import Faults, noticed
from quant_model.formats import IntArray
from quant_model.graph import Port
from quant_model.integer_model import IntegerModel

__all__ = ["Coverage", "Windows", "choose_windows"]

_WORK = 1e10
"""Integers that may be computed to choose windows: some seconds. A count, no time: the choice repeats."""
_PAIRS = 8192
"""Faults times windows that are tried at a time."""
_FEWEST_TRIED, _MOST_TRIED = 8, 256
"""Windows tried at a time."""
_FRUITLESS = 6
"""Times that many windows are tried in vain before no more are."""


@dataclass(frozen=True)
class Coverage:
    """Which words of weights, biases and tables matter to some windows.

    Attributes:
        seen: Words whose highest bit, turned round, changes an output.
        tried: Words for which that was computed: all, but in large networks a random sample.
        words: All words.
    """

    seen: int
    tried: int
    words: int

    @property
    def sentence(self) -> str:
        """For people."""
        sample = "" if self.tried == self.words else f" of a sample, {self.words} in all,"
        return (
            f"{self.seen} of {self.tried} weights, biases and table entries{sample} matter to these windows"
        )


@dataclass(frozen=True, eq=False)
class Windows:
    """Windows with what they cover.

    Attributes:
        stimulus: int64 ``(vectors, rows, columns)``: of an endless series all rows that a forecast sees.
        coverage: Of these windows together.
        unseen: Words that were tried in vain.
    """

    stimulus: IntArray
    coverage: Coverage
    unseen: Faults


def choose_windows(model: IntegerModel, vectors: int, seed: int) -> Windows:
    """Choose windows for a verification; from four on, two are all-lowest and all-highest.

    Raises:
        ValueError: ``vectors`` is below one.
    """
    port, rng = model.network.window, np.random.default_rng((seed, 2))
    found = random_vectors(port, vectors, seed)
    everything = Faults.of(model)
    most = max(1, int(_WORK / _integers(model)))
    sample = np.sort(rng.permutation(len(everything))[: max(1, most // 4)])
    left = everything[sample]
    kept = 2 if vectors >= 4 else 0
    chosen = list(found[:kept])
    if chosen:
        left = left[~noticed(model, left, np.stack(chosen)).any(axis=1)]
    spent, vain = kept * len(sample), 0
    while len(chosen) < vectors and len(left) and vain < _FRUITLESS and spent < most:
        count = min(_MOST_TRIED, max(_FEWEST_TRIED, _PAIRS // len(left)))
        candidates = np.concatenate([_candidates(port, count, rng), found[len(chosen) :][:count]])
        notices = noticed(model, left, candidates)
        spent += notices.size
        gained = False
        # Where there is little room, each of the few is the best of many.
        for _ in range(max(1, (vectors - len(chosen)) // 8)):
            if not notices.any():
                break
            best = int(notices.sum(axis=0).argmax())
            chosen.append(candidates[best])
            rest = ~notices[:, best]
            left, notices, gained = left[rest], notices[rest], True
        vain = 0 if gained else vain + 1
    stimulus = np.concatenate([np.stack(chosen), found[len(chosen) :]]) if chosen else found
    if len(left) and len(chosen) < vectors:
        left = left[~noticed(model, left, stimulus[len(chosen) :]).any(axis=1)]
    coverage = Coverage(len(sample) - len(left), len(sample), len(everything))
    return Windows(stimulus, coverage, left)


def _integers(model: IntegerModel) -> float:
    """About what one window with one fault takes: products, and what is done with each element."""
    return float(model.network.macs + 20 * sum(node.rows * node.columns for node, _ in model.network.steps))


def _candidates(port: Port, count: int, rng: np.random.Generator) -> IntArray:
    """Windows of several kinds: noise, noise around a level, either end at random, single rows or columns."""
    low, high = port.format.low, port.format.high
    shape = (count, port.rows, port.columns)
    noise = rng.integers(low, high, shape, np.int64, endpoint=True)
    level = rng.integers(low, high, (count, 1, port.columns), np.int64, endpoint=True)
    near = np.clip(level + rng.integers(-2, 2, shape, np.int64, endpoint=True), low, high)
    ends = np.where(rng.random(shape) < 0.5, low, high)
    spike = np.where(rng.random((count, port.rows, 1)) < 1 / port.rows, ends, near)
    kinds = np.stack([noise, near, ends, spike])
    found: IntArray = kinds[rng.integers(0, len(kinds), count), np.arange(count)]
    return found
