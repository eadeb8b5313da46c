-- Sends the pixels around each centre as one row, an element a clock; see line_buffer.
--
-- Throughput: one row in COLUMNS clocks. Nothing is computed: an element leaves READ clocks after its step.
library ieee;
use ieee.std_logic_1164.all;

entity neighbourhood_engine is
  generic (
    BITS    : positive;
    COLUMNS : positive
  );
  port (
    clk       : in  std_logic;
    rst       : in  std_logic;
    -- Row handshake: a centre can be read, the row's place behind this engine is free, this engine takes both.
    available : in  std_logic;
    ready     : in  std_logic;
    start     : out std_logic;
    -- Line buffer.
    step      : out std_logic;
    retire    : out std_logic;
    x         : in  std_logic_vector(BITS - 1 downto 0);
    -- Output elements.
    out_valid : out std_logic;
    out_data  : out std_logic_vector(BITS - 1 downto 0)
  );
end entity neighbourhood_engine;

architecture rtl of neighbourhood_engine is
  signal go, step_now, stepping : std_logic;
begin

  go       <= available and ready;
  step     <= step_now;
  out_data <= x;

  -- The step in a reset's clock is dropped here, those under way in the delay.
  stepping <= step_now and not rst;

  loops : entity work.sequencer
    generic map (
      HEADS  => 1,
      GROUPS => 1,
      INNER  => COLUMNS,
      PERIOD => COLUMNS
    )
    port map (
      clk    => clk,
      rst    => rst,
      go     => go,
      start  => start,
      step   => step_now,
      first  => open,
      last   => open,
      rewind => open,
      commit => open,
      retire => retire
    );

  marks : entity work.step_delay
    generic map (
      CLOCKS => work.pipeline.READ
    )
    port map (
      clk       => clk,
      rst       => rst,
      valid     => stepping,
      first     => '0',
      last      => '0',
      out_valid => out_valid,
      out_first => open,
      out_last  => open
    );

end architecture rtl;
