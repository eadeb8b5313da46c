"""Hush Optuna: its own log lines and its notes on features that it calls experimental."""

from __future__ import annotations

import warnings

import optuna

__all__ = ["quiet_optuna"]


def quiet_optuna() -> None:
    """For a whole process: called by the command line and by worker processes."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
