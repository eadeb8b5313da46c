"""Parts by device, as Vivado names them."""

from __future__ import annotations

import pytest

from cost_model.devices import DEVICES
from hdl.target import Target, check_part, default_part, parts_of
from quant_model.errors import UserError


@pytest.mark.parametrize("device", [name for name in DEVICES if name.startswith("xc7")])
def test_every_device_of_the_7_series_has_parts_of_its_own(device: str) -> None:
    parts = parts_of(device)
    assert len(set(parts)) == len(parts) > 1
    assert all(part.startswith(device) for part in parts)
    assert default_part(device) == parts[0]
    for part in parts:
        check_part(part, device)
        others = [other for other in DEVICES if other.startswith("xc7") and part in parts_of(other)]
        assert others == [device]


@pytest.mark.parametrize(
    ("device", "part"),
    [
        ("xc7s15", "xc7s15ftgb196-2"),  # Elastic Node V5
        ("xc7s25", "xc7s25csga225-1"),  # Cmod S7
        ("xc7s50", "xc7s50csga324-1"),  # Arty S7-50
        ("xc7a35t", "xc7a35ticsg324-1L"),  # Arty A7-35
        ("xc7a35t", "xc7a35tcpg236-1"),  # Basys 3
    ],
)
def test_parts_of_boards_are_known(device: str, part: str) -> None:
    check_part(part, device)


@pytest.mark.parametrize(
    ("device", "part", "nearest"),
    [
        ("xc7s15", "xc7s15ftgb196-3", "xc7s15ftgb196-2"),
        ("xc7s15", "xc7s15ftg196-1", "xc7s15ftgb196-1"),
        ("xc7s15", "xc7s25csga225-1", "xc7s15csga225-1"),
        ("xc7s6", "xc7s6csga324-2", "xc7s6csga225-2"),
    ],
)
def test_another_part_is_refused(device: str, part: str, nearest: str) -> None:
    with pytest.raises(
        UserError, match=rf"^part {part}: is no part of {device} .*; did you mean {nearest}\?$"
    ):
        check_part(part, device)


def test_a_device_without_packages_takes_no_part() -> None:
    assert default_part("ice40up5k") == "ice40up5k"
    with pytest.raises(UserError, match="no package of the device ice40up5k is known; leave it out"):
        check_part("ice40up5k-sg48", "ice40up5k")


def test_the_default_is_a_part_of_the_default_device() -> None:
    assert Target().part == default_part("xc7s15")
    assert Target(clock_mhz=80).period_ns == 12.5
