-- Attention scores: each query's dot products with all keys, per head, requantised.
--
-- Reads query rows, writes rows of HEADS * ROWS scores. Starts a window's first row when both key and value store are
-- full; retires the key store with the window's last row. Throughput: one row in HEADS * ROWS / LANES * PERIOD clocks.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity scores_engine is
  generic (
    ROWS        : positive;
    HEADS       : positive;
    D_HEAD      : positive;
    LANES       : positive;
    PERIOD      : positive;
    X_BITS      : positive;
    W_BITS      : positive;
    ACC_BITS    : positive;
    MULTIPLIER  : string;
    MAC_LATENCY : positive;
    SUM_BITS    : positive;
    SHIFT       : integer;
    OUT_BITS    : positive
  );
  port (
    clk         : in  std_logic;
    rst         : in  std_logic;
    available   : in  std_logic;
    ready       : in  std_logic;
    key_full    : in  std_logic;
    value_full  : in  std_logic;
    start       : out std_logic;
    step        : out std_logic;
    rewind      : out std_logic;
    commit      : out std_logic;
    retire     : out std_logic;
    x           : in  std_logic_vector(X_BITS - 1 downto 0);
    key_retire : out std_logic;
    key_data    : in  std_logic_vector(LANES * W_BITS - 1 downto 0);
    out_valid   : out std_logic;
    out_data    : out std_logic_vector(OUT_BITS - 1 downto 0)
  );
end entity scores_engine;

architecture rtl of scores_engine is
  -- Rounding constant of the rescale, in the place of a bias.
  function rounding return std_logic_vector is
    variable result : std_logic_vector(SUM_BITS - 1 downto 0) := (others => '0');
  begin
    if SHIFT > 0 then
      result(SHIFT - 1) := '1';
    end if;
    return result;
  end function rounding;

  signal go, step_now, first, last : std_logic;
  signal retire_now               : std_logic;
  signal valid_1, first_1, last_1  : std_logic;
  signal sum_valid                 : std_logic;
  signal sum                       : signed(ACC_BITS - 1 downto 0);
  signal row                       : unsigned(counter_bits(ROWS) - 1 downto 0);
begin

  go          <= available and ready and key_full and value_full;
  step        <= step_now;
  retire     <= retire_now;
  key_retire <= retire_now when row = ROWS - 1 else '0';

  loops : entity work.sequencer
    generic map (
      HEADS  => HEADS,
      GROUPS => ROWS / LANES,
      INNER  => D_HEAD,
      PERIOD => PERIOD
    )
    port map (
      clk     => clk,
      rst     => rst,
      go      => go,
      start   => start,
      step    => step_now,
      first   => first,
      last    => last,
      rewind  => rewind,
      commit  => commit,
      retire => retire_now
    );

  process (clk) is
  begin
    if rising_edge(clk) then
      valid_1 <= step_now and not rst;
      first_1 <= first;
      last_1  <= last;
      if retire_now = '1' then
        if row = ROWS - 1 then
          row <= (others => '0');
        else
          row <= row + 1;
        end if;
      end if;
      if rst = '1' then
        row <= (others => '0');
      end if;
    end if;
  end process;

  lanes_of_engine : entity work.mac_lanes
    generic map (
      LANES      => LANES,
      X_BITS     => X_BITS,
      X_SIGNED   => true,
      W_BITS     => W_BITS,
      ACC_BITS   => ACC_BITS,
      MULTIPLIER => MULTIPLIER,
      LATENCY    => MAC_LATENCY
    )
    port map (
      clk        => clk,
      rst        => rst,
      valid      => valid_1,
      first      => first_1,
      last       => last_1,
      x          => x,
      w          => key_data,
      data_valid => sum_valid,
      data       => sum
    );

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
      bias      => rounding,
      out_valid => out_valid,
      out_data  => out_data
    );

end architecture rtl;
