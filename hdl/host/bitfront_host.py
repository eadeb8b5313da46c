"""Talk to an accelerator on a board: values in, forecasts out. Needs Python 3.10 and nothing else.

The same file lies in every exported folder, beside ``host.json`` with the numbers of its accelerator::

    import serial  # pyserial, or anything else with read(size) and write(data)
    from bitfront_host import Accelerator, Facts

    accelerator = Accelerator(serial.Serial("/dev/ttyUSB0", 115200, timeout=2), Facts.load())
    accelerator.check()
    print(accelerator.predict(window))  # rows of values, oldest first, in the order of Facts.columns

A frame is START, KIND, LENGTH (2 bytes), payload, CRC-16 over all of it but START (2 bytes); numbers have
their most significant byte first. Every request is answered by a frame with the same kind, or by an error.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

START_REQUEST = 0xA5
START_REPLY = 0x5A
KIND_WINDOW = 0x01
KIND_IDENTIFY = 0x02
KIND_RESET = 0x03
KIND_ERROR = 0x0E
ERROR_START = 0x01
ERROR_KIND = 0x02
ERROR_LENGTH = 0x03
ERROR_SUM = 0x04
ERROR_TIMEOUT = 0x05
ERROR_LINE = 0x06
ERRORS = {
    ERROR_START: "a frame began with another byte",
    ERROR_KIND: "no such kind of frame",
    ERROR_LENGTH: "the length is not that of the frame's kind",
    ERROR_SUM: "the checksum is wrong",
    ERROR_TIMEOUT: "the frame ended too early",
    ERROR_LINE: "a byte without stop bit: is the baud rate right?",
}
"""What the codes of a refused frame mean."""


class HostError(Exception):
    """The accelerator refused a frame, gave no answer, or is another one than expected."""


class Port(Protocol):
    """What bytes go through: a serial port of pyserial, for example."""

    def write(self, data: bytes, /) -> Any:
        """Send all of it."""

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes; fewer, or none, when time is out."""


class Facts:
    """The numbers of one accelerator.

    Attributes:
        identity: Four bytes that tell it from others.
        rows: Rows of a window: those that are sent, and older ones of which a value is added to outputs.
        sent_rows: How many of them are sent, the newest: all of a window, or one of an endless series.
        warm_up: Answers behind a reset that depend on rows from before it, of an endless series.
        columns: What a row holds: the inputs, then what is only added to outputs.
        low: The smallest input integer.
        high: The largest.
        inputs: By feature: name, offset, step. A value is ``offset + step * integer``.
        outputs: Likewise, with ``plus``: the column and the row of the value that is added, or None.
        input_bytes: Bytes of an element of a window's frame.
        output_bytes: Bytes of an element of a forecast's frame.
        decision: What forecasts are for: ``kind`` is ``value``, ``argmax`` or ``threshold``.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        """Take the object of ``host.json``."""
        self.identity = bytes.fromhex(data["identity"])
        self.rows: int = data["rows"]
        self.sent_rows: int = data["sent_rows"]
        self.warm_up: int = data["warm_up"]
        self.columns: list[str] = list(data["columns"])
        self.low: int = data["low"]
        self.high: int = data["high"]
        self.inputs: list[dict[str, Any]] = data["inputs"]
        self.outputs: list[dict[str, Any]] = data["outputs"]
        self.input_bytes: int = data["input_bytes"]
        self.output_bytes: int = data["output_bytes"]
        self.decision: dict[str, Any] = data["decision"]

    @classmethod
    def load(cls, path: Path | None = None) -> Facts:
        """Read a file; ``host.json`` beside this module unless told otherwise."""
        return cls(json.loads((path or Path(__file__).with_name("host.json")).read_text()))


def crc16(data: bytes) -> int:
    """CRC-16/IBM-3740 of bytes: ``crc16(b"123456789") == 0x29B1``."""
    total = 0xFFFF
    for byte in data:
        total ^= byte << 8
        for _ in range(8):
            total = (total << 1) ^ (0x11021 if total & 0x8000 else 0)
    return total


def encode(start: int, kind: int, payload: bytes = b"") -> bytes:
    """A frame."""
    body = bytes([kind]) + len(payload).to_bytes(2, "big") + payload
    return bytes([start]) + body + crc16(body).to_bytes(2, "big")


def quantize(facts: Facts, window: Sequence[Sequence[float]]) -> list[int]:
    """The integers of a window, row by row.

    Raises:
        ValueError: It has another shape, or a value that is no finite number.
    """
    if len(window) != facts.rows:
        raise ValueError(f"{len(window)} rows; a window has {facts.rows}")
    integers = []
    for number, row in enumerate(window):
        if len(row) != len(facts.columns):
            raise ValueError(f"row {number}: {len(row)} values for {len(facts.columns)} columns")
        for name, value in zip(facts.columns, row, strict=True):
            if not math.isfinite(value):
                raise ValueError(f"row {number}, column {name}: {value} is no finite number")
        for line, value in zip(
            facts.inputs, row if number >= facts.rows - facts.sent_rows else (), strict=False
        ):
            # Limited before it is made an integer: a value may be as far off as it likes.
            nearest = (value - line["offset"]) / line["step"] + 0.5
            integers.append(math.floor(min(max(nearest, facts.low), facts.high)))
    return integers


def forecast(facts: Facts, window: Sequence[Sequence[float]], integers: Sequence[int]) -> list[float]:
    """Forecasts in the user's units, of output integers and the window that they belong to."""
    found: list[float] = []
    for line, integer in zip(facts.outputs, integers, strict=True):
        value = line["offset"] + line["step"] * integer
        if line["plus"] is not None:
            row = facts.rows - 1 - line["plus"]["rows_back"]
            value += window[row][facts.columns.index(line["plus"]["column"])]
        found.append(value)
    return found


def decide(facts: Facts, forecasts: list[float]) -> str | None:
    """The class of the largest output, of equal ones the first; None where outputs are no classes."""
    if facts.decision["kind"] != "argmax":
        return None
    return str(facts.decision["classes"][forecasts.index(max(forecasts))])


def is_anomaly(facts: Facts, forecasts: Sequence[float], actual: Sequence[float]) -> bool:
    """Whether one of the values that came is further from its forecast than the task allows."""
    limits = facts.decision["limits"]
    lines = zip(facts.outputs, forecasts, actual, strict=True)
    return any(abs(value - told) > limits[line["name"]] for line, told, value in lines)


class Accelerator:
    """An accelerator behind a port."""

    def __init__(self, port: Port, facts: Facts) -> None:
        """Nothing is sent yet."""
        self.port, self.facts = port, facts

    def request(self, kind: int, payload: bytes = b"") -> bytes:
        """Send a frame and return the answer's payload.

        Raises:
            HostError: There is no answer, a damaged one, or an error.
        """
        flush = getattr(self.port, "reset_input_buffer", None)
        if flush is not None:
            flush()
        self.port.write(encode(START_REQUEST, kind, payload))
        return self.answer(kind)

    def answer(self, kind: int) -> bytes:
        """Wait for the answer to a request and return its payload.

        Raises:
            HostError: There is none, it is damaged, or it is an error.
        """
        while self._read(1)[0] != START_REPLY:
            pass
        head = self._read(3)
        payload = self._read(int.from_bytes(head[1:], "big"))
        if crc16(head + payload + self._read(2)) != 0:
            raise HostError("the answer's checksum is wrong")
        if head[0] == KIND_ERROR:
            code = payload[0]
            raise HostError(f"the accelerator refused the frame: {ERRORS.get(code, f'code {code}')}")
        if head[0] != kind:
            raise HostError(f"an answer of kind {head[0]} to a request of kind {kind}")
        return payload

    def check(self) -> None:
        """Make sure that this accelerator is the one that the numbers belong to.

        Raises:
            HostError: It is another one, or does not answer.
        """
        found = self.request(KIND_IDENTIFY)
        if found != self.facts.identity:
            raise HostError(f"the board holds design {found.hex()}, not {self.facts.identity.hex()}")

    def reset(self) -> None:
        """Reset the accelerator, not what stands around it."""
        self.request(KIND_RESET)

    def predict(self, window: Sequence[Sequence[float]]) -> list[float]:
        """Forecasts of a window, in the user's units.

        Raises:
            ValueError: as :func:`quantize`.
            HostError: as :meth:`request`.
        """
        return forecast(self.facts, window, self.infer(quantize(self.facts, window)))

    def infer(self, integers: Sequence[int]) -> list[int]:
        """Output integers of input integers.

        Raises:
            HostError: as :meth:`request`.
        """
        size = self.facts.output_bytes
        bytes_in = self.facts.input_bytes
        sent = b"".join((one % 256**bytes_in).to_bytes(bytes_in, "big") for one in integers)
        got = self.request(KIND_WINDOW, sent)
        if len(got) != size * len(self.facts.outputs):
            raise HostError(f"an answer of {len(got)} bytes for {len(self.facts.outputs)} outputs")
        return [int.from_bytes(got[i : i + size], "big", signed=True) for i in range(0, len(got), size)]

    def _read(self, size: int) -> bytes:
        got = b""
        while len(got) < size:
            more = self.port.read(size - len(got))
            if not more:
                raise HostError(f"no answer: {len(got)} of {size} bytes")
            got += more
        return got
