"""The result as a page for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.deployability.variants import DEVICE, ROOM, Variant

__all__ = ["Row", "report"]

_RESOURCES = tuple(DEVICE.fabric.resources)


@dataclass(frozen=True)
class Row:
    """A design with what synthesis counted, where it was measured."""

    variant: Variant
    measured: Mapping[str, int] | None

    @property
    def shares(self) -> Mapping[str, float]:
        """Used over capacity by measured counts, or by the estimate."""
        counts = self.measured or self.variant.estimate.resources
        taken = DEVICE.fabric.occupied(counts)
        return {name: taken[name] / DEVICE.capacity[name] for name in _RESOURCES if name in taken}

    @property
    def exceeding(self) -> list[str]:
        """Resources of which the device has too little."""
        return [name for name, share in self.shares.items() if share > 1]


def report(uniform: Sequence[Row], mended: Sequence[Row], widest: Sequence[Row], tool: str) -> str:
    """A page in Markdown."""
    return "\n".join(_lines(uniform, mended, widest, tool)) + "\n"


def _lines(uniform: Sequence[Row], mended: Sequence[Row], widest: Sequence[Row], tool: str) -> Iterator[str]:
    yield f"# What fits an {DEVICE.name.upper()}, and what makes the others fit"
    yield ""
    yield f"Measured with {tool}. Written by `python -m tests.bench.deployability`."
    yield ""
    yield (
        "Window 24, one feature, one layer, one head, feed-forward width four times d_model, one lane per "
        "engine, the same bits for every tensor. Weights here are random: nothing is said about accuracy."
    )
    yield ""
    yield "## All buffers and memories in LUTs"
    yield ""
    yield "Percent of the device (LUT counts logic and memory); exceeded in bold; est: estimated."
    yield ""
    yield f"| d_model | bits | by | {' | '.join(_RESOURCES)} | exceeds through |"
    yield "|" + "---|" * (len(_RESOURCES) + 4)
    for row in uniform:
        one = row.variant
        by = "measured" if row.measured else "est"
        yield (
            f"| {one.d_model} | {one.bits} | {by} | {_shares(row)} | {', '.join(row.exceeding) or 'fits'} |"
        )
    yield ""
    yield "## Those that exceed it"
    yield ""
    yield (
        "Memory types: only where buffers and memories lie has changed. Types and bits: bits were also taken "
        f"away one by one until nothing is fuller than {100 * ROOM:.0f} %."
    )
    yield ""
    heads = " | ".join(f"{name} estimate | measured" for name in _RESOURCES)
    yield f"| d_model | bits | changed | {heads} | verdict | fewer bits |"
    yield "|" + "---|" * (2 * len(_RESOURCES) + 5)
    for row in mended:
        one = row.variant
        yield (
            f"| {one.d_model} | {one.bits} | {one.kind} | {_both(row)} | {_verdict(row)} | {one.given_up} |"
        )
    yield ""
    yield "## The widest bits of every d_model, memory types free"
    yield ""
    yield f"| d_model | bits | {heads} | verdict |"
    yield "|" + "---|" * (2 * len(_RESOURCES) + 3)
    for row in widest:
        yield f"| {row.variant.d_model} | {row.variant.bits} | {_both(row)} | {_verdict(row)} |"


def _verdict(row: Row) -> str:
    name = max(row.shares, key=lambda resource: row.shares[resource])
    word = "does not fit" if row.exceeding else "fits"
    return f"{word}: {name} {100 * row.shares[name]:.0f} %"


def _shares(row: Row) -> str:
    shares = [row.shares.get(name) for name in _RESOURCES]
    return " | ".join(
        "" if share is None else f"**{100 * share:.0f}**" if share > 1 else f"{100 * share:.0f}"
        for share in shares
    )


def _both(row: Row) -> str:
    estimated, measured = row.variant.estimate.resources, row.measured or {}
    return " | ".join(f"{estimated[name]} | {measured.get(name, '')}" for name in _RESOURCES)
