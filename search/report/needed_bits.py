"""Which tensors of a study's float parent need their bits, measured for the report. Needs torch."""

from __future__ import annotations

from quant_model.design import Architecture
from quant_model.training import FloatParent, measure_sensitivity, prepare_process
from search.report.content import Sensitivity
from search.store.study import OpenStudy
from search.study_files.datasets import StudyData

__all__ = ["study_sensitivity"]

_BITS = (3, 4, 6)


def study_sensitivity(study: OpenStudy, data: StudyData, architecture: Architecture) -> Sensitivity | None:
    """What few bits cost the float parent of an architecture, tensor by tensor; None without a parent."""
    parent = _parent(study, architecture)
    if parent is None:
        return None
    prepare_process(1)
    dataset = data.dataset(architecture.window)
    found = measure_sensitivity(parent, dataset, study.spec.training, _BITS)
    tensors = {f"{name} weights": by_bits for name, by_bits in found.weights.items()}
    tensors |= dict(found.activations)
    # The most sensitive first.
    ordered = sorted(tensors, key=lambda name: -tensors[name][_BITS[0]])
    return Sensitivity(
        tensors=tuple(ordered),
        bits=_BITS,
        increases=tuple(tuple(tensors[name][bits] for bits in _BITS) for name in ordered),
    )


def _parent(study: OpenStudy, architecture: Architecture) -> FloatParent | None:
    parents = map(study.parent, study.parents.values())
    return next((parent for parent in parents if parent.architecture == architecture), None)
