-- Adds a bias to each element of a stream, drops SHIFT bits and saturates. REQUANTIZE clocks.
--
-- The bias holds the rounding constant. `bias` must be the element's own bias one clock after `valid`: `step` moves
-- a bias ROM's address on. With WIDE the sum itself is passed on (OUT_BITS = SUM_BITS).
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity bias_requantize is
  generic (
    IN_BITS    : positive;
    BIAS_BITS  : positive;
    SUM_BITS   : positive;
    WIDE       : boolean;
    SHIFT      : integer;
    OUT_BITS   : positive;
    OUT_SIGNED : boolean
  );
  port (
    clk       : in  std_logic;
    rst       : in  std_logic;
    valid     : in  std_logic;
    data      : in  signed(IN_BITS - 1 downto 0);
    bias      : in  std_logic_vector(BIAS_BITS - 1 downto 0);
    out_valid : out std_logic := '0';
    out_data  : out std_logic_vector(OUT_BITS - 1 downto 0)
  );
end entity bias_requantize;

architecture rtl of bias_requantize is
  signal valids   : std_logic_vector(1 to work.pipeline.REQUANTIZE - 1) := (others => '0');
  signal data_1   : signed(IN_BITS - 1 downto 0);
  signal sum      : signed(SUM_BITS - 1 downto 0);
  signal rescaled : std_logic_vector(OUT_BITS - 1 downto 0);
begin

  whole_sum : if WIDE generate
    rescaled <= std_logic_vector(sum);
  else generate
    rescaled <= shift_saturate(sum, SHIFT, OUT_BITS, OUT_SIGNED);
  end generate whole_sum;

  process (clk) is
  begin
    if rising_edge(clk) then
      data_1    <= data;
      sum       <= resize(data_1, SUM_BITS) + resize(signed(bias), SUM_BITS);
      out_data  <= rescaled;
      valids    <= valid & valids(1 to work.pipeline.REQUANTIZE - 2);
      out_valid <= valids(work.pipeline.REQUANTIZE - 1);
      if rst = '1' then
        valids    <= (others => '0');
        out_valid <= '0';
      end if;
    end if;
  end process;

end architecture rtl;
