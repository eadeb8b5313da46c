-- A registered product written out as row adders. Measured: A_BITS*W_BITS - 1 LUTs, no DSP.
-- ROWS "signed": signed x signed, rows over y, the last row (its sign bit) subtracts.
-- ROWS "unsigned": unsigned x signed, rows over x, all rows add.
-- ROWS "operator": signed x signed as a bare `*`, for comparison.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity multiplier is
  generic (
    A_BITS : positive := 8;
    W_BITS : positive := 8;
    ROWS   : string   := "signed"
  );
  port (
    clk     : in  std_logic;
    x       : in  std_logic_vector(A_BITS - 1 downto 0);
    y       : in  std_logic_vector(W_BITS - 1 downto 0);
    product : out std_logic_vector(A_BITS + W_BITS - 1 downto 0)
  );
end entity;

architecture rtl of multiplier is

  -- value * selector; selector_signed gives its top bit a negative weight.
  function row_product (value : signed; selector : std_logic_vector; selector_signed : boolean) return signed is
    variable result : signed(value'length + selector'length - 1 downto 0);
    variable row    : signed(value'length downto 0);
    variable sum    : signed(value'length downto 0);
    variable high   : signed(value'length downto 0) := (others => '0');
  begin
    for i in 0 to selector'length - 1 loop
      if selector(selector'low + i) = '1' then
        row := resize(value, value'length + 1);
      else
        row := (others => '0');
      end if;
      if selector_signed and i = selector'length - 1 then
        sum := high - row;
      else
        sum := high + row;
      end if;
      result(i) := sum(0);
      high      := shift_right(sum, 1);
    end loop;
    result(result'high downto selector'length) := high(value'length - 1 downto 0);
    return result;
  end function;

begin

  process (clk) is
  begin
    if rising_edge(clk) then
      if ROWS = "signed" then
        product <= std_logic_vector(row_product(signed(x), y, true));
      elsif ROWS = "unsigned" then
        product <= std_logic_vector(row_product(signed(y), x, false));
      else
        product <= std_logic_vector(signed(x) * signed(y));
      end if;
    end if;
  end process;

end architecture;
