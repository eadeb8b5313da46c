-- Attention scores: each query's dot products with all keys, per head, requantised.
--
-- Reads query rows, writes rows of HEADS * KEYS scores. Starts a window's first row when both key and value store are
-- full; retires the key store with the window's last row. Throughput: one row in HEADS * KEYS / LANES * PERIOD clocks.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity scores_engine is
  generic (
    ROWS       : positive;
    KEYS       : positive;
    HEADS      : positive;
    D_HEAD     : positive;
    LANES      : positive;
    PERIOD     : positive;
    X_BITS     : positive;
    W_BITS     : positive;
    ACC_BITS   : positive;
    MULTIPLIER : string;
    SUM_BITS   : positive;
    SHIFT      : integer;
    OUT_BITS   : positive
  );
  port (
    clk        : in  std_logic;
    rst        : in  std_logic;
    available  : in  std_logic;
    ready      : in  std_logic;
    key_full   : in  std_logic;
    value_full : in  std_logic;
    start      : out std_logic;
    step       : out std_logic;
    rewind     : out std_logic;
    commit     : out std_logic;
    retire     : out std_logic;
    x          : in  std_logic_vector(X_BITS - 1 downto 0);
    key_retire : out std_logic;
    key_data   : in  std_logic_vector(LANES * W_BITS - 1 downto 0);
    -- A dot product leaves the lanes; READ clocks later, what it gets added: the rescale's rounding constant at least.
    bias_step  : out std_logic;
    bias       : in  std_logic_vector(SUM_BITS - 1 downto 0);
    out_valid  : out std_logic;
    out_data   : out std_logic_vector(OUT_BITS - 1 downto 0)
  );
end entity scores_engine;

architecture rtl of scores_engine is
  signal go, step_now, stepping, first, last : std_logic;
  signal retire_now                          : std_logic;
  signal valid_1, first_1, last_1            : std_logic;
  signal sum_next, sum_valid                 : std_logic;
  signal sum                                 : signed(ACC_BITS - 1 downto 0);
  signal row                                 : unsigned(counter_bits(ROWS) - 1 downto 0);
begin

  go         <= available and ready and key_full and value_full;
  step       <= step_now;
  retire     <= retire_now;
  key_retire <= retire_now when row = ROWS - 1 else '0';

  -- The step in a reset's clock is dropped here, those under way in the delay.
  stepping <= step_now and not rst;

  loops : entity work.sequencer
    generic map (
      HEADS  => HEADS,
      GROUPS => KEYS / LANES,
      INNER  => D_HEAD,
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
      retire => retire_now
    );

  rows_of_window : entity work.address_counter
    generic map (
      DEPTH => ROWS
    )
    port map (
      clk     => clk,
      rst     => rst,
      step    => retire_now,
      address => row
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
      X_SIGNED   => true,
      W_BITS     => W_BITS,
      ACC_BITS   => ACC_BITS,
      MULTIPLIER => MULTIPLIER
    )
    port map (
      clk        => clk,
      rst        => rst,
      valid      => valid_1,
      first      => first_1,
      last       => last_1,
      x          => x,
      w          => key_data,
      data_next  => sum_next,
      data_valid => sum_valid,
      data       => sum
    );

  bias_step <= sum_next;

  output_stage : entity work.bias_requantize
    generic map (
      IN_BITS    => ACC_BITS,
      BIAS_BITS  => SUM_BITS,
      SUM_BITS   => SUM_BITS,
      WIDE       => false,
      SHIFT      => SHIFT,
      OUT_BITS   => OUT_BITS,
      OUT_SIGNED => true
    )
    port map (
      clk       => clk,
      rst       => rst,
      valid     => sum_valid,
      data      => sum,
      bias      => bias,
      out_valid => out_valid,
      out_data  => out_data
    );

end architecture rtl;
