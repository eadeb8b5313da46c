"""A study's plots as Plotly figures: pure functions of its trials, for the dashboard and for reports.

All take :class:`~search.results.front.FrontTrial` records and return a figure without a theme, small enough
to be kept in the study's storage. Lists, not arrays, go into a figure: arrays would be written in a binary
form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from search.results.front import FrontTrial, front_of
from search.space.pareto import hypervolume
from search.store.study import MeasuredDesign

__all__ = [
    "bits_figure",
    "front_figure",
    "hypervolume_figure",
    "hypervolume_history",
    "measured_figure",
    "tensor_bits",
    "utilization_figure",
]

_COLOURS = ("#1f5a96", "#d1682b", "#3b8a5a", "#8a4f9e", "#b0a13a", "#7a7a7a")
_MOST_POINTS = 1000
"""Trials behind the front that are drawn; of more, every n-th."""
_MOST_DESIGNS = 30
"""Front designs that heat map and bars show, spread over the front."""
_HISTORY_POINTS = 60
"""Places at which the hypervolume is computed."""


def front_figure(trials: Sequence[FrontTrial], labels: Mapping[str, str]) -> go.Figure:
    """The first objective against the second: all trained designs, and the front as a line.

    Args:
        trials: Trained designs.
        labels: By objective, its name with the unit: ``{"error": "error (kW)", ...}``. With one objective,
            its value is drawn over the trial's number.
    """
    names = list(labels)
    chosen = front_of(trials)
    members = {trial.number for trial in chosen}
    behind = _thinned([trial for trial in trials if trial.number not in members], _MOST_POINTS)
    # A front of one objective is a single point: then the history tells more than an empty second axis.
    x = names[1] if len(names) > 1 else None

    def points(some: Sequence[FrontTrial], name: str, mode: str, colour: str) -> go.Scatter:
        return go.Scatter(
            x=[trial.values[x] if x else trial.number for trial in some],
            y=[trial.values[names[0]] for trial in some],
            mode=mode,
            name=name,
            line={"shape": "hv", "color": colour},
            marker={"color": colour, "size": 8 if name == "front" else 5},
            text=[_hover(trial) for trial in some],
            hoverinfo="text+x+y",
        )

    figure = _figure("Front: forecast error against use of the device")
    figure.add_trace(points(behind, "trained", "markers", "#b5bcc4"))
    line = "lines+markers" if len(names) == 2 else "markers"
    ordered = sorted(chosen, key=lambda one: one.values[x] if x else one.number)
    figure.add_trace(points(ordered, "front", line, _COLOURS[1]))
    figure.update_xaxes(title_text=labels[x] if x else "trial")
    figure.update_yaxes(title_text=labels[names[0]])
    return figure


def bits_figure(chosen: Sequence[FrontTrial]) -> go.Figure:
    """Heat map of the front's bit-widths: a row per weight or activation tensor, a column per design."""
    shown = _thinned(chosen, _MOST_DESIGNS)
    bits = [tensor_bits(trial) for trial in shown]
    rows = list(dict.fromkeys(name for column in bits for name in column))
    figure = _figure("Bits per tensor of front designs")
    figure.add_trace(
        go.Heatmap(
            x=[f"trial {trial.number}" for trial in shown],
            y=rows,
            z=[[column.get(name) for column in bits] for name in rows],
            text=[[str(column.get(name, "")) for column in bits] for name in rows],
            texttemplate="%{text}",
            zmin=2,
            zmax=8,
            colorscale=[[0.0, "#eef4fa"], [1.0, "#1f5a96"]],
            colorbar={"title": {"text": "bits"}},
            hovertemplate="%{x}, %{y}: %{z} bits<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True)
    figure.update_layout(height=max(320, 120 + 16 * len(rows)))
    return figure


def utilization_figure(chosen: Sequence[FrontTrial], shares: Iterable[float] = (1.0,)) -> go.Figure:
    """Bars of the share of the device that front designs use, by resource, with what the budget leaves."""
    shown = _thinned(chosen, _MOST_DESIGNS)
    resources = list(dict.fromkeys(name for trial in shown for name in trial.utilization))
    figure = _figure("Estimated use of the device by front designs")
    for index, name in enumerate(resources):
        figure.add_trace(
            go.Bar(
                x=[f"trial {trial.number}" for trial in shown],
                y=[round(100 * trial.utilization.get(name, 0.0), 2) for trial in shown],
                name=name,
                marker={"color": _COLOURS[index % len(_COLOURS)]},
            )
        )
    for share in shares:
        figure.add_hline(y=100 * share, line={"color": "#a02020", "dash": "dash"})
    figure.update_yaxes(title_text="% of the device", rangemode="tozero")
    return figure


def hypervolume_figure(trials: Sequence[FrontTrial]) -> go.Figure:
    """How the dominated volume grew with the number of trained trials (:func:`hypervolume_history`)."""
    counts, shares = hypervolume_history(trials)
    figure = _figure("Hypervolume over trained trials")
    figure.add_trace(
        go.Scatter(x=counts, y=shares, mode="lines+markers", line={"shape": "hv", "color": _COLOURS[0]})
    )
    figure.update_xaxes(title_text="trained trials")
    figure.update_yaxes(title_text="share of the box from best to worst values", rangemode="tozero")
    return figure


def hypervolume_history(trials: Sequence[FrontTrial]) -> tuple[list[int], list[float]]:
    """Dominated volume after so many trained trials, in the order of their numbers.

    The volume lies between the front and the worst value of each objective that the study has seen, and is
    given as a share of the box that reaches to the best value of each. One objective: the share of the way
    from the worst to the best value.

    Returns:
        Numbers of trials, rising to ``len(trials)``, and the share after each.
    """
    ordered = sorted(trials, key=lambda one: one.number)
    if not ordered:
        return [], []
    values = np.array([tuple(trial.values.values()) for trial in ordered], dtype=np.float64)
    worst, best = values.max(axis=0), values.min(axis=0)
    span = np.where(worst > best, worst - best, 1.0)
    scaled = (values - best) / span
    reference = np.where(worst > best, 1.0, 1.0 + 1e-9)
    counts = sorted({int(n) for n in np.linspace(1, len(ordered), min(_HISTORY_POINTS, len(ordered)))})
    box = float(np.prod(reference))
    shares = [round(hypervolume(scaled[:n], reference) / box, 5) for n in counts]
    return counts, shares


def measured_figure(designs: Sequence[MeasuredDesign]) -> go.Figure:
    """What synthesis counted against what the cost model said, by resource, with the diagonal."""
    resources = list(dict.fromkeys(name for design in designs for name in design.measured))
    figure = _figure("Measured against estimate")
    largest = 1
    for index, name in enumerate(resources):
        pairs = [(design.estimate.get(name, 0), design.measured[name]) for design in designs]
        largest = max([largest, *(max(pair) for pair in pairs)])
        figure.add_trace(
            go.Scatter(
                x=[estimate for estimate, _ in pairs],
                y=[measured for _, measured in pairs],
                mode="markers",
                name=name,
                marker={"color": _COLOURS[index % len(_COLOURS)], "size": 9},
                text=[f"trial {design.number}" for design in designs],
            )
        )
    ends = [0, largest]
    figure.add_trace(go.Scatter(x=ends, y=ends, mode="lines", name="equal", line={"color": "#b5bcc4"}))
    figure.update_xaxes(title_text="estimate")
    figure.update_yaxes(title_text="measured (synthesis)")
    return figure


def tensor_bits(trial: FrontTrial) -> dict[str, int]:
    """Bits of every weight tensor (``NAME weights``) and activation tensor (``NAME``) of a design."""
    design = trial.design
    weights = {f"{name} weights": int(bits) for name, bits in design["weight_bits"].items()}
    return weights | {name: int(bits) for name, bits in design["activation_bits"].items()}


def _figure(title: str) -> go.Figure:
    return go.Figure(
        layout={
            # An empty theme: the default one is many times larger than a small plot.
            "template": go.layout.Template(),
            # To the left: the buttons come up on the right.
            "title": {"text": title, "x": 0.02, "xanchor": "left"},
            "margin": {"l": 60, "r": 20, "t": 50, "b": 50},
            "plot_bgcolor": "white",
            "paper_bgcolor": "white",
            "xaxis": {"gridcolor": "#e6e8ea", "zeroline": False, "automargin": True},
            "yaxis": {"gridcolor": "#e6e8ea", "zeroline": False, "automargin": True},
        }
    )


def _hover(trial: FrontTrial) -> str:
    shares = ", ".join(f"{name} {100 * share:.0f} %" for name, share in trial.utilization.items())
    return f"trial {trial.number}: {shares}"


def _thinned(trials: Sequence[FrontTrial], most: int) -> list[FrontTrial]:
    """At most so many of them, evenly spread, the first and the last included."""
    if len(trials) <= most:
        return list(trials)
    return [trials[int(index)] for index in np.linspace(0, len(trials) - 1, most)]
