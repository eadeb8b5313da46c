-- Attention context: softmax of a row of scores, weighted sum of the values, one rounding division per output.
--
-- Reads score rows with their maxima (one per head) and the value store, writes rows of HEADS * D_HEAD elements.
-- Throughput: one row in HEADS * D_HEAD / LANES * PERIOD clocks. Releases the value store with a window's last row.
-- Softmax ROM: word d holds the probability numerator at distance d below the maximum; READ clocks.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity context_engine is
  generic (
    ROWS             : positive;
    KEYS             : positive;
    HEADS            : positive;
    D_HEAD           : positive;
    LANES            : positive;
    PERIOD           : positive;
    SCORE_BITS       : positive;
    X_BITS           : positive;
    W_BITS           : positive;
    ACC_BITS         : positive;
    DENOMINATOR_BITS : positive;
    MULTIPLIER       : string
  );
  port (
    clk             : in  std_logic;
    rst             : in  std_logic;
    available       : in  std_logic;
    ready           : in  std_logic;
    value_full      : in  std_logic;
    start           : out std_logic;
    step            : out std_logic;
    rewind          : out std_logic;
    commit          : out std_logic;
    retire          : out std_logic;
    score           : in  std_logic_vector(SCORE_BITS - 1 downto 0);
    maximum         : in  std_logic_vector(SCORE_BITS - 1 downto 0);
    softmax_address : out unsigned(SCORE_BITS - 1 downto 0);
    softmax_data    : in  std_logic_vector(X_BITS - 1 downto 0);
    value_step      : out std_logic;
    value_retire    : out std_logic;
    value_data      : in  std_logic_vector(LANES * W_BITS - 1 downto 0);
    out_valid       : out std_logic;
    out_data        : out std_logic_vector(W_BITS - 1 downto 0)
  );
end entity context_engine;

architecture rtl of context_engine is
  constant MAC_LATENCY : positive := lane_latency(MULTIPLIER, X_BITS, false, W_BITS);

  subtype denominator_t is unsigned(DENOMINATOR_BITS - 1 downto 0);
  type denominators_t is array (0 to MAC_LATENCY) of denominator_t;

  signal go, step_now, first, last : std_logic;
  signal retire_now, retire_window : std_logic;
  -- With a score's distance from the maximum, and with its numerator and values.
  signal valid_d, first_d, last_d  : std_logic;
  signal valid_x, first_x, last_x  : std_logic;
  -- A window's last row has ended, but its last values are still being read.
  signal window_end                : std_logic_vector(1 to work.pipeline.SOFTMAX) := (others => '0');
  signal row                       : unsigned(counter_bits(ROWS) - 1 downto 0);
  signal sum_valid                 : std_logic;
  signal sum                       : signed(ACC_BITS - 1 downto 0);
  signal running                   : denominator_t := (others => '0');
  -- Delayed like the lanes' results, so that both meet at the divider.
  signal denominators              : denominators_t;
begin

  go     <= available and ready and value_full and not (or window_end);
  step   <= step_now;
  retire <= retire_now;

  retire_window <= retire_now when row = ROWS - 1 else '0';

  loops : entity work.sequencer
    generic map (
      HEADS  => HEADS,
      GROUPS => D_HEAD / LANES,
      INNER  => KEYS,
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

  value_step   <= valid_d;
  value_retire <= window_end(work.pipeline.SOFTMAX);

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

  marks_of_distance : entity work.step_delay
    generic map (
      CLOCKS => work.pipeline.SOFTMAX
    )
    port map (
      clk       => clk,
      rst       => rst,
      valid     => step_now,
      first     => first,
      last      => last,
      out_valid => valid_d,
      out_first => first_d,
      out_last  => last_d
    );

  marks : entity work.step_delay
    generic map (
      CLOCKS => work.pipeline.READ
    )
    port map (
      clk       => clk,
      rst       => rst,
      valid     => valid_d,
      first     => first_d,
      last      => last_d,
      out_valid => valid_x,
      out_first => first_x,
      out_last  => last_x
    );

  process (clk) is
    variable total : denominator_t;
  begin
    if rising_edge(clk) then
      softmax_address <= unsigned(signed(maximum) - signed(score));
      window_end      <= retire_window & window_end(1 to work.pipeline.SOFTMAX - 1);

      if valid_x = '1' then
        total   := running + resize(unsigned(softmax_data), DENOMINATOR_BITS);
        running <= total;
        if last_x = '1' then
          running         <= (others => '0');
          denominators(0) <= total;
        end if;
      end if;
      denominators(1 to MAC_LATENCY) <= denominators(0 to MAC_LATENCY - 1);

      if rst = '1' then
        window_end <= (others => '0');
        running    <= (others => '0');
      end if;
    end if;
  end process;

  lanes_of_engine : entity work.mac_lanes
    generic map (
      LANES      => LANES,
      X_BITS     => X_BITS,
      X_SIGNED   => false,
      W_BITS     => W_BITS,
      ACC_BITS   => ACC_BITS,
      MULTIPLIER => MULTIPLIER
    )
    port map (
      clk        => clk,
      rst        => rst,
      valid      => valid_x,
      first      => first_x,
      last       => last_x,
      x          => softmax_data,
      w          => value_data,
      data_next  => open,
      data_valid => sum_valid,
      data       => sum
    );

  normaliser : entity work.divider
    generic map (
      NUMERATOR_BITS   => ACC_BITS,
      DENOMINATOR_BITS => DENOMINATOR_BITS,
      QUOTIENT_BITS    => W_BITS
    )
    port map (
      clk         => clk,
      rst         => rst,
      valid       => sum_valid,
      numerator   => sum,
      denominator => denominators(MAC_LATENCY),
      out_valid   => out_valid,
      quotient    => out_data
    );

end architecture rtl;
