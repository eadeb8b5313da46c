"""Time series in, windows out: loading, splits, scaling, error metrics, baseline forecasts. No torch."""

from quant_model.data.baselines import persistence, seasonal_persistence
from quant_model.data.dataset import DEFAULT_SPLIT, Dataset, Split, make_dataset
from quant_model.data.metrics import mae, mae_by_output, rmse, rmse_by_output
from quant_model.data.series import Series, load_series

__all__ = [
    "DEFAULT_SPLIT",
    "Dataset",
    "Series",
    "Split",
    "load_series",
    "mae",
    "mae_by_output",
    "make_dataset",
    "persistence",
    "rmse",
    "rmse_by_output",
    "seasonal_persistence",
]
