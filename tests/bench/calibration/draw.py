"""Designs to measure: random ones of three families, the same for the same seed for ever.

``broad`` goes to the corners of what the generator takes, ``study`` looks like the designs of the shipped
studies with every open choice resolved, ``repeated`` adds repeated layers. Each family is split by seed into
designs to fit and designs to test on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from cost_model import device, resolve
from quant_model.design import DesignPoint
from quant_model.engine import Engine, Multiplier
from quant_model.families import Encoder

__all__ = ["FAMILIES", "Case", "cases"]

_WIDTHS = (4, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64)
_WINDOWS = (4, 6, 8, 12, 16, 18, 20, 24, 30, 32, 36, 48)
_TEST_EVERY = 3
"""Every third seed of a family is held out."""


@dataclass(frozen=True)
class Case:
    """A design to measure, with the seed of its random weights."""

    family: str
    seed: int
    design: DesignPoint

    @property
    def held_out(self) -> bool:
        """True when the fit must not see it."""
        return self.seed % _TEST_EVERY == 0


def cases(counts: dict[str, int]) -> Iterator[Case]:
    """The first designs of every family: ``counts`` says how many of each."""
    for family, (first, draw) in FAMILIES.items():
        for seed in range(first, first + counts.get(family, 0)):
            yield Case(family, seed, draw(seed))


def broad(seed: int) -> DesignPoint:
    """Any widths, lanes, memories and multipliers, wide residual streams now and then."""
    rng = random.Random(seed)
    d_model, window = rng.choice(_WIDTHS), rng.choice(_WINDOWS)
    heads = rng.choice([heads for heads in (1, 1, 1, 2, 2, 4) if d_model % heads == 0])
    architecture = Encoder(
        window=window,
        features=rng.choice([1, 1, 2, 3, 4, 8]),
        d_model=d_model,
        heads=heads,
        ffn_width=min(512, max(4, d_model * rng.choice([1, 2, 2, 4]))),
        layers=1 if d_model > 32 else rng.choice([1, 1, 1, 2]),
        outputs=rng.choice([1, 1, 2, 3, 6]),
    )
    weight_bits = {name: rng.randint(2, 8) for name in linear_names(architecture)}
    activation_bits = {name: rng.randint(2, 8) for name in activation_names(architecture)}
    for stream in stream_names(architecture):
        if rng.random() < 0.3:
            activation_bits[stream] = rng.choice([8, 10, 12, 16])
    multipliers: tuple[Multiplier, ...] = ("dsp", "lut", "lut")
    engines = {}
    for name, kind in engine_kinds(architecture).items():
        choices = memory_choices(kind)
        lanes = snap_lanes(architecture, name, rng.choice([1, 1, 1, 2, 2, 3, 4, 4, 6, 8]))
        engines[name] = Engine(
            lanes=lanes,
            multiplier=rng.choice(multipliers) if choices else None,
            buffer=rng.choice(["distributed", "distributed", "block"]),
            memory=rng.choice(choices[1:]) if choices else None,
        )
    return resolve(DesignPoint(architecture, weight_bits, activation_bits, engines), device("xc7s15"))


def study(seed: int) -> DesignPoint:
    """As in the shipped studies: a window of 24, open choices resolved for the part that is searched."""
    rng = random.Random(seed)
    d_model = rng.choice([8, 16, 24, 32, 64])
    architecture = Encoder(
        window=24,
        features=rng.choice([1, 1, 1, 9]),
        d_model=d_model,
        heads=rng.choice([1, 2]),
        ffn_width=d_model * rng.choice([2, 4]),
        layers=1 if d_model > 16 else rng.choice([1, 1, 2]),
        outputs=1,
    )
    engines = {}
    for name, kind in engine_kinds(architecture).items():
        open_choice: Literal["auto"] | None = "auto" if memory_choices(kind) else None
        engines[name] = Engine(
            lanes=snap_lanes(architecture, name, rng.choice([1, 2, 4, 8])),
            multiplier=open_choice,
            buffer=rng.choice(["distributed", "block", "auto"]),
            memory=open_choice,
        )
    design = DesignPoint(
        architecture,
        {name: rng.randint(3, 8) for name in linear_names(architecture)},
        {name: rng.randint(4, 8) for name in activation_names(architecture)},
        engines,
    )
    return resolve(design, device(rng.choice(["xc7s15", "xc7s15", "xc7s25"])))


def repeated(seed: int) -> DesignPoint:
    """A broad design whose layers are applied two to five times."""
    design = broad(seed)
    rng = random.Random(seed)
    architecture = replace(design.shape, repeats=rng.randint(2, 5))
    bits = rng.randint(4, 8)
    tied = dict.fromkeys(tied_streams(architecture), bits)
    loops = {
        name: Engine(buffer=rng.choice(["distributed", "block"]))
        for name, kind in engine_kinds(architecture).items()
        if kind == "repeat"
    }
    longer = DesignPoint(
        architecture,
        design.weight_bits,
        {**design.activation_bits, **tied},
        {**design.engines, **loops},
    )
    return resolve(longer, device("xc7s15"))


FAMILIES: dict[str, tuple[int, Callable[[int], DesignPoint]]] = {
    "broad": (100, broad),
    "study": (1000, study),
    "repeated": (2000, repeated),
}
"""First seed and drawing function of each family."""
