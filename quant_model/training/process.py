"""How a process that trains uses the machine: threads and memory, set once by whoever owns the process."""

from __future__ import annotations

import ctypes

import torch

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's ``mallopt`` (malloc.h)."""
_KEPT_BYTES = 1 << 28
"""Several times what a step needs."""
_LARGEST_BYTES = 1 << 25
"""The most that glibc takes for the second parameter."""


def prepare_process(threads: int) -> None:
    """Let torch use ``threads`` threads in this process, and keep memory that it frees.

    One thread where several workers share a machine: small networks gain nothing from a second one, and lose
    tenfold when another process wants the core. Memory: a training step frees megabytes and wants them again
    a moment later; fetching its pages from the system anew in every step costs a small network dearly.
    """
    torch.set_num_threads(threads)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # glibc; elsewhere it is only slower
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, _LARGEST_BYTES)
