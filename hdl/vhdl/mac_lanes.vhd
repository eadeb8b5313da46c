-- LANES multiply-accumulate lanes that share x, or have one each; their results leave one a clock.
--
-- Lane p multiplies by bits p * W_BITS .. of w, with X_LANES = LANES bits p * X_BITS .. of x. The first result is on `data` lane_latency + COLLECT clocks after the
-- group's last product, the others follow in the next clocks, lane 0 first. Groups are at least LANES clocks apart.
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
    data_valid : out std_logic;
    data       : out signed(ACC_BITS - 1 downto 0)
  );
end entity mac_lanes;

architecture rtl of mac_lanes is
  constant LATENCY : positive := lane_latency(MULTIPLIER, X_BITS, W_BITS);

  type results_t is array (0 to LANES - 1) of signed(ACC_BITS - 1 downto 0);
  signal results : results_t;

  signal done    : std_logic_vector(1 to LATENCY);
  signal lane    : unsigned(counter_bits(LANES) - 1 downto 0);
  signal leaving : std_logic;
  signal busy    : std_logic;
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

  -- The group's end, delayed to the clock in which the results appear.
  leaving <= done(LATENCY) or busy;

  process (clk) is
  begin
    if rising_edge(clk) then
      done       <= (valid and last) & done(1 to LATENCY - 1);
      data_valid <= leaving;
      if leaving = '1' then
        data <= results(to_integer(lane));
        lane <= following(lane, LANES - 1);
        busy <= '0' when lane = LANES - 1 else '1';
      end if;
      if rst = '1' then
        done       <= (others => '0');
        data_valid <= '0';
        lane       <= (others => '0');
        busy       <= '0';
      end if;
    end if;
  end process;

end architecture rtl;
