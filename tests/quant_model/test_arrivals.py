"""Closed forms of arrivals against clocks written down row by row."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from quant_model.arrivals import Arrivals, Even, Timing, last, through
from quant_model.raster import Raster


def engine(row: int, latency: int) -> Timing:
    return Timing(row, 1, row, 0, latency, row)


ENGINES = st.builds(engine, st.integers(1, 40), st.integers(1, 60))


def written(starts: list[int], image: Raster | None, part: Timing) -> list[int]:
    """When rows are complete behind an engine, given those in front of it."""
    found: list[int] = []
    count = len(starts) if image is None else image.centres.rows
    for row in range(count):
        needed = row if image is None else last_needed(image, row)
        before = found[-1] - part.latency + part.row if found else 0
        found.append(max(starts[needed], before) + part.latency)
    return found


def last_needed(image: Raster, centre: int) -> int:
    """The last pixel of the line below a centre's, or of its own where that is the last."""
    line = centre // -(-image.length // image.stride) * image.stride
    return (min(line + 1, image.lines - 1) + 1) * image.length - 1


@given(
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 30),
    st.lists(st.tuples(st.sampled_from([0, 1, 1, 2]), ENGINES), min_size=1, max_size=9),
)
def test_a_chain_of_convolutions_row_by_row(
    height: int, width: int, spacing: int, chain: list[tuple[int, Timing]]
) -> None:
    image = Raster(height, width)
    stream: list[Arrivals] = [Even(0, spacing, spacing)]
    clocks = [spacing * (row + 1) for row in range(image.rows)]
    for stride, part in chain:
        read = Raster(image.height, image.width, stride) if stride else None
        stream = through(stream, part, read)
        clocks = written(clocks, read, part)
        image = image if read is None else read.centres
        assert stream[0].clock == clocks[0]
        assert last(stream, image.rows) == clocks[-1]
