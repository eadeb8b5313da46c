"""How fast estimates are: ``python -m tests.bench.cost_model_speed`` writes cost_model_speed.json.

One process, one thread; processor time, because the machine may do other things too. "same" is one design
again and again, "different" are random designs of the shipped San Francisco study, each new to the process.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from cost_model import device, estimate, estimate_many, resolve, resolve_many
from quant_model.design import DesignPoint, uniform_design
from quant_model.designs import Designs
from quant_model.families import Encoder
from search.space.budget import Budget
from search.space.design_space import DesignSpace, random_designs
from search.study_files.parser import load_spec

RESULT = Path(__file__).with_suffix(".json")
_STUDY = Path("studies/sf_traffic.toml")
_ROUNDS = 7
_SINGLE, _DIFFERENT, _MANY = 50, 1000, 16_384


def main() -> None:
    """Best of some rounds."""
    part = device("xc7s15")
    shape = Encoder(window=24, features=1, d_model=16, heads=1, ffn_width=64, layers=1, outputs=1)
    open_choices = uniform_design(shape, lanes=4)
    design = resolve(open_choices, part)
    spec = load_spec(_STUDY)
    space = DesignSpace(spec)
    drawn = list(random_designs(space, Budget.of(spec), _DIFFERENT, 1, feasible=False))
    resolved = Designs.of([drawn[index % len(drawn)] for index in range(_MANY)])
    generator = np.random.default_rng(1)
    undecided = Designs.of([space.design(space.random(generator)) for _ in range(_DIFFERENT)])
    found = {
        "estimate, same design": _best(lambda: estimate(design, part), _SINGLE),
        "estimate, different designs": _each(lambda one: estimate(one, part), drawn),
        "resolve": _best(lambda: resolve(open_choices, part), _SINGLE),
        "resolve_many, a design": _best(lambda: resolve_many(undecided, part), 1) / _DIFFERENT,
        "estimate_many, a design": _best(lambda: estimate_many(resolved, part), 1) / _MANY,
        "estimate_many, a design, with energy": _best(
            lambda: estimate_many(resolved, part).energy_uj(100.0), 1
        )
        / _MANY,
    }
    for name, seconds in found.items():
        print(f"{name:40} {1e3 * seconds:8.4f} ms  {1 / seconds:12,.0f} a second")
    content = {
        "milliseconds": {name: round(1e3 * seconds, 5) for name, seconds in found.items()},
        "per_second": {name: round(1 / seconds) for name, seconds in found.items()},
        "designs_in_a_batch": _MANY,
        "processor": f"{platform.machine()}, {os.cpu_count()} cores, one thread used",
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    RESULT.write_text(json.dumps(content, indent=1) + "\n")


def _best(action: Callable[[], object], count: int) -> float:
    """Seconds for one action, once it is warm."""
    action()
    found = []
    for _ in range(_ROUNDS):
        start = time.process_time()
        for _ in range(count):
            action()
        found.append((time.process_time() - start) / count)
    return min(found)


def _each(action: Callable[[DesignPoint], object], designs: Sequence[DesignPoint]) -> float:
    """Seconds for one action, each on a design that it meets for the first time; the best tenth."""
    tenth = len(designs) // 10
    found = []
    for first in range(0, len(designs), tenth):
        start = time.process_time()
        for design in designs[first : first + tenth]:
            action(design)
        found.append((time.process_time() - start) / tenth)
    return min(found)


if __name__ == "__main__":
    main()
