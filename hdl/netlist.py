"""The accelerator's netlist as data: signals, instances, assignments. A template turns it into VHDL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from quant_model.raster import Raster

GenericValue = int | bool | str

CURSOR = ("available", "step", "rewind", "commit", "retire")
"""What stands between a row buffer and its reader."""


@dataclass(frozen=True)
class Signal:
    """A signal; ``bits`` None for a single std_logic."""

    name: str
    bits: int | None = None
    type: Literal["std_logic_vector", "unsigned"] = "std_logic_vector"


@dataclass(frozen=True)
class Instance:
    """An instance of an entity."""

    label: str
    entity: str
    generics: Mapping[str, GenericValue]
    ports: Mapping[str, str]


@dataclass(frozen=True)
class Rom:
    """A read-only memory: its words as unsigned integers."""

    name: str
    comment: str
    bits: int
    words: tuple[int, ...]
    style: Literal["logic", "block"]

    @property
    def address_bits(self) -> int:
        """Width of the address, at least one bit."""
        return counter_bits(len(self.words))


@dataclass(frozen=True)
class Part:
    """What one node adds to the accelerator."""

    signals: tuple[Signal, ...] = ()
    instances: tuple[Instance, ...] = ()
    assignments: Mapping[str, str] = field(default_factory=dict)
    roms: tuple[Rom, ...] = ()


def joined(*parts: Part) -> Part:
    """Several parts as one, in their order."""
    return Part(
        signals=tuple(signal for part in parts for signal in part.signals),
        instances=tuple(instance for part in parts for instance in part.instances),
        assignments={target: source for part in parts for target, source in part.assignments.items()},
        roms=tuple(rom for part in parts for rom in part.roms),
    )


def counter_bits(count: int) -> int:
    """Bits of a counter 0 .. ``count - 1``, at least one: the VHDL function of that name."""
    return max((count - 1).bit_length(), 1)


def half(shift: int) -> int:
    """Half of the last kept bit: the rounding constant of a right shift."""
    return 1 << (shift - 1) if shift > 0 else 0


def identifier(name: str) -> str:
    """A node's name as a VHDL identifier."""
    return name.replace(".", "_")


def twos_complement(value: int, bits: int) -> int:
    """A signed integer as the unsigned one of the same bits."""
    return value & ((1 << bits) - 1)


def stream_signals(producer: str, bits: int) -> tuple[Signal, ...]:
    """The element stream that leaves a node, with its row handshake."""
    name = identifier(producer)
    controls = tuple(Signal(f"{name}_{part}") for part in ("start", "ready", "valid"))
    return (*controls, Signal(f"{name}_data", bits))


def cursor_signals(owner: str) -> tuple[Signal, ...]:
    """The signals by which an engine reads a row buffer."""
    return tuple(Signal(f"{owner}_{part}") for part in CURSOR)


def row_buffer(
    owner: str,
    source: str,
    bits: int,
    columns: int,
    rows: int,
    style: str,
    *,
    reader: str,
    last_of: int | None = None,
    joins: int | None = None,
    to_come: int = 0,
) -> Part:
    """The buffer ``owner`` for rows of ``source``, with its row handshake; ``reader`` steers it.

    With ``last_of`` only the last of so many rows goes into it; with ``joins`` so many rows are one of its.
    The reader starts when so many elements of a row are still ``to_come``.
    """
    source = identifier(source)
    start, valid = f"{source}_start", f"{source}_valid"
    only = Part()
    if last_of is not None:
        only = _last_row(owner, source, columns, last_of)
        start, valid = f"{owner}_start", f"{owner}_valid"
    elif joins is not None:
        only = _joined_rows(owner, source, joins)
        start = f"{owner}_start"
    instance = Instance(
        label=owner,
        entity="row_buffer",
        generics={
            "BITS": bits,
            "COLUMNS": columns,
            "ROWS": rows,
            "STYLE": style,
            **({"TO_COME": to_come} if to_come else {}),
        },
        ports={
            "start": start,
            "ready": f"{owner}_ready",
            "write_valid": valid,
            "write_data": f"{source}_data",
            **{part: f"{reader}_{part}" for part in CURSOR},
            "read_data": f"{owner}_data",
        },
    )
    return joined(only, Part((Signal(f"{owner}_ready"), Signal(f"{owner}_data", bits)), (instance,)))


def _last_row(owner: str, source: str, columns: int, rows: int) -> Part:
    """What lets the last of so many rows of ``source`` through to the buffer ``owner``."""
    instance = Instance(
        label=f"{owner}_last",
        entity="last_row",
        generics={"ROWS": rows, "COLUMNS": columns},
        ports={
            "start": f"{source}_start",
            "ready": f"{owner}_last_ready",
            "valid": f"{source}_valid",
            "buffer_ready": f"{owner}_ready",
            "buffer_start": f"{owner}_start",
            "write_valid": f"{owner}_valid",
        },
    )
    return Part(tuple(Signal(f"{owner}_{part}") for part in ("last_ready", "start", "valid")), (instance,))


def _joined_rows(owner: str, source: str, rows: int) -> Part:
    """What makes one row of the buffer ``owner`` of so many rows of ``source``."""
    instance = Instance(
        label=f"{owner}_joined",
        entity="joined_rows",
        generics={"ROWS": rows},
        ports={
            "start": f"{source}_start",
            "ready": f"{owner}_joined_ready",
            "buffer_ready": f"{owner}_ready",
            "buffer_start": f"{owner}_start",
        },
    )
    return Part(tuple(Signal(f"{owner}_{part}") for part in ("joined_ready", "start")), (instance,))


def line_buffer(
    owner: str,
    source: str,
    bits: int,
    shape: tuple[int, int, int],
    image: Raster,
    places: int,
    style: str,
    *,
    reader: str,
) -> Part:
    """The buffer ``owner`` for an image's last lines, whose rows come from ``source``; ``reader`` steers it.

    Args:
        owner: Its name.
        source: Whose rows it keeps.
        bits: Of an element.
        shape: Elements of a word, words of a pixel, and how many of these are read one after another.
        image: All pixels.
        places: Pixels from a centre on for which there is room.
        style: Its RAM's.
        reader: The engine.
    """
    source, (lanes, words, groups) = identifier(source), shape
    instance = Instance(
        label=owner,
        entity="line_buffer",
        generics={
            "BITS": bits,
            "LANES": lanes,
            "WORDS": words,
            "GROUPS": groups,
            "LENGTH": image.length,
            "LINES": image.lines,
            "STRIDE": image.stride,
            "PLACES": places,
            "DEPTH": image.depth(places, words),
            "STYLE": style,
        },
        ports={
            "start": f"{source}_start",
            "ready": f"{owner}_ready",
            "write_valid": f"{source}_valid",
            "write_data": f"{source}_data",
            **{part: f"{reader}_{part}" for part in ("available", "step", "retire")},
            "read_data": f"{owner}_data",
        },
    )
    return Part((Signal(f"{owner}_ready"), Signal(f"{owner}_data", lanes * bits)), (instance,))


def rom_part(prefix: str, rom: Rom) -> Part:
    """A ROM with its instance, of a single word a constant; ``prefix`` names address and data."""
    signals = (
        Signal(f"{prefix}_address", rom.address_bits, "unsigned"),
        Signal(f"{prefix}_data", rom.bits),
    )
    if len(rom.words) == 1:
        return Part(signals, assignments={f"{prefix}_data": f'"{rom.words[0]:0{rom.bits}b}"'})
    ports = {"address": f"{prefix}_address", "data": f"{prefix}_data"}
    return Part(signals, (Instance(f"{prefix}_rom", rom.name, {}, ports),), roms=(rom,))
