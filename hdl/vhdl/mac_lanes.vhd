-- LANES multiply-accumulate lanes that share x, or have one each; their results leave one a clock.
--
-- Lane p multiplies by bits p * W_BITS .. of w, with X_LANES = LANES bits p * X_BITS .. of x. The first result is on
-- `data` lane_latency + COLLECT clocks after the group's last product, the others follow in the next clocks, lane 0
-- first; `data_next` is one clock ahead of `data_valid`. Groups are at least LANES clocks apart.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity mac_lanes is
  generic (
    LANES      : positive;
    X_BITS     : positive;
    X_SIGNED   : boolean;
    W_BITS     : positive;
    ACC_BITS   : positive;
    MULTIPLIER : string;
    X_LANES    : positive := 1  -- 1 or LANES
  );
  port (
    clk        : in  std_logic;
    rst        : in  std_logic;
    valid      : in  std_logic;
    first      : in  std_logic;
    last       : in  std_logic;
    x          : in  std_logic_vector(X_LANES * X_BITS - 1 downto 0);
    w          : in  std_logic_vector(LANES * W_BITS - 1 downto 0);
    data_next  : out std_logic;
    data_valid : out std_logic := '0';
    data       : out signed(ACC_BITS - 1 downto 0)
  );
end entity mac_lanes;

architecture rtl of mac_lanes is
  constant LATENCY : positive := lane_latency(MULTIPLIER, X_BITS, X_SIGNED, W_BITS);

  type results_t is array (0 to LANES - 1) of signed(ACC_BITS - 1 downto 0);
  signal results : results_t;

  -- A group's last product, and how long ago it was; the clock before the results appear is the one that counts.
  signal done    : std_logic_vector(0 to LATENCY - 1);
  signal delayed : std_logic_vector(1 to LATENCY) := (others => '0');
  signal lane    : unsigned(counter_bits(LANES) - 1 downto 0) := (others => '0');
  signal leaving : std_logic := '0';
begin

  all_lanes : for index in 0 to LANES - 1 generate
    constant X_PLACE : natural := (index mod X_LANES) * X_BITS;
  begin
    one : entity work.mac_lane
      generic map (
        X_BITS     => X_BITS,
        X_SIGNED   => X_SIGNED,
        W_BITS     => W_BITS,
        ACC_BITS   => ACC_BITS,
        MULTIPLIER => MULTIPLIER
      )
      port map (
        clk    => clk,
        rst    => rst,
        valid  => valid,
        first  => first,
        last   => last,
        x      => x(X_PLACE + X_BITS - 1 downto X_PLACE),
        w      => w((index + 1) * W_BITS - 1 downto index * W_BITS),
        result => results(index)
      );
  end generate all_lanes;

  done      <= (valid and last) & delayed(1 to LATENCY - 1);
  data_next <= leaving;

  process (clk) is
  begin
    if rising_edge(clk) then
      delayed    <= done;
      data_valid <= leaving;
      data       <= results(to_integer(lane));
      if leaving = '1' then
        lane <= following(lane, LANES - 1);
      end if;
      leaving <= done(LATENCY - 1) or (leaving and to_std_logic(lane /= LANES - 1));
      if rst = '1' then
        delayed    <= (others => '0');
        data_valid <= '0';
        leaving    <= '0';
        lane       <= (others => '0');
      end if;
    end if;
  end process;

end architecture rtl;
