"""Accelerators start by themselves: registers that must begin somewhere say where, without a reset."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hdl.bundle import design_sources
from hdl.cxxrtl_model import quickened
from hdl.cxxrtl_simulation import RTL, build
from hdl.generate import generate
from hdl.playback import Playback, isolated_vectors, random_vectors
from quant_model.random_model import random_integer_model
from tests.designs import quick_network

WRAPPER = """
library ieee;
use ieee.std_logic_1164.all;

entity never_reset is
  port (
    clk           : in  std_logic;
    rst           : in  std_logic;
    s_axis_tvalid : in  std_logic;
    s_axis_tready : out std_logic;
    s_axis_tdata  : in  std_logic_vector({bits_in} - 1 downto 0);
    m_axis_tvalid : out std_logic;
    m_axis_tready : in  std_logic;
    m_axis_tdata  : out std_logic_vector({bits_out} - 1 downto 0);
    m_axis_tlast  : out std_logic
  );
end entity never_reset;

architecture test of never_reset is
begin

  dut : entity work.accelerator
    port map (
      clk           => clk,
      rst           => '0',
      s_axis_tvalid => s_axis_tvalid,
      s_axis_tready => s_axis_tready,
      s_axis_tdata  => s_axis_tdata,
      m_axis_tvalid => m_axis_tvalid,
      m_axis_tready => m_axis_tready,
      m_axis_tdata  => m_axis_tdata,
      m_axis_tlast  => m_axis_tlast
    );

end architecture test;
"""
VECTORS = 6


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300, 320))
def test_a_netlist_that_never_sees_a_reset_is_right(tmp_path: Path, seed: int) -> None:
    """Also where registers without an initial value begin with ones."""
    ones = RTL.replace("\nproc\n", "\nproc\nsetundef -init -one\n")
    assert ones != RTL

    def unchecked(model: str) -> str:
        """Without checks of addresses: the same pass makes ones of those where nothing is written."""
        return quickened(re.sub(r"CXXRTL_ASSERT\(.*", "", model))

    model = random_integer_model(quick_network(seed, cycles=2000), seed)
    generate(model, tmp_path / "bundle")
    sides = model.network.input, model.network.output
    bits_in, bits_out = (-(-side.format.bits // 8) * 8 for side in sides)
    wrapper = tmp_path / "never_reset.vhd"
    wrapper.write_text(WRAPPER.format(bits_in=bits_in, bits_out=bits_out))
    sources = [*design_sources(tmp_path / "bundle"), wrapper]
    program = build(sources, model.network, tmp_path / "build", ones, unchecked)
    stimulus = random_vectors(model.network.input, VECTORS, seed)
    playback = Playback(
        stimulus, model.forward(stimulus), isolated_vectors(VECTORS, stall=False), stall=False, seed=seed
    )
    assert (program.play(playback, tmp_path / "play", 120).outputs == playback.expected).all()
