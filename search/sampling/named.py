"""Samplers that a study file names by module and class: Optuna's others, or a researcher's own."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from optuna.samplers import BaseSampler

from quant_model.errors import UserError

__all__ = ["named_sampler"]

_PLACE = "[study] sampler"


def named_sampler(name: str, arguments: Mapping[str, Any], seed: int) -> BaseSampler:
    """A new sampler.

    Args:
        name: ``module:Class``.
        arguments: The class's keyword arguments.
        seed: Given as ``seed`` to a class that takes one, unless the arguments say another.

    Raises:
        UserError: there is no such class, it is no sampler of Optuna's, or does not take the arguments.
    """
    kind = _class_of(name)
    takes_seed = "seed" in inspect.signature(kind).parameters
    try:
        return kind(**({"seed": seed} if takes_seed else {}) | dict(arguments))
    except Exception as error:
        # What it is made with is the study file's, whatever the class says of it.
        raise UserError(
            "[study] sampler_arguments",
            f"{name} cannot be made with {dict(arguments)}: {error}",
            f"it takes {', '.join(inspect.signature(kind).parameters) or 'none'}",
        ) from error


def _class_of(name: str) -> type[BaseSampler]:
    module, _, attribute = name.partition(":")
    try:
        kind = getattr(importlib.import_module(module), attribute, None)
    except Exception as error:
        # A module may raise anything when it is imported, ImportError for what it lacks itself, too.
        remedy = "install it, or name its folder in PYTHONPATH, for all workers"
        raise UserError(_PLACE, f"{module} cannot be imported: {error}", remedy) from error
    if not (inspect.isclass(kind) and issubclass(kind, BaseSampler)):
        problem = f"{module} has no sampler {attribute}" if kind is None else f"{name} is no sampler"
        raise UserError(_PLACE, problem, "name a class made from optuna.samplers.BaseSampler")
    return kind
