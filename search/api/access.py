"""Studies and designs from Python."""

from __future__ import annotations

import operator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import SupportsIndex

import pandas as pd

from quant_model.data import Dataset
from quant_model.design import DesignPoint
from quant_model.integer_model import IntegerModel
from search.api.frames import front_frame, trials_frame
from search.results.export import Exported, export_trial, trial_model
from search.results.fastest import Builds, builds_of
from search.space.budget import DEFAULT_DEVICE, Assessment, Budget
from search.store import study as store
from search.store.location import Location

__all__ = ["Study", "estimate", "open_study"]

Place = str | PathLike[str]


@dataclass(frozen=True, repr=False)
class Study:
    """A study in its storage. Every look at it reads what the storage holds now.

    Trials are named by their numbers; whatever takes one raises :class:`UserError` where there is no such
    trial, it did not complete, or its files are gone.
    """

    opened: store.OpenStudy
    """The study as the other rooms know it, Optuna's own study (``opened.study``) included."""

    def __repr__(self) -> str:
        return f"<bitfront.Study {self.name}: {len(self.opened.trials())} trials>"

    @property
    def name(self) -> str:
        """Its name in the storage."""
        return self.opened.name

    @property
    def metric(self) -> str:
        """What errors are, with their unit: ``RMSE, kW``."""
        return self.opened.spec.data.metric

    @property
    def front(self) -> pd.DataFrame:
        """The trials that no other beats in every objective, by the first objective.

        Indexed by ``trial``. Columns: the objectives; ``cycles`` (clocks), ``latency_us`` (from a window's
        first input to its last output), ``interval_us`` (from window to window in a back-to-back stream) and
        ``energy_uj`` (of one inference), all at the study's clock; ``utilization.RESOURCE`` (share of the
        device); the shape's numbers; ``TENSOR.weight_bits``, ``TENSOR.activation_bits`` and ``ENGINE.lanes``;
        and as ``fastest.cycles``, ... what the same weights and bits come to with as many lanes as fit.
        All but the error are estimates of the cost model, cycles exact.

        Raises:
            UserError: the storage is away.
        """
        with self._storage():
            return front_frame(self.opened)

    @property
    def trials(self) -> pd.DataFrame:
        """All trials, those in workers' hands included.

        Indexed by ``trial``. Columns: ``state`` (complete, pruned, fail, running, waiting), the objectives,
        ``error`` (:attr:`metric`, on validation), ``cycles`` and ``utilization.RESOURCE`` as estimated when
        the trial began, shape, bits and lanes as in :attr:`front`, ``seconds`` of training, ``twin`` (the
        trial whose training this one shares) and ``why`` (it was pruned, stopped early, or failed).

        Raises:
            UserError: the storage is away.
        """
        with self._storage():
            return trials_frame(self.opened)

    def load_model(self, trial: SupportsIndex) -> IntegerModel:
        """The integer model of a completed trial: what its accelerator computes, bit for bit.

        ``model.forward`` takes int64 ``(windows, rows, features)``, ``model.predict`` normalised floats of
        the same shape, as :meth:`dataset` has them; both return ``(windows, outputs)``.
        """
        with self._storage():
            return trial_model(self.opened, self.opened.trial(operator.index(trial)))

    def dataset(self, trial: SupportsIndex) -> Dataset:
        """The data of a completed trial: ``train``, ``validation`` and ``test``, each ``x`` and ``y``.

        ``dataset.forecast(split, outputs)`` turns normalised outputs into the target's unit.
        """
        model = self.load_model(trial)
        with self._storage():
            return self.opened.data().dataset_of(model.network.design)

    def builds(self, trial: SupportsIndex) -> Builds:
        """A completed trial's design as it is (``own``) and with as many lanes as fit (``fastest``)."""
        return builds_of(self.opened.spec, self.load_model(trial).network.design)

    def estimate(self, design: DesignPoint | Place) -> Assessment:
        """A design by the cost model, held against the study's device, limits and clock.

        Args:
            design: A design point, or a file that holds one as JSON.

        Raises:
            UserError: the file cannot be read or is no design point.
        """
        return Budget.of(self.opened.spec).assess(_design(design))

    def export(self, trial: SupportsIndex, folder: Place, *, fastest: bool = False) -> Exported:
        """Write a completed trial's accelerator: VHDL, testbench, integer model, README.

        Args:
            trial: The trial.
            folder: Absent, empty, or an earlier export, which is replaced.
            fastest: In its fastest build: the same weights, bits and error with as many lanes as fit.

        Returns:
            What was written, with its errors on validation and test (``.scores``).

        Raises:
            UserError: as for any trial; or the folder holds something else, or cannot be written.
        """
        with self._storage():
            return export_trial(self.opened, operator.index(trial), Path(folder), fastest=fastest)

    def _storage(self) -> AbstractContextManager[None]:
        return self.opened.errors()


def open_study(place: Place, name: str | None = None, artifacts: str | None = None) -> Study:
    """Open a study that ``bitfront run`` or ``serve`` made.

    Args:
        place: The folder of a run (``build/NAME``), a SQLite file, or a storage's URL.
        name: The study; may be left out where the storage holds a single one.
        artifacts: Folder of the study's files, or ``s3://BUCKET/PREFIX``, if not where the study says.

    Raises:
        UserError: there is no such storage or study, or it cannot be reached.
    """
    return Study(store.open_study(Location.at(str(place)).url, name, artifacts))


def estimate(
    design: DesignPoint | Place,
    device: str = DEFAULT_DEVICE,
    clock_mhz: float = Budget.clock_mhz,
    period_s: float | None = None,
) -> Assessment:
    """What a design takes of a device, by the cost model; choices left to ``auto`` are taken.

    Args:
        design: A design point, or a file that holds one as JSON.
        device: For example ``xc7s15``.
        clock_mhz: MHz, for ``latency_us``, ``interval_us`` and ``energy_uj``.
        period_s: Seconds between two rows, if ``energy_uj`` shall be that of the whole time.

    Raises:
        UserError: the file cannot be read or is no design point, or the device is unknown.
    """
    return Budget(device, clock_mhz=clock_mhz, period_s=period_s).assess(_design(design))


def _design(design: DesignPoint | Place) -> DesignPoint:
    return design if isinstance(design, DesignPoint) else DesignPoint.load(Path(design))
