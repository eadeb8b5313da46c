"""Bitfront from Python: open a study, look at it as tables, estimate designs, export accelerators.

::

    import bitfront

    study = bitfront.open_study("build/demo")
    study.front.sort_values("fastest.latency_us")
    study.export(study.front.index[0], "accelerator", fastest=True)

Whatever is wrong with what a user gives is a :class:`UserError`: one sentence with place and remedy.
"""

from importlib import metadata

from quant_model.design import DesignPoint
from quant_model.errors import UserError
from quant_model.integer_model import IntegerModel
from search.api.access import Study, estimate, open_study
from search.results.export import Exported
from search.results.fastest import Builds
from search.space.budget import Assessment

__all__ = [
    "Assessment",
    "Builds",
    "DesignPoint",
    "Exported",
    "IntegerModel",
    "Study",
    "UserError",
    "__version__",
    "estimate",
    "open_study",
]

__version__ = metadata.version("bitfront")
