"""How many threads torch uses: the caller's choice, made once per process."""

from __future__ import annotations

import torch


def use_threads(count: int) -> None:
    """Let torch use ``count`` threads in this process; 1 where several workers share a machine.

    Small networks gain nothing from a second thread, and lose tenfold when another process wants the core.
    """
    torch.set_num_threads(count)
