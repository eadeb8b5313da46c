-- Attention context: softmax of a row of scores, weighted sum of the values, one rounding division per output.
--
-- Reads score rows with their maxima (one per head) and the value store, writes rows of HEADS * D_HEAD elements.
-- Throughput: one row in HEADS * D_HEAD / LANES * PERIOD clocks. Releases the value store with a window's last row.
-- Softmax ROM: word d holds the probability numerator at distance d below the maximum; one clock.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity context_engine is
  generic (
    ROWS             : positive;
    HEADS            : positive;
    D_HEAD           : positive;
    LANES            : positive;
    PERIOD           : positive;
    SCORE_BITS       : positive;
    X_BITS           : positive;
    W_BITS           : positive;
    ACC_BITS         : positive;
    DENOMINATOR_BITS : positive;
    MULTIPLIER       : string;
    MAC_LATENCY      : positive
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
    retire         : out std_logic;
    score           : in  std_logic_vector(SCORE_BITS - 1 downto 0);
    maximum         : in  std_logic_vector(SCORE_BITS - 1 downto 0);
    softmax_address : out unsigned(SCORE_BITS - 1 downto 0);
    softmax_data    : in  std_logic_vector(X_BITS - 1 downto 0);
    value_step      : out std_logic;
    value_retire   : out std_logic;
    value_data      : in  std_logic_vector(LANES * W_BITS - 1 downto 0);
    out_valid       : out std_logic;
    out_data        : out std_logic_vector(W_BITS - 1 downto 0)
  );
end entity context_engine;

architecture rtl of context_engine is
  subtype denominator_t is unsigned(DENOMINATOR_BITS - 1 downto 0);
  type denominators_t is array (0 to MAC_LATENCY) of denominator_t;

  signal go, step_now, first, last : std_logic;
  signal retire_now               : std_logic;
  signal valid, firsts, lasts      : std_logic_vector(1 to 3);
  -- A window's last row has ended, but its last values are still being read.
  signal window_end                : std_logic_vector(1 to 2);
  signal row                       : unsigned(counter_bits(ROWS) - 1 downto 0);
  signal sum_valid                 : std_logic;
  signal sum                       : signed(ACC_BITS - 1 downto 0);
  signal running                   : denominator_t;
  -- Delayed like the lanes' results, so that both meet at the divider.
  signal denominators              : denominators_t;
begin

  go      <= available and ready and value_full and not (window_end(1) or window_end(2));
  step    <= step_now;
  retire <= retire_now;

  loops : entity work.sequencer
    generic map (
      HEADS  => HEADS,
      GROUPS => D_HEAD / LANES,
      INNER  => ROWS,
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

  -- Clock 1: score and maximum; 2: distance; 3: numerator and values.
  value_step    <= valid(2);
  value_retire <= window_end(2);

  process (clk) is
    variable following : denominator_t;
  begin
    if rising_edge(clk) then
      softmax_address <= unsigned(signed(maximum) - signed(score));
      valid           <= step_now & valid(1 to 2);
      firsts          <= first & firsts(1 to 2);
      lasts           <= last & lasts(1 to 2);
      window_end      <= '0' & window_end(1);
      if retire_now = '1' then
        if row = ROWS - 1 then
          row           <= (others => '0');
          window_end(1) <= '1';
        else
          row <= row + 1;
        end if;
      end if;

      if valid(3) = '1' then
        following := running + resize(unsigned(softmax_data), DENOMINATOR_BITS);
        running   <= following;
        if lasts(3) = '1' then
          running         <= (others => '0');
          denominators(0) <= following;
        end if;
      end if;
      denominators(1 to MAC_LATENCY) <= denominators(0 to MAC_LATENCY - 1);

      if rst = '1' then
        valid      <= (others => '0');
        window_end <= (others => '0');
        row        <= (others => '0');
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
      MULTIPLIER => MULTIPLIER,
      LATENCY    => MAC_LATENCY
    )
    port map (
      clk        => clk,
      rst        => rst,
      valid      => valid(3),
      first      => firsts(3),
      last       => lasts(3),
      x          => softmax_data,
      w          => value_data,
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
