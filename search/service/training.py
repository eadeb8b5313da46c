"""Training a design of a study: its float parent, its seed, its result. Only this module needs torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from quant_model.data import Dataset
from quant_model.design import DesignPoint
from quant_model.families import Shape
from quant_model.network import build_network
from quant_model.training import (
    Epoch,
    FloatParent,
    Resume,
    TrainingDiverged,
    TrainingResult,
    parent_key,
    prepare_process,
    train,
    train_parent,
)
from search.space.identity import arithmetic_digest, seed_from
from search.store.study import OpenStudy
from search.study_files.datasets import StudyData

__all__ = ["Trainer", "prepare_process"]


@dataclass(frozen=True)
class Trainer:
    """Trains designs of one study."""

    study: OpenStudy
    data: StudyData

    def train(self, design: DesignPoint, on_epoch: Callable[[Epoch], None] | None = None) -> TrainingResult:
        """Train a design from the study's float parent of its shape.

        The result depends on the study's seed and data and the design's arithmetic, not on the trial's
        number.

        Args:
            design: what to train.
            on_epoch: called after each epoch; it may stop the training.
        """
        spec, dataset = self.study.spec, self.data.dataset_of(design)
        parent = self._parent(design.shape, dataset)
        with self._resume(arithmetic_digest(design)) as resume:
            return train(
                build_network(design),
                dataset,
                spec.training,
                seed_from(spec.study.seed, "train", arithmetic_digest(design)),
                parent,
                on_epoch,
                resume,
            )

    def _parent(self, shape: Shape, dataset: Dataset) -> FloatParent:
        """The float parent, trained by whichever worker needs it first.

        Two workers may train the same one at once: both come to the same result, and the later one's copy is
        used.
        """
        spec = self.study.spec
        seed = seed_from(spec.study.seed, "parent", shape.digest)
        key = parent_key(shape, dataset, spec.training, seed)[:16]
        if (stored := self.study.parents.get(key)) is not None:
            return self.study.parent(stored)
        # One shape may have several, whose outputs are values or changes.
        name = f"parent-{shape.digest}{f'-{dataset.digest[:8]}' if dataset.adds else ''}"
        with self._resume(name) as resume:
            parent = train_parent(shape, dataset, spec.training, seed, resume)
        self.study.keep_parent(key, f"{name}.npz", parent, dataset.digest)
        return parent

    @contextmanager
    def _resume(self, what: str) -> Iterator[Resume]:
        """Where a training's checkpoints lie: beside the study's artifacts, for all workers.

        Whoever takes up the trial of a killed worker goes on from its last epoch. A training that has come to
        an end leaves nothing behind. The name is the study file's: renaming the study loses no epoch.
        """
        artifacts, name = self.study.artifacts, f"checkpoint-{self.study.spec.study.name}-{what}"
        resume = Resume(lambda: artifacts.kept(name), lambda content: artifacts.keep(name, content))
        try:
            yield resume
        except TrainingDiverged:
            artifacts.drop(name)
            raise
        artifacts.drop(name)
