"""The report's page: one HTML file with everything in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from search.report import figures
from search.report.content import Content, ShownDesign
from search.report.drawing import DRAWING_STYLE, draw
from search.show import number, percent

__all__ = ["render"]


@dataclass(frozen=True)
class _BitsRow:
    """Bits of one tensor in all shown designs; None where a design has no such tensor."""

    tensor: str
    bits: tuple[int | None, ...]


def render(content: Content) -> str:
    """The page as HTML. It asks the network for nothing; its own policy forbids it to."""
    environment = Environment(
        loader=PackageLoader("search.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent, "mean_bits": _mean_bits}
    drawn = {
        "front": figures.front(content),
        "curves": figures.learning_curves(content),
        "forecasts": figures.forecasts(content),
        "measured": figures.estimate_against_measured(content.designs),
        "sensitivity": figures.sensitivity(content),
    }
    return environment.get_template("report.html.j2").render(
        content=content,
        spec=content.spec,
        resources=tuple(content.budget.device.fabric.resources),
        best=min(content.designs, key=lambda one: one.trial.error),
        figures=drawn,
        weight_rows=_bits_rows(content.designs, "weight_bits"),
        activation_rows=_bits_rows(content.designs, "activation_bits"),
        drawings={one.number: _drawing(one) for one in content.designs},
        drawing_style=Markup(DRAWING_STYLE),
        plotly=Markup(get_plotlyjs()),
    )


def _drawing(design: ShownDesign) -> Markup:
    return draw(design.network, design.timetable, f"The accelerator of trial {design.number}")


def _bits_rows(designs: Sequence[ShownDesign], kind: str) -> list[_BitsRow]:
    by_design: list[Mapping[str, int]] = [getattr(one.point, kind) for one in designs]
    deepest = max(by_design, key=len)
    names = dict.fromkeys([*deepest, *(name for bits in by_design for name in bits)])
    return [_BitsRow(name, tuple(bits.get(name) for bits in by_design)) for name in names]


def _mean_bits(bits: Mapping[str, int]) -> str:
    return f"{fmean(bits.values()):.1f}"
