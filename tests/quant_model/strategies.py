"""Hypothesis strategies for shapes and design points that are small enough to evaluate often."""

from __future__ import annotations

from hypothesis import strategies as st

from quant_model.design import DesignPoint, uniform_design
from quant_model.families import AnyShape, Encoder, Hybrid, Stream


@st.composite
def encoders(draw: st.DrawFn, largest: int = 12) -> Encoder:
    """Small shapes of every kind: widths that are no power of two, several heads, layers and outputs."""
    heads, repeats = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return Encoder(
        window=draw(st.integers(2, largest)),
        features=draw(st.integers(1, 4)),
        d_model=heads * draw(st.integers(-(-4 // heads), max(largest // heads, -(-4 // heads)))),
        heads=heads,
        ffn_width=draw(st.integers(4, largest)),
        layers=draw(st.integers(1, 2)),
        outputs=draw(st.integers(1, 3)),
        repeats=repeats,
        readout=draw(st.sampled_from(["mean", "last"])) if repeats == 1 else "mean",
    )


@st.composite
def streams(draw: st.DrawFn, largest: int = 12) -> Stream:
    """Small streams: windows of two rows on, several heads, layers and outputs."""
    own = draw(encoders(largest))
    window, layers = draw(st.integers(2, max(largest // 2, 2))), draw(st.integers(1, 3))
    return Stream(window, own.features, own.d_model, own.heads, own.ffn_width, layers, own.outputs)


@st.composite
def hybrids(draw: st.DrawFn, largest: int = 12) -> Hybrid:
    """Small images and series: lines of a single pixel, odd sizes, blocks applied once and several times."""
    height = draw(st.sampled_from([1, 1, 2, 3, 4, 5, 6, 7]))
    width = draw(st.integers(2 if height == 1 else 1, min(largest, 7)))
    heads, growth, stages = draw(st.integers(1, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    return Hybrid(
        window=height * width,
        height=height,
        features=draw(st.integers(1, 3)),
        stem=heads * draw(st.integers(-(-4 // heads), -(-6 // heads))),
        stem_stride=draw(st.integers(1, 2)),
        stages=stages,
        growth=growth if stages < 3 else 1,
        steps=draw(st.integers(1, 3)),
        heads=heads,
        attention_steps=draw(st.integers(0, 2)),
        outputs=draw(st.integers(1, 3)),
        pooling=draw(st.sampled_from(["mean", "mean", "none"])),
    )


FAMILIES = (encoders, streams, hybrids)
"""Strategies of every family's shapes, by the largest of their widths."""


def designs(largest: int = 12) -> st.SearchStrategy[DesignPoint]:
    """Design points of every family."""
    return st.one_of(*(of_shapes(shapes(largest)) for shapes in FAMILIES))


def windowed(largest: int = 12) -> st.SearchStrategy[DesignPoint]:
    """Design points whose inferences bring whole windows."""
    return of_shapes(encoders(largest))


@st.composite
def of_shapes(draw: st.DrawFn, shapes: st.SearchStrategy[AnyShape]) -> DesignPoint:
    """Design points with a bit-width of its own for every tensor."""
    base = uniform_design(draw(shapes))
    graph = base.graph
    bits = {name: draw(st.sampled_from(tensor.bits)) for name, tensor in graph.tensors.items()}
    for name in graph.tied:
        bits[name] = bits[graph.tied[0]]
    return DesignPoint(
        shape=base.shape,
        weight_bits={node.name: draw(st.integers(2, 8)) for node in graph.weighted},
        activation_bits=bits,
        engines=base.engines,
    )
