"""Trials' attributes keep the names and values that studies of earlier versions have."""

from __future__ import annotations

import optuna
import pytest

from quant_model.design import uniform_design
from quant_model.families import Encoder
from search.space.budget import Budget
from search.store.record import (
    LeaseMark,
    Origin,
    RungError,
    TrialRecord,
    design_record,
    store,
    store_in,
)

ORIGIN = Origin("a" * 64, "b" * 64, "0.1.0", 3, "host:1:x")
STORED = {
    "digest": "d",
    "arithmetic": "a",
    "design": {"engines": {}},
    "estimate": {
        "resources": {"lut": 80, "dsp": 2},
        "utilization": {"lut": 0.01, "dsp": 0.1},
        "cycles": 7,
        "device": "xc7s15",
        "calibration": "yosys-xc7",
    },
    "filled": "dsp 10.0 %",
    "origin": {"study_sha256": "s", "data_sha256": "d", "version": "0.1.0", "seed": 3, "worker": "h:1:x"},
    "training": True,
    "rung": {"epoch": 5, "error": 0.02},
    "stopped_early": "epoch 5: behind",
    "curve": "artifact-1",
    "model": "artifact-2",
    "error": 0.02,
    "seconds": 1.5,
    "duplicate_of": 0,
    "trained_by": 1,
    "taken_from": {"study": "old", "trial": 3},
    "failure": "no reason",
}
SYSTEM = {
    "bitfront:lease": {"worker": "h:1:x", "beat": 4},
    "bitfront:losses": ["h:0:y"],
    "fixed_params": {"d_model": 8},
}


def test_a_record_is_what_is_stored_and_is_stored_as_it_was() -> None:
    record = TrialRecord.read({**STORED, "somebody's": 1}, {**SYSTEM, "dashboard:x": 2})
    assert (record.user, record.system) == (STORED, SYSTEM)
    assert list(record.user) == list(STORED)
    assert record.estimate is not None
    assert (record.estimate.fullest, record.estimate.used) == ("dsp", 0.1)
    assert (record.rung, record.lease) == (RungError(5, 0.02), LeaseMark("h:1:x", 4))
    assert (record.losses, record.given) == (("h:0:y",), {"d_model": 8})


@pytest.mark.parametrize("name", STORED)
def test_what_was_not_stored_is_none(name: str) -> None:
    record = TrialRecord.read({key: value for key, value in STORED.items() if key != name}, {})
    assert getattr(record, name) is None
    assert name not in record.user
    assert (record.lease, record.losses, record.given) == (None, (), {})


def test_older_and_foreign_values_are_read() -> None:
    origin = {key: value for key, value in STORED["origin"].items() if key != "worker"}  # type: ignore[attr-defined]
    record = TrialRecord.read({"origin": {**origin, "new": 1}, "duplicate_of": 0}, {"bitfront:lease": "?"})
    assert record.origin == Origin("s", "d", "0.1.0", 3, "?")
    assert (record.lease, record.twin) == (None, 0)


def test_a_record_goes_into_a_trial_and_comes_out() -> None:
    study = optuna.create_study()
    trial = study.ask()
    found = Budget("xc7s15", 0.5).assess(uniform_design(Encoder(6, 2, 8, 1, 16, 1, 1), 4, 4))
    store(trial, design_record(found, ORIGIN))
    store(trial, TrialRecord(training=True, error=0.5))
    store_in(study._storage, trial._trial_id, TrialRecord(lease=LeaseMark("h:1:x", 1), losses=("h:0:y",)))
    (stored,) = study.trials
    record = TrialRecord.of(stored)
    assert record == TrialRecord(
        **{**vars(design_record(found, ORIGIN)), "training": True, "error": 0.5, "losses": ("h:0:y",)}
        | {"lease": LeaseMark("h:1:x", 1)}
    )
    assert TrialRecord.read(trial.user_attrs, {}).user == record.user
