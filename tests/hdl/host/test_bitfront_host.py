"""The exported host code in Python and in C: both compute the same numbers, and those of the golden model."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdl.host import load_facts, protocol, write_host
from hdl.host.bitfront_host import (
    KIND_ERROR,
    KIND_IDENTIFY,
    KIND_WINDOW,
    START_REPLY,
    Accelerator,
    Facts,
    HostError,
    crc16,
    decide,
    encode,
    forecast,
    is_anomaly,
    quantize,
)
from quant_model.errors import UserError
from quant_model.families import Encoder
from quant_model.families.stream import Stream
from quant_model.formats import Format
from quant_model.host import Host, Line, Plus, plain_host
from quant_model.input_scale import InputScale
from quant_model.integer_model import IntegerModel
from quant_model.network import build_network
from quant_model.random_model import random_integer_model
from tests.designs import uniform_build

SHAPE = Encoder(window=3, features=2, d_model=4, heads=1, ffn_width=4, layers=1, outputs=2)
HOST = Host(
    -32,
    31,
    (Line("speed, m/s", 3.7, 0.013), Line("heat */", -1e5, 771.25)),
    (Line("speed+1", 0.01, 0.0371, Plus("speed, m/s", 0)), Line("level+1", -4.0, 0.3, Plus("level", 2))),
)
LIMITS = {"kind": "threshold", "limits": {"speed+1": 0.5, "level+1": 2.0}}


SERIES = Stream(window=3, features=2, d_model=4, heads=1, ffn_width=4, layers=1, outputs=2)
"""One row is sent, and the host adds a value of two rows before."""


def model(shape: Encoder = SHAPE) -> IntegerModel:
    return random_integer_model(build_network(uniform_build(shape, 6)), 1)


@pytest.fixture(scope="module", params=[SHAPE, SERIES], ids=["window", "series"])
def bundle(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    write_host(model(request.param), HOST, LIMITS, folder)
    return folder


def test_the_checksum_is_the_catalogues() -> None:
    """Check value of CRC-16/IBM-3740 in the RevEng catalogue; a frame and its own sum come to zero."""
    assert crc16(b"123456789") == 0x29B1
    frame = encode(START_REPLY, KIND_WINDOW, b"\x01\x02")
    assert frame[:6] == bytes([START_REPLY, KIND_WINDOW, 0, 2, 1, 2])
    assert crc16(frame[1:]) == 0


def test_no_two_constants_of_a_kind_are_equal() -> None:
    for prefix in ("START_", "KIND_", "ERROR_"):
        values = [value for name, value in protocol().items() if name.startswith(prefix)]
        assert len(values) == len(set(values)) > 1
        assert 0 not in values, "zeros between frames mean nothing"


@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=2),
    offset=st.floats(-1e6, 1e6),
    step=st.floats(1e-6, 1e6),
    bits=st.integers(2, 8),
)
def test_values_become_the_golden_models_integers(
    values: list[float], offset: float, step: float, bits: int
) -> None:
    target = Format(bits)
    host = Host(int(target.low), int(target.high), (Line("a", offset, step),), (Line("b", 0.0, 1.0),))
    facts = facts_of(host, rows=2)
    with np.errstate(over="ignore"):
        golden = InputScale(np.array([offset]), np.array([step])).quantize(np.array(values)[:, None], target)
    assert quantize(facts, [[value] for value in values]) == golden.ravel().tolist()


def facts_of(host: Host, rows: int) -> Facts:
    data = {
        "identity": "00000000",
        "rows": rows,
        "sent_rows": rows,
        "warm_up": 0,
        "columns": list(host.columns),
        **host.to_json(),
    }
    return Facts({**data, "input_bytes": 1, "output_bytes": 1, "decision": LIMITS})


def test_a_model_without_data_has_its_own_units(tmp_path: Path) -> None:
    golden = model()
    write_host(golden, plain_host(golden), {"kind": "value"}, tmp_path)
    facts = load_facts(tmp_path)
    windows = np.random.default_rng(3).normal(size=(20, 3, 2))
    for window, wanted in zip(windows, golden.predict(windows), strict=True):
        integers = quantize(facts, window.tolist())
        got = golden.forward(np.array(integers).reshape(1, 3, 2))[0]
        assert forecast(facts, window.tolist(), got.tolist()) == wanted.tolist()
    assert decide(facts, [1.0, 2.0]) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_is_refused(bundle: Path, value: float) -> None:
    window = [[0.0, 0.0, 0.0], [0.0, 0.0, value], [0.0, 0.0, 0.0]]
    with pytest.raises(ValueError, match=f"row 1, column level: {value} is no finite number"):
        quantize(load_facts(bundle), window)


def test_windows_of_another_shape_are_refused(bundle: Path) -> None:
    facts = load_facts(bundle)
    with pytest.raises(ValueError, match="2 rows; a window has 3"):
        quantize(facts, [[0.0] * 3] * 2)
    with pytest.raises(ValueError, match="row 0: 2 values for 3 columns"):
        quantize(facts, [[0.0] * 2] * 3)


def test_c_computes_what_python_does(bundle: Path, tmp_path: Path) -> None:
    """Values far off, NaN and infinity among them; a column that is only added; alarms."""
    facts, random = load_facts(bundle), np.random.default_rng(7)
    windows = random.normal(size=(400, 3, 3)) * [1.0, 30000.0, 5.0] + [4.0, -1e5, 0.0]
    windows[::7, 1, 0] *= 1e300
    windows[5, 2, 2], windows[6, 0, 0] = math.nan, -math.inf
    outputs = random.integers(-2000, 2000, (400, 2))
    told = np.array([forecast(facts, *pair) for pair in zip(windows.tolist(), outputs.tolist(), strict=True)])
    actual = told + random.normal(size=told.shape) * [0.4, 1.5]
    numbers = [*zip(windows, outputs, actual, strict=True)]
    rows = [" ".join(repr(one) for part in row for one in part.ravel().tolist()) for row in numbers]
    (tmp_path / "rows.txt").write_text("\n".join(rows) + "\n")
    program, source = tmp_path / "values", Path(__file__).with_name("host_values.c")
    options = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I", bundle / "host")
    command = [
        "gcc",
        *map(str, (*options, "-o", program, source, bundle / "host" / "bitfront_host.c")),
        "-lm",
    ]
    subprocess.run(command, check=True)
    said = subprocess.run([program, tmp_path / "rows.txt"], capture_output=True, text=True, check=True).stdout

    lines = [line.split() for line in said.splitlines()]
    assert [index for index, line in enumerate(lines) if line[0] != "0"] == [5, 6]
    for index, line in enumerate(lines):
        window = windows[index].tolist()
        if index not in (5, 6):
            integers = quantize(facts, window)
            assert len(integers) == 2 * facts.sent_rows
            assert [int(word) for word in line[1:-4]] == integers
            assert [float(word) for word in line[-4:-2]] == told[index].tolist()
            alarm = is_anomaly(facts, told[index].tolist(), actual[index].tolist())
            assert line[-2:] == [str(int(told[index].argmax())), str(int(alarm))]
    assert {line[-1] for line in lines} == {"0", "1"}


def test_the_folder_needs_nothing_else(bundle: Path) -> None:
    code = "import bitfront_host as b; print(b.Facts.load().columns)"
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, '.'); {code}"]
    done = subprocess.run(command, cwd=bundle / "host", capture_output=True, text=True, check=True)
    assert done.stdout == "['speed, m/s', 'heat */', 'level']\n"
    names = sorted(file.name for file in (bundle / "host").iterdir() if file.is_file())
    assert names == ["bitfront_host.c", "bitfront_host.h", "bitfront_host.py", "host.json"]


def test_damaged_facts_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"cannot be read .* name an exported folder; one of an earlier version"
    ):
        load_facts(tmp_path)
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "host.json").write_text(json.dumps({"identity": "00"}))
    with pytest.raises(UserError, match=r"cannot be understood .* export the trial again"):
        load_facts(tmp_path)


class Answering:
    """A port that gives the same answer to everything."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def write(self, data: bytes, /) -> None:
        """Nothing happens."""

    def read(self, size: int, /) -> bytes:
        part, self.answer = self.answer[:1], self.answer[1:]
        return part


ANSWER = encode(START_REPLY, KIND_IDENTIFY, b"abcd")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"", "no answer: 0 of 1 bytes"),
        (b"\0\0noise", "no answer"),
        (ANSWER[:-1], "no answer: 1 of 2 bytes"),
        (ANSWER[:5] + b"?" + ANSWER[6:], "the answer's checksum is wrong"),
        (encode(START_REPLY, KIND_ERROR, b"\x03"), "refused the frame: the length is not"),
        (encode(START_REPLY, KIND_ERROR, b"\x33"), "refused the frame: code 51"),
        (encode(START_REPLY, KIND_WINDOW, b"abcd"), "an answer of kind 1 to a request of kind 2"),
        (b"\0\0" + ANSWER, "the board holds design 61626364"),
    ],
)
def test_wrong_answers_are_named(bundle: Path, answer: bytes, said: str) -> None:
    with pytest.raises(HostError, match=said):
        Accelerator(Answering(answer), load_facts(bundle)).check()
