-- A linear layer: reads rows of INPUTS elements, writes rows of OUTPUTS elements.
--
-- Throughput: one row in OUTPUTS / LANES * PERIOD clocks. Each group of LANES outputs takes INPUTS steps.
-- Weight ROM: word (group * INPUTS + input) holds the weights of the group's lanes, lane 0 lowest; one clock.
-- Bias ROM: BIAS_ROWS * OUTPUTS words in the order in which the outputs leave; one clock.
-- With X_LANES = LANES each lane has an element of its own in every step: a depthwise convolution's INPUTS are taps.
-- WIDE engines pass the full sum on, the others drop SHIFT bits and saturate.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity linear_engine is
  generic (
    INPUTS     : positive;
    OUTPUTS    : positive;
    LANES      : positive;
    PERIOD     : positive;
    BIAS_ROWS  : positive;
    X_BITS     : positive;
    X_SIGNED   : boolean;
    W_BITS     : positive;
    ACC_BITS   : positive;
    MULTIPLIER : string;
    BIAS_BITS  : positive;
    SUM_BITS   : positive;
    WIDE       : boolean;
    SHIFT      : integer;
    OUT_BITS   : positive;
    OUT_SIGNED : boolean;
    X_LANES    : positive := 1  -- 1 or LANES
  );
  port (
    clk            : in  std_logic;
    rst            : in  std_logic;
    -- Row handshake: a row waits, the row's place behind this engine is free, this engine takes both.
    available      : in  std_logic;
    ready          : in  std_logic;
    start          : out std_logic;
    -- Input row buffer.
    step           : out std_logic;
    rewind         : out std_logic;
    commit         : out std_logic;
    retire         : out std_logic;
    x              : in  std_logic_vector(X_LANES * X_BITS - 1 downto 0);
    -- ROMs.
    weight_address : out unsigned(counter_bits(OUTPUTS / LANES * INPUTS) - 1 downto 0);
    weight_data    : in  std_logic_vector(LANES * W_BITS - 1 downto 0);
    bias_address   : out unsigned(counter_bits(BIAS_ROWS * OUTPUTS) - 1 downto 0);
    bias_data      : in  std_logic_vector(BIAS_BITS - 1 downto 0);
    -- Output elements.
    out_valid      : out std_logic;
    out_data       : out std_logic_vector(OUT_BITS - 1 downto 0)
  );
end entity linear_engine;

architecture rtl of linear_engine is
  signal go, step_now, stepping, first, last : std_logic;
  signal valid_1, first_1, last_1            : std_logic;
  signal sum_valid                           : std_logic;
  signal sum                                 : signed(ACC_BITS - 1 downto 0);
begin

  go   <= available and ready;
  step <= step_now;

  -- The step in a reset's clock is dropped here, those under way in the delay.
  stepping <= step_now and not rst;

  loops : entity work.sequencer
    generic map (
      HEADS  => 1,
      GROUPS => OUTPUTS / LANES,
      INNER  => INPUTS,
      PERIOD => PERIOD
    )
    port map (
      clk    => clk,
      rst    => rst,
      go     => go,
      start  => start,
      step   => step_now,
      first  => first,
      last   => last,
      rewind => rewind,
      commit => commit,
      retire => retire
    );

  weight_counter : entity work.address_counter
    generic map (
      DEPTH => OUTPUTS / LANES * INPUTS
    )
    port map (
      clk     => clk,
      rst     => rst,
      step    => step_now,
      address => weight_address
    );

  marks : entity work.step_delay
    generic map (
      CLOCKS => work.pipeline.READ
    )
    port map (
      clk       => clk,
      rst       => rst,
      valid     => stepping,
      first     => first,
      last      => last,
      out_valid => valid_1,
      out_first => first_1,
      out_last  => last_1
    );

  lanes_of_engine : entity work.mac_lanes
    generic map (
      LANES      => LANES,
      X_BITS     => X_BITS,
      X_SIGNED   => X_SIGNED,
      W_BITS     => W_BITS,
      ACC_BITS   => ACC_BITS,
      MULTIPLIER => MULTIPLIER,
      X_LANES    => X_LANES
    )
    port map (
      clk        => clk,
      rst        => rst,
      valid      => valid_1,
      first      => first_1,
      last       => last_1,
      x          => x,
      w          => weight_data,
      data_valid => sum_valid,
      data       => sum
    );

  bias_counter : entity work.address_counter
    generic map (
      DEPTH => BIAS_ROWS * OUTPUTS
    )
    port map (
      clk     => clk,
      rst     => rst,
      step    => sum_valid,
      address => bias_address
    );

  output_stage : entity work.bias_requantize
    generic map (
      IN_BITS    => ACC_BITS,
      BIAS_BITS  => BIAS_BITS,
      SUM_BITS   => SUM_BITS,
      WIDE       => WIDE,
      SHIFT      => SHIFT,
      OUT_BITS   => OUT_BITS,
      OUT_SIGNED => OUT_SIGNED
    )
    port map (
      clk       => clk,
      rst       => rst,
      valid     => sum_valid,
      data      => sum,
      bias      => bias_data,
      out_valid => out_valid,
      out_data  => out_data
    );

end architecture rtl;
