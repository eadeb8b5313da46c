-- A `minus_lane` LEVELS of hierarchy below the top.
library ieee;
use ieee.std_logic_1164.all;

entity nested_lane is
  generic (
    LEVELS   : positive := 1;
    A_BITS   : positive := 8;
    W_BITS   : positive := 8;
    SUM_BITS : positive := 20;
    FORM     : string   := "minus"
  );
  port (
    clk  : in  std_logic;
    last : in  std_logic;
    x    : in  std_logic_vector(A_BITS - 1 downto 0);
    y    : in  std_logic_vector(W_BITS - 1 downto 0);
    sum  : out std_logic_vector(SUM_BITS - 1 downto 0)
  );
end entity;

architecture rtl of nested_lane is
  component nested_lane is
    generic (
      LEVELS   : positive;
      A_BITS   : positive;
      W_BITS   : positive;
      SUM_BITS : positive;
      FORM     : string
    );
    port (
      clk  : in  std_logic;
      last : in  std_logic;
      x    : in  std_logic_vector(A_BITS - 1 downto 0);
      y    : in  std_logic_vector(W_BITS - 1 downto 0);
      sum  : out std_logic_vector(SUM_BITS - 1 downto 0)
    );
  end component;
begin

  bottom : if LEVELS = 1 generate
    lane : entity work.minus_lane
      generic map (A_BITS => A_BITS, W_BITS => W_BITS, SUM_BITS => SUM_BITS, FORM => FORM)
      port map (clk => clk, last => last, x => x, y => y, sum => sum);
  else generate
    below : component nested_lane
      generic map (LEVELS => LEVELS - 1, A_BITS => A_BITS, W_BITS => W_BITS, SUM_BITS => SUM_BITS, FORM => FORM)
      port map (clk => clk, last => last, x => x, y => y, sum => sum);
  end generate;

end architecture;
