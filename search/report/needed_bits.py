"""Which tensors of a study's float parent need their bits, measured for the report. Needs torch."""

from __future__ import annotations

from quant_model.families import Shape
from quant_model.training import measure_sensitivity, prepare_process
from search.report.content import Sensitivity
from search.store.study import OpenStudy
from search.study_files.datasets import StudyData

__all__ = ["study_sensitivity"]

_BITS = (3, 4, 6)


def study_sensitivity(study: OpenStudy, data: StudyData, shape: Shape) -> Sensitivity | None:
    """What few bits cost the float parent of a shape, tensor by tensor; None without a parent."""
    known = ((stored, study.parent(stored)) for stored in study.parents.values())
    own = next(((stored, parent) for stored, parent in known if parent.shape == shape), None)
    if own is None:
        return None
    prepare_process(1)
    stored, parent = own
    dataset = data.dataset_of_parent(shape.sees, stored.dataset)
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
