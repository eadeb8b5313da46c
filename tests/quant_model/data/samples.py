"""Small series for tests: as files and as Hypothesis strategies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from quant_model.data import Series

HOUR = np.timedelta64(3_600_000_000, "us")
START = np.datetime64("2024-01-01T00:00:00.000000", "us")


def write_csv(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def hourly_lines(values: Sequence[str]) -> list[str]:
    """CSV lines ``time,level``, one value an hour; the first value lies in line 2."""
    times = START + HOUR * np.arange(len(values))
    return [
        "time,level",
        *(f"{time.item():%Y-%m-%d %H:%M},{value}" for time, value in zip(times, values, strict=True)),
    ]


def make_series(
    targets: npt.NDArray[np.float64],
    features: npt.NDArray[np.float64] | None = None,
    position: npt.NDArray[np.int64] | None = None,
) -> Series:
    """Build a series in memory; the targets are the features unless others are given."""
    features = targets if features is None else features
    position = np.arange(len(targets), dtype=np.int64) if position is None else position
    return Series(
        name="memory.csv",
        sha256="",
        time=START + HOUR * position,
        step=HOUR,
        position=position,
        feature_names=tuple(f"f{index}" for index in range(features.shape[1])),
        target_names=tuple(f"t{index}" for index in range(targets.shape[1])),
        features=features,
        targets=targets,
    )


@st.composite
def serieses(draw: st.DrawFn, rows: tuple[int, int] = (60, 160), gaps: int = 4) -> Series:
    """Random walks of one to three features and one or two targets, with up to ``gaps`` gaps in time."""
    count = draw(st.integers(*rows))
    features, targets = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scale = 10.0 ** draw(st.integers(-4, 6))
    values = scale * (
        np.cumsum(rng.normal(size=(count, features + targets)), axis=0) + draw(st.floats(-50, 50))
    )
    steps = np.ones(count - 1, dtype=np.int64)
    for _ in range(draw(st.integers(0, gaps))):
        steps[draw(st.integers(0, count - 2))] = draw(st.integers(2, 40))
    position = np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)
    return make_series(values[:, features:], values[:, :features], position)
