"""What the policies are compared on: real spaces and estimates, with an error that is quick to tell.

The synthetic error has the form that quantisation theory gives: each tensor adds noise of variance
``sensitivity * 4**-bits``. Sensitivities differ between tensors of a kind; there are products of neighbours,
the worst tensor of the residual stream, a gain by shape, and a chance of training that is fixed per design.
Its sizes are those of the trainings in ``tests/bench/training``: 6 bits in residual stream, input and pool
cost some 6 %, 4 bits in all weights as much, and two trainings of one float parent differ by 1 to 2 %. No
policy knows any of it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from quant_model.data import Dataset, persistence, rmse
from quant_model.data.outcomes import ERROR
from quant_model.design import DesignPoint
from quant_model.families import Encoder, Shape
from quant_model.network import build_network
from quant_model.training.settings import TrainingSettings
from search.space.identity import arithmetic_digest, seed_from
from search.study_files.datasets import StudyData, data_from_file
from search.study_files.parser import data_path, load_spec
from search.study_files.spec import StudySpec

if TYPE_CHECKING:
    from quant_model.training import FloatParent, TrainingResult

__all__ = ["PROBLEMS", "Problem", "Trainer", "problem", "trainer"]

_ROOT = Path(__file__).parents[3]
_FILES = {
    "traffic": _ROOT / "studies" / "sf_traffic.toml",
    "wide": Path(__file__).with_name("wide.toml"),
    "real": _ROOT / "studies" / "sf_traffic.toml",
    "real-wide-sf": Path(__file__).with_name("real_wide_sf.toml"),
    "real-wide-sf-energy": Path(__file__).with_name("real_wide_sf.toml"),
    "real-wide-beijing": Path(__file__).with_name("real_wide_beijing.toml"),
    "real-wide-beijing-energy": Path(__file__).with_name("real_wide_beijing.toml"),
}
_ENERGY = "-energy"
"""Ends the name of a problem whose second objective is the energy of a forecast."""
PROBLEMS = tuple(_FILES)
_PERSISTENCE = 0.02797
"""Validation RMSE of the forecast "as now" on the San Francisco series."""
_FLOOR = 0.0165
_CHANCE = 0.015
"""Standard deviation of the error's logarithm between trainings that are alike."""


@dataclass(frozen=True)
class Problem:
    """A study without its trainings.

    Attributes:
        name: For people.
        spec: The study file.
        error: Tells a design's error.
        worst_error: The reference point's: that of no model at all.
        worst_other: The second objective's there: all of the device; None: the largest of any run.
    """

    name: str
    spec: StudySpec
    error: Callable[[DesignPoint], float]
    worst_error: float
    worst_other: float | None = 1.0


def problem(name: str, cache: Path) -> Problem:
    """A problem by name; ``cache`` keeps what was trained, for ``real``, and beside it for the wider ones."""
    spec = load_spec(_FILES[name])
    if not name.startswith("real"):
        return Problem(name, spec, synthetic_error, _PERSISTENCE)
    own = trainer(name, cache)
    if not name.endswith(_ENERGY):
        return Problem(name, spec, own.error, own.persistence)
    study = spec.study.model_copy(update={"objectives": (ERROR, "energy")})
    return Problem(name, spec.model_copy(update={"study": study}), own.error, own.persistence, None)


def trainer(name: str, cache: Path) -> Trainer:
    """The real trainings of a problem, kept as :func:`problem` says."""
    spec = load_spec(_FILES[name])
    if name == "real":
        return Trainer(_shortened(spec), _FILES[name], cache)
    return Trainer(spec, _FILES[name], cache.with_name(f"{name.removesuffix(_ENERGY)}.jsonl"))


def synthetic_error(design: DesignPoint) -> float:
    """An error between that of a good float model and twice that."""
    shape = design.shape
    assert isinstance(shape, Encoder)
    floor = _FLOOR * (1 + 1.6 / shape.d_model)
    floor *= {1: 1.0, 2: 0.96, 3: 0.95, 4: 0.95}[shape.layers] * (1.03, 1.0, 0.99)[min(shape.heads, 3) - 1]
    floor *= 1 - 0.012 * np.log2(shape.ffn_width / shape.d_model)
    bits = {f"{name}.weight": bits for name, bits in design.weight_bits.items()} | dict(
        design.activation_bits
    )
    steps = {name: 2.0**-bits for name, bits in bits.items()}
    noise = sum(_sensitivity(name) * step**2 for name, step in steps.items())
    for layer in range(shape.layers):
        query, key, expand = (steps[f"layer{layer}.{part}"] for part in ("query", "key", "expand"))
        noise += 4.0 * query * key + 4.0 * expand * steps[f"layer{layer}.contract.weight"]
    noise += 40.0 * max(step**2 for name, step in steps.items() if _is_stream(name))
    chance = np.random.default_rng(int(arithmetic_digest(design), 16)).normal(0.0, _CHANCE)
    return float(np.hypot(floor, _FLOOR * np.sqrt(noise)) * np.exp(chance))


def _sensitivity(tensor: str) -> float:
    generator = np.random.default_rng(seed_from("sensitivity", tensor))
    sensitive = _is_stream(tensor) or tensor in ("input", "pool")
    return float((50.0 if sensitive else 2.0) * generator.lognormal(0.0, 0.8))


def _is_stream(tensor: str) -> bool:
    return tensor == "embed" or tensor.endswith("residual")


def _shortened(spec: StudySpec) -> StudySpec:
    """Trainings of two seconds: three epochs, from float parents of six."""
    training = TrainingSettings(epochs=3, parent_epochs=6, batch_size=64)
    return spec.model_copy(update={"training": training})


@dataclass(frozen=True)
class Trainer:
    """Real trainings, each made once: the cache is a line of JSON per arithmetic, and a file per parent."""

    spec: StudySpec
    file: Path
    cache: Path

    def error(self, design: DesignPoint) -> float:
        digest = arithmetic_digest(design)
        if digest not in self._known:
            _, result = self.trained(design, seed_from("train", digest))
            self._known[digest] = result.validation_error
            with self.cache.open("a") as file:
                file.write(json.dumps({"arithmetic": digest, "error": self._known[digest]}) + "\n")
        return self._known[digest]

    @cached_property
    def persistence(self) -> float:
        dataset = self._data.dataset(max(self.spec.shape_values("window")))
        return rmse(dataset, dataset.validation, persistence(dataset.validation))

    @cached_property
    def _known(self) -> dict[str, float]:
        self.cache.parent.mkdir(parents=True, exist_ok=True)
        self.cache.touch()
        rows = (json.loads(line) for line in self.cache.read_text().splitlines())
        return {row["arithmetic"]: row["error"] for row in rows}

    @cached_property
    def _data(self) -> StudyData:
        return data_from_file(self.spec, data_path(self.spec, self.file))

    def trained(self, design: DesignPoint, seed: int) -> tuple[FloatParent, TrainingResult]:
        """A training, not kept, and the float parent that it started from, which is."""
        from quant_model.training import prepare_process, train

        prepare_process(1)
        dataset = self._data.dataset_of(design)
        parent = self._parent(design.shape, dataset)
        return parent, train(build_network(design), dataset, self.spec.training, seed, parent)

    def _parent(self, shape: Shape, dataset: Dataset) -> FloatParent:
        from quant_model.training import FloatParent, train_parent

        file = self.cache.parent / f"{self.cache.stem}-parents" / f"{shape.digest}.npz"
        if file.exists():
            return FloatParent.from_bytes(file.read_bytes(), str(file))
        parent = train_parent(shape, dataset, self.spec.training, seed_from("parent", shape.digest))
        file.parent.mkdir(exist_ok=True)
        # Whoever is stopped here leaves no half of it.
        unfinished = file.with_suffix(f".{os.getpid()}")
        unfinished.write_bytes(parent.to_bytes())
        unfinished.replace(file)
        return parent
