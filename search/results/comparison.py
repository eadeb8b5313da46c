"""What simple methods come to on a study's data: computed when first asked for, then kept in the study.

The study's user attribute ``baselines`` is a JSON object: ``window`` (rows that the methods saw), ``metric``
and ``unit`` of the errors, ``methods`` (a list of ``name``, ``validation``, ``test``, ``detail``; the answer
without a model comes first) and ``parent`` (the same of the best float Transformer trained so far, with its
``key``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quant_model.data import TASKS, Baseline
from search.space.identity import seed_from
from search.store.study import OpenStudy, StoredParent
from search.study_files.datasets import StudyData
from search.study_files.picture_data import PictureData
from search.study_files.spec import rows_seen

__all__ = ["stored_baselines", "study_baselines"]

_ATTRIBUTE = "baselines"
_WHAT = {"hybrid": "hybrid"}
"""What a family's network is called; Transformer unless given."""


def stored_baselines(study: OpenStudy) -> tuple[Baseline, ...]:
    """The baselines that the study holds; none when nobody has asked for them yet."""
    return _read(study.study.user_attrs.get(_ATTRIBUTE, {}))


def study_baselines(study: OpenStudy, data: StudyData | None = None) -> tuple[Baseline, ...]:
    """The study's baselines: methods on the longest window of its space, and its best float Transformer.

    The first call takes some ten seconds, for an LSTM is trained; later ones only look whether there is a
    better float parent.

    Args:
        study: The study.
        data: Its data when it is at hand; read from the study otherwise, where it is needed.

    Raises:
        UserError: the study's copy of its data, or a float parent, is gone or damaged.
    """
    stored: dict[str, Any] = dict(study.study.user_attrs.get(_ATTRIBUTE, {}))
    parents = study.parents
    best = min(parents, key=lambda key: (parents[key].error, key), default=None)
    known = stored.get("parent", {}).get("key")
    if "methods" in stored and best == known:
        return _read(stored)
    data = data or study.data()
    if "methods" not in stored:
        stored |= _methods(study, data)
    if best is not None and best != known:
        stored["parent"] = {"key": best, **_parent(study, data, parents[best]).to_json()}
    study.study.set_user_attr(_ATTRIBUTE, stored)
    return _read(stored)


def _read(stored: Mapping[str, Any]) -> tuple[Baseline, ...]:
    found = [*stored.get("methods", ()), *([stored["parent"]] if "parent" in stored else [])]
    return tuple(Baseline.from_json(one) for one in found)


def _methods(study: OpenStudy, data: StudyData) -> dict[str, Any]:
    # Imported late, like everything that brings torch: it takes seconds.
    from quant_model.training import prepare_process
    from quant_model.training.baselines import baselines

    prepare_process(1)
    spec, window = study.spec, rows_seen(study.spec)[1]
    seed = seed_from(spec.study.seed, "baselines")
    series = None if isinstance(data, PictureData) else data.series
    found = baselines(series, data.dataset(window), spec.data.season, seed)
    return {
        "window": window,
        "metric": TASKS[spec.data.task].metric,
        "unit": spec.data.unit,
        "methods": [one.to_json() for one in found],
    }


def _parent(study: OpenStudy, data: StudyData, stored: StoredParent) -> Baseline:
    from quant_model.data.baselines import baseline

    parent = study.parent(stored)
    dataset = data.dataset_of_parent(parent.shape.sees, stored.dataset)
    return baseline(
        dataset,
        f"{_WHAT.get(parent.shape.family, 'Transformer')}, float",
        lambda split: parent.predict(split.x),
        parent.shape.summary,
    )
