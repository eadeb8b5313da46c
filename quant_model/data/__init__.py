"""Time series in, windows out: loading, splits, scaling, tasks, error metrics, baselines. No torch."""

from quant_model.data.baselines import (
    Baseline,
    persistence,
    ridge,
    seasonal_persistence,
    simple_baselines,
)
from quant_model.data.dataset import DEFAULT_QUANTILE, DEFAULT_SPLIT, Dataset, Split, make_dataset
from quant_model.data.decisions import Decision
from quant_model.data.metrics import balanced_error, mae, mae_by_output, rmse, rmse_by_output
from quant_model.data.series import Series, load_series
from quant_model.data.tasks import (
    TASKS,
    GroupError,
    Task,
    class_weights,
    errors_by_group,
    prediction_error,
    task_of,
)

__all__ = [
    "DEFAULT_QUANTILE",
    "DEFAULT_SPLIT",
    "TASKS",
    "Baseline",
    "Dataset",
    "Decision",
    "GroupError",
    "Series",
    "Split",
    "Task",
    "balanced_error",
    "class_weights",
    "errors_by_group",
    "load_series",
    "mae",
    "mae_by_output",
    "make_dataset",
    "persistence",
    "prediction_error",
    "ridge",
    "rmse",
    "rmse_by_output",
    "seasonal_persistence",
    "simple_baselines",
    "task_of",
]
