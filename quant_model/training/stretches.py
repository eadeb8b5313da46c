"""Stretches: consecutive windows of an endless series, computed together.

A network that answers each row makes the forecasts of consecutive rows out of the same earlier ones: rows of
one stretch are computed once for all of its windows, instead of once for each. Where windows are computed
one by one, a stretch is one window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from quant_model.graph import Shape, graph_of
from quant_model.training.settings import TrainingSettings
from quant_model.windows import WindowArray, WindowView

__all__ = ["batches", "in_stretches", "stretch_of", "stretched"]

_Numbers = npt.NDArray[np.int64]
_LONGEST = 64
"""Windows of a stretch that is evaluated: more cost more in products outside the band than they save."""


def stretch_of(shape: Shape, settings: TrainingSettings) -> int:
    """Windows of a stretch that a network learns from."""
    return settings.stretch if graph_of(shape).warm_up else 1


def stretched(windows: WindowArray, chosen: _Numbers) -> Tensor:
    """The rows of stretches, ``(stretches, window + length - 1, features)``.

    Args:
        windows: all of them.
        chosen: ``(stretches, length)``, numbers of windows that follow each other.
    """
    if isinstance(windows, WindowView):
        return torch.from_numpy(windows.stretches(chosen[:, 0], chosen.shape[1]))
    return torch.from_numpy(windows[chosen[:, 0]])


def batches(windows: WindowArray, length: int, size: int, generator: torch.Generator) -> list[_Numbers]:
    """All windows in batches of about ``size``, in random order: as stretches, else one by one.

    Stretches begin elsewhere each time; at the ends of what lies without a gap some windows count twice.
    Where so many do not follow each other windows come one by one: batches are mixed as widely as they can.

    Returns:
        ``(stretches, length)`` numbers of windows each, or ``(windows, 1)``.
    """
    offset = int(torch.randint(length, (), generator=generator)) if length > 1 else 0
    found: list[_Numbers] = []
    for stretches in _stretches(windows, length, offset, shorter=False):
        order = torch.randperm(len(stretches), generator=generator).numpy()
        count = max(size // stretches.shape[1], 1)
        found += _split(stretches[order], count)
    if length == 1:
        return found
    # Of a window that is the only one by itself no norm can be taken, either.
    found = [part for part in found if part.size > 1 or size == 1] or found
    return [found[index] for index in torch.randperm(len(found), generator=generator).tolist()]


def in_stretches(
    windows: WindowArray, compute: Callable[[Tensor], Tensor], *, together: bool, at_once: int
) -> npt.NDArray[np.float32]:
    """What a network computes for all windows, ``(N, outputs)``.

    Args:
        windows: all of them.
        compute: rows of stretches, as of :func:`stretched`, to outputs ``(windows, outputs)``.
        together: in stretches; else windows one by one.
        at_once: windows that are computed at a time.
    """
    parts: list[tuple[_Numbers, Tensor]] = []
    for stretches in _stretches(windows, _LONGEST if together else 1, 0, shorter=True):
        count = max(at_once // stretches.shape[1], 1)
        for start in range(0, len(stretches), count):
            part = stretches[start : start + count]
            parts.append((part.reshape(-1), compute(stretched(windows, part))))
    outputs = parts[0][1].new_empty((len(windows), parts[0][1].shape[1]))
    for numbers, told in parts:
        outputs[torch.from_numpy(numbers)] = told
    found: npt.NDArray[np.float32] = outputs.numpy()
    return found


def _stretches(windows: WindowArray, length: int, offset: int, *, shorter: bool) -> Iterator[_Numbers]:
    """All windows as stretches, ``(stretches, length)``, by length; ``shorter`` ones too, or one by one."""
    if length == 1 or not isinstance(windows, WindowView):
        yield np.arange(len(windows))[:, None]
        return
    by_length: dict[int, list[_Numbers]] = {}
    for run in np.split(np.arange(len(windows)), windows.breaks):
        own = length if len(run) >= length else len(run) if shorter else 1
        starts = np.arange(offset - length, len(run), own if own == 1 else length).clip(0, len(run) - own)
        by_length.setdefault(own, []).append(run[np.unique(starts)])
    for own, found in sorted(by_length.items(), reverse=True):
        yield np.concatenate(found)[:, None] + np.arange(own)


def _split(stretches: _Numbers, count: int) -> list[_Numbers]:
    """Parts of ``count``; a single window left over, of which no norm can be taken, joins the part before."""
    borders = list(range(count, len(stretches), count))
    if borders and (len(stretches) - borders[-1]) * stretches.shape[1] == 1:
        borders.pop()
    return np.split(stretches, borders)
