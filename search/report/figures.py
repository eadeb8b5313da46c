"""The report's figures, as Plotly's JSON. Colours are names of the page's style sheet, set by its script.

Nothing is told by colour alone: series differ in marker, dash and a label at their end.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go

from quant_model.design import shape_from_dict
from search.report.content import Content, Forecast, Sensitivity, ShownDesign
from search.results.front import FrontTrial

__all__ = ["Figure", "estimate_against_measured", "forecasts", "front", "learning_curves", "sensitivity"]

_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "hexagon")
_COLOURS = tuple(f"var(--series-{index})" for index in range(1, 7))
_MOST_CURVES = 8
_MOST_OTHERS = 1000
"""Designs behind the front that are drawn."""
_FAR = 2
"""Times the largest error that is drawn: what lies above is named, not drawn."""
_LOGARITHMIC = 4
"""From this ratio of the largest to the smallest error on, learning curves stand on a logarithmic axis."""
_INK, _QUIET = "var(--ink)", "var(--quiet)"


@dataclass(frozen=True)
class Figure:
    """A figure with the sentence that stands for it where it cannot be seen."""

    name: str
    alt: str
    spec: dict[str, Any]
    """Data and layout."""


def front(content: Content) -> Figure:
    """Error against what of the device is used; one marker a design, its trial beside it."""
    figure = go.Figure()
    # Of very many, every n-th is picture enough.
    others = content.others[:: max(1, math.ceil(len(content.others) / _MOST_OTHERS))]
    if others:
        figure.add_scatter(
            x=[100 * trial.used for trial in others],
            y=[trial.error for trial in others],
            mode="markers",
            name="beaten by a design of the front",
            marker={"symbol": "circle-open", "size": 8, "color": _QUIET},
            hovertext=[_hover(trial, content) for trial in others],
            hoverinfo="text",
        )
    on_front = sorted((one for one in content.designs if one.on_front), key=lambda one: one.trial.used)
    figure.add_scatter(
        x=[100 * one.trial.used for one in on_front],
        y=[one.trial.error for one in on_front],
        mode="lines+markers+text",
        line={"shape": "hv", "color": _COLOURS[0], "width": 1.5},
        name="front",
        text=[str(one.number) for one in on_front],
        # Neighbours on a steep front would write over each other.
        textposition=["top right" if index % 2 else "bottom left" for index in range(len(on_front))],
        marker={"symbol": "diamond", "size": 12, "color": _COLOURS[0]},
        customdata=[one.number for one in on_front],
        hovertext=[_hover(one.trial, content, one) for one in on_front],
        hoverinfo="text",
    )
    chosen = next(one for one in content.designs if one.number == content.chosen)
    figure.add_scatter(
        x=[100 * chosen.trial.used],
        y=[chosen.trial.error],
        mode="markers",
        name=f"drawn below: trial {chosen.number}",
        marker={"symbol": "circle-open", "size": 22, "color": _INK, "line": {"width": 2}},
        hoverinfo="skip",
    )
    _draw_bounds(figure, content)
    figure.update_xaxes(title=f"fullest resource, % of {escape(content.budget.device.name)} (estimate)")
    figure.update_yaxes(title=f"validation: {escape(content.metric)}", rangemode="tozero")
    return _figure(
        "front",
        figure,
        f"{len(on_front)} designs on the front of {len(on_front) + len(content.others)} trained ones: "
        "validation error against the fullest resource; the same numbers stand in the table of designs.",
    )


def _draw_bounds(figure: go.Figure, content: Content) -> None:
    """What simple methods come to, and the device's limit where designs come near it."""
    trials = (*content.others, *(one.trial for one in content.designs))
    top = _FAR * max(one.error for one in trials)
    lines = sorted(content.baselines, key=lambda one: one.validation)
    for index, baseline in enumerate(one for one in lines if one.validation <= top):
        figure.add_hline(
            y=baseline.validation,
            line={"dash": "dot", "color": _QUIET, "width": 1.5},
            annotation={"text": escape(baseline.name), "font": {"size": 12}},
            # Neighbours would write over each other.
            annotation_position="top right" if index % 2 else "top left",
        )
    far = [f"{escape(one.name)} {one.validation:.3g}" for one in lines if one.validation > top]
    if far:
        # A line there would leave the designs no room.
        figure.add_annotation(
            x=1, y=1, xref="paper", yref="paper", showarrow=False, text=f"↑ {', '.join(far)}",
            xanchor="right", font={"size": 12},
        )  # fmt: skip
    reach = 100 * max(one.used for one in trials)
    for index, (share, what) in enumerate(content.budget.shares.items()):
        if reach > 60 * share:
            figure.add_vline(
                x=100 * share,
                line={"dash": "dash", "color": _QUIET, "width": 1.5},
                annotation={"text": "budget" if what == "the device" else f"budget: {what}"},
                annotation_position="bottom left",
                annotation_yshift=16 * index,
            )


def learning_curves(content: Content) -> Figure | None:
    """Validation error by epoch of the shown designs."""
    shown = [
        one for one in content.designs if one.curve is not None and min(one.curve.errors, default=0) > 0
    ][:_MOST_CURVES]
    if not shown:
        return None
    figure = go.Figure()
    errors = [error for one in shown if one.curve for error in one.curve.errors]
    # The first epochs of few bits are far off the others'.
    wide = max(errors) > _LOGARITHMIC * min(errors)
    for index, one in enumerate(shown):
        assert one.curve is not None
        last = one.curve.errors[-1]
        figure.add_scatter(
            x=one.curve.epochs,
            y=one.curve.errors,
            mode="lines+markers",
            name=f"trial {one.number}",
            **_style(index),
        )
        figure.add_annotation(
            # Annotations of a logarithmic axis stand at the exponent.
            x=one.curve.epochs[-1],
            y=math.log10(last) if wide else last,
            text=str(one.number),
            showarrow=False,
            xshift=14,
        )
    epochs = max(one.curve.epochs[-1] for one in shown if one.curve)
    figure.update_xaxes(title="epoch of quantised training", dtick=max(1, epochs // 10), rangemode="tozero")
    figure.update_yaxes(title=f"validation: {escape(content.metric)}", tickformat=".3~g")
    if wide:
        figure.update_yaxes(type="log", dtick=math.log10(2))
    numbers = ", ".join(str(one.number) for one in shown)
    return _figure("curves", figure, f"Validation error of trials {numbers} by epoch.")


def forecasts(content: Content) -> list[Figure]:
    """Forecast against truth on the first stretch of test data, one figure an output."""
    return [_forecast(index, one, content) for index, one in enumerate(content.forecasts)]


def estimate_against_measured(designs: Sequence[ShownDesign]) -> Figure | None:
    """Estimated and measured counts of exported designs, as shares of the larger one."""
    measured = [one for one in designs if one.measured is not None]
    if not measured:
        return None
    figure = go.Figure()
    for index, one in enumerate(measured):
        assert one.measured is not None
        found, guessed = one.measured.counts, one.measured.estimate
        names = [name for name in guessed if found.get(name) or guessed[name]]
        figure.add_scatter(
            x=names,
            y=[100 * (guessed[name] - found[name]) / max(found[name], 1) for name in names],
            mode="markers",
            name=f"trial {one.number}",
            # Open and one within the other: often they stand at the same place.
            marker={
                "symbol": f"{_SYMBOLS[index % len(_SYMBOLS)]}-open",
                "size": 10 + 5 * (len(measured) - 1 - index),
                "color": _colour(index),
                "line": {"width": 2},
            },
            hovertext=[f"{name}: estimate {guessed[name]}, measured {found[name]}" for name in names],
            hoverinfo="text",
        )
    figure.add_hline(y=0, line={"color": _QUIET, "width": 1})
    figure.update_yaxes(title="estimate over measured, %")
    return _figure("measured", figure, "How far the estimate is from the measured counts, by resource.")


def sensitivity(content: Content) -> Figure | None:
    """By how much the error rises when one tensor alone gets fewer bits."""
    found: Sensitivity | None = content.sensitivity
    if found is None:
        return None
    figure = go.Figure()
    for column, bits in enumerate(found.bits):
        figure.add_scatter(
            x=[100 * row[column] for row in found.increases],
            y=list(found.tensors),
            mode="markers",
            name=f"{bits} bits",
            marker={"symbol": _SYMBOLS[column % len(_SYMBOLS)], "size": 10, "color": _colour(column)},
        )
    figure.update_xaxes(title="rise of the validation error, %", zeroline=True)
    figure.update_yaxes(autorange="reversed", dtick=1)
    return _figure("sensitivity", figure, "Rise of the error with one tensor alone at fewer bits.")


def _forecast(index: int, one: Forecast, content: Content) -> Figure:
    figure = go.Figure()
    figure.add_scatter(
        x=one.time, y=one.truth, mode="lines", name="truth", line={"color": _INK, "width": 2.5}
    )
    figure.add_scatter(
        x=one.time,
        y=one.persistence,
        mode="lines",
        name="persistence",
        line={"color": _QUIET, "dash": "dot", "width": 1.2},
        visible="legendonly",
    )
    for place, (number, values) in enumerate(one.designs.items()):
        style = _style(place)
        # A marker now and then tells the series apart without colour.
        style["marker"] |= {"maxdisplayed": 30}
        figure.add_scatter(
            x=one.time,
            y=values,
            mode="lines+markers",
            name=f"trial {number}",
            visible=True if number == content.chosen else "legendonly",
            **style,
        )
    output = escape(one.output)
    unit = content.spec.data.unit
    figure.update_yaxes(title=f"{output}, {escape(unit)}" if unit else output)
    numbers = ", ".join(str(number) for number in one.designs)
    return _figure(
        f"forecast-{index}", figure, f"Forecasts of {one.output} by trials {numbers} beside what happened."
    )


def _figure(name: str, figure: go.Figure, alt: str) -> Figure:
    figure.update_layout(
        template=None,
        margin={"l": 70, "r": 20, "t": 30, "b": 60},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.0, "x": 0},
        hovermode="closest",
    )
    return Figure(name, alt, json.loads(figure.to_json()))


def _style(index: int) -> dict[str, Any]:
    return {
        "line": {"color": _colour(index), "dash": _DASHES[index % len(_DASHES)], "width": 2},
        "marker": {"symbol": _SYMBOLS[index % len(_SYMBOLS)], "size": 7, "color": _colour(index)},
    }


def _colour(index: int) -> str:
    return _COLOURS[index % len(_COLOURS)]


def _hover(trial: FrontTrial, content: Content, shown: ShownDesign | None = None) -> str:
    lines = [
        f"trial {trial.number}",
        f"{escape(content.metric)}: {trial.error:.4g}",
        shape_from_dict(trial.design["architecture"]).summary,
        *(f"{name} {100 * share:.1f} %" for name, share in trial.utilization.items()),
    ]
    if shown is not None:
        lines.append(f"{shown.cycles} cycles, {shown.latency_us:.4g} us")
    return "<br>".join(lines)
