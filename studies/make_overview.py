"""Draw the README's picture out of a finished study: what is forecast, the front, the accelerator.

Run from the repository's root: ``python studies/make_overview.py sqlite:///build/demo/study.db``. Writes
``studies/overview.svg``.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup

from search.report.content import Content, ShownDesign, gather
from search.report.drawing import DRAWING_STYLE, draw
from search.show import number
from search.store.study import open_study

_OUT = Path(__file__).with_name("overview.svg")
_WIDTH, _HEIGHT = 1060, 470
_PANEL, _PLOT = 420, 150
"""Width of a panel and height of a plot."""
_STRETCH = 96
"""Hours of the forecast that are drawn."""
_STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1b1f24; }
.title { font-weight: 600; font-size: 15px; }
.quiet { fill: #55606b; }
.axis { stroke: #aab4bf; fill: none; }
.truth { stroke: #1b1f24; stroke-width: 2; fill: none; }
.forecast { stroke: #c2410c; stroke-width: 2; stroke-dasharray: 5 3; fill: none; }
.front { stroke: #0b5cad; stroke-width: 1.5; fill: none; }
.design { fill: #0b5cad; }
.other { fill: none; stroke: #7a8692; }
"""


def main(url: str) -> None:
    """Write the picture."""
    content = gather(open_study(url, None), None, 1, {})
    chosen = next(one for one in content.designs if one.number == content.chosen)
    parts = [_forecast(content, 40), _front(content, chosen, 40 + _PLOT + 80), _accelerator(chosen)]
    picture = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
        "<title>From a series to an accelerator</title><style>{style}</style>"
        '<rect width="{width}" height="{height}" fill="#fff"/>\n{body}\n</svg>\n'
    ).format(
        width=_WIDTH, height=_HEIGHT, style=Markup(DRAWING_STYLE + _STYLE), body=Markup("\n").join(parts)
    )
    _OUT.write_text(picture, encoding="utf-8")
    print(f"wrote {_OUT}")


def _forecast(content: Content, top: int) -> Markup:
    """Truth and forecast on the first stretch of test data."""
    forecast = content.forecasts[0]
    truth = forecast.truth[:_STRETCH]
    values = forecast.designs[content.chosen][:_STRETCH]
    low, high = min((*truth, *values)), max((*truth, *values))

    def line(series: Sequence[float], kind: str) -> Markup:
        step = _PANEL / (len(series) - 1)
        points = [
            f"{20 + step * index:.1f},{top + _PLOT * (high - value) / (high - low):.1f}"
            for index, value in enumerate(series)
        ]
        return Markup('<polyline class="{}" points="{}"/>').format(kind, " ".join(points))

    title = f"1. Your series: {forecast.output}, {content.ahead} ahead"
    note = f"test data: truth, and the forecast of trial {content.chosen} (dashed)"
    return Markup("\n").join(
        [_text(20, top - 16, title, "title"), line(truth, "truth"), line(values, "forecast"),
         _text(20, top + _PLOT + 18, note, "quiet")]
    )  # fmt: skip


def _front(content: Content, chosen: ShownDesign, top: int) -> Markup:
    """Error against area of all trained designs."""
    on_front = sorted((one.trial for one in content.designs if one.on_front), key=lambda one: one.used)
    trials = [*on_front, *content.others]
    left, right = min(one.used for one in trials), max(one.used for one in trials)
    low, high = min(one.error for one in trials), max(one.error for one in trials)

    def place(used: float, error: float) -> tuple[float, float]:
        across = 0.5 if right == left else (used - left) / (right - left)
        down = 0.5 if high == low else (high - error) / (high - low)
        return 40 + (_PANEL - 60) * across, top + 10 + (_PLOT - 30) * down

    points = [place(one.used, one.error) for one in on_front]
    others = [place(one.used, one.error) for one in content.others]
    steps = [f"{points[0][0]:.1f},{points[0][1]:.1f}"]
    for (_, before), (x, y) in itertools.pairwise(points):
        steps += [f"{x:.1f},{before:.1f}", f"{x:.1f},{y:.1f}"]
    x, y = place(chosen.trial.used, chosen.trial.error)
    return Markup("\n").join(
        [
            _text(
                20,
                top - 16,
                f"2. The search: {len(trials)} designs trained, {len(on_front)} on the front",
                "title",
            ),
            Markup('<path class="axis" d="M20 {}V{}H{}"/>').format(top, top + _PLOT, 20 + _PANEL),
            Markup('<polyline class="front" points="{}"/>').format(" ".join(steps)),
            *(Markup('<circle class="other" cx="{:.1f}" cy="{:.1f}" r="4"/>').format(*at) for at in others),
            *(
                Markup('<path class="design" d="M{:.1f} {:.1f}l6 6l-6 6l-6-6z"/>').format(a, b - 6)
                for a, b in points
            ),
            Markup('<circle class="truth" cx="{:.1f}" cy="{:.1f}" r="11"/>').format(x, y),
            _text(
                20,
                top + _PLOT + 18,
                f"error ({content.metric}) over share of the {content.budget.device.name}",
                "quiet",
            ),
        ]
    )


def _accelerator(chosen: ShownDesign) -> Markup:
    title = f"3. The accelerator of trial {chosen.number}: bit-exact VHDL"
    note = f"{chosen.cycles} cycles a window, error {number(chosen.trial.error)}"
    drawing = draw(chosen.network, chosen.timetable, title)
    # A drawing is tall: its upper part shows what it is.
    frame = Markup('<svg x="490" y="40" width="550" height="395" preserveAspectRatio="xMidYMin slice" ')
    nested = drawing.replace(Markup("<svg "), frame, 1)
    return Markup("\n").join([_text(490, 24, title, "title"), nested, _text(490, 458, note, "quiet")])


def _text(x: int, y: int, text: str, kind: str) -> Markup:
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(kind, x, y, text)


if __name__ == "__main__":
    main(sys.argv[1])
