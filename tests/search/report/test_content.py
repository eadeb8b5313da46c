"""What a report holds: forecasts lie ahead by steps of the series' own kind."""

from __future__ import annotations

import pytest

from search.report.content import gather
from tests.search.conftest import StudyMaker
from tests.search.studies import open_file, work

WAVE = [round(5 + row % 12 + row * 37 % 11 / 10, 2) for row in range(200)]
MONTHS = [f"{1990 + row // 12}-{row % 12 + 1:02d}-01" for row in range(200)]
QUARTERS = [f"2024-03-{1 + row // 96:02d} {row // 4 % 24:02d}:{row % 4 * 15:02d}" for row in range(200)]
HOURS = [f"2024-03-{1 + row // 24:02d} {row % 24:02d}:00" for row in range(200)]


@pytest.mark.parametrize(
    ("times", "settings", "ahead"),
    [
        (MONTHS, 'horizon = 1\nstep = "1 month"', "1 month"),
        (MONTHS, 'horizon = [1, 12]\nstep = "1 month"', "1, 12 months"),
        (QUARTERS, "horizon = 2", "2 x 15 minutes"),
        (HOURS, "horizon = 3", "3 hours"),
    ],
)
def test_how_far_ahead_a_study_forecasts(
    make_study: StudyMaker, times: list[str], settings: str, ahead: str
) -> None:
    rows = [f"{time},{value},{value}" for time, value in zip(times, WAVE, strict=True)]
    file = make_study({"unit": f'unit = "kW"\n{settings}'}, csv="\n".join(["time,load,heat", *rows]))
    study = open_file(file)
    work(study, 1)
    assert gather(study, None, 1, {}, ()).ahead == ahead
