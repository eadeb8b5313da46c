"""Hypothesis strategies for architectures and design points that are small enough to evaluate often."""

from __future__ import annotations

from hypothesis import strategies as st

from quant_model.design import (
    Architecture,
    DesignPoint,
    activation_names,
    activation_range,
    linear_names,
    tied_streams,
    uniform_design,
)


@st.composite
def architectures(draw: st.DrawFn, largest: int = 12) -> Architecture:
    """Small shapes of every kind: widths that are no power of two, several heads, layers and outputs."""
    heads = draw(st.integers(1, 3))
    return Architecture(
        window=draw(st.integers(2, largest)),
        features=draw(st.integers(1, 4)),
        d_model=heads * draw(st.integers(-(-4 // heads), max(largest // heads, -(-4 // heads)))),
        heads=heads,
        ffn_width=draw(st.integers(4, largest)),
        layers=draw(st.integers(1, 2)),
        outputs=draw(st.integers(1, 3)),
        repeats=draw(st.integers(1, 3)),
    )


@st.composite
def designs(draw: st.DrawFn, largest: int = 12) -> DesignPoint:
    """Design points with a bit-width of its own for every tensor."""
    arch = draw(architectures(largest))
    base = uniform_design(arch)
    bits = {name: draw(st.sampled_from(activation_range(arch, name))) for name in activation_names(arch)}
    bits |= dict.fromkeys(tied_streams(arch), bits["embed"])
    return DesignPoint(
        architecture=arch,
        weight_bits={name: draw(st.integers(2, 8)) for name in linear_names(arch)},
        activation_bits=bits,
        engines=base.engines,
    )
