"""How fast estimates are: ``python tests/bench/cost_model_speed.py`` prints one line per form."""

from __future__ import annotations

import time
from collections.abc import Callable

from cost_model import DesignArrays, device, estimate, estimate_many, resolve
from quant_model.design import Architecture, uniform_design

_ROUNDS = 7
_SINGLE, _MANY = 50, 16_384


def main() -> None:
    """Best of some rounds: the machine does other things too."""
    part = device("xc7s15")
    architecture = Architecture(window=24, features=1, d_model=16, heads=1, ffn_width=64, layers=1, outputs=1)
    open_choices = uniform_design(architecture, lanes=4)
    design = resolve(open_choices, part)
    designs = DesignArrays.of([design] * _MANY)
    print(f"estimate       {1e3 * _best(lambda: estimate(design, part), _SINGLE):.3f} ms")
    print(f"resolve        {1e3 * _best(lambda: resolve(open_choices, part), _SINGLE):.3f} ms")
    print(f"estimate_many  {_MANY / _best(lambda: estimate_many(designs, part), 1):,.0f} designs a second")


def _best(action: Callable[[], object], count: int) -> float:
    action()
    found = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        for _ in range(count):
            action()
        found.append((time.perf_counter() - start) / count)
    return min(found)


if __name__ == "__main__":
    main()
