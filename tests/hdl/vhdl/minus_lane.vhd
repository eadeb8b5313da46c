-- A lane in LUTs whose cost does not depend on where it stands in the hierarchy: it computes minus the product by
-- subtractions only, and subtracts that from the accumulator.
--
-- Yosys may exchange the operands of an addition, by the order of internal names, which turns with each level of
-- hierarchy that is flattened. The operand that ends up on the carry chain's data input cannot have a gate in front of
-- it, so the gate costs LUTs of its own. Operands of a subtraction are never exchanged.
-- FORM "minus" or "plus" (the ordinary way, for comparison). A_BITS >= W_BITS. Latency 2 clocks; sum holds the group's
-- result from the clock after `last`'s product.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity minus_lane is
  generic (
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

architecture rtl of minus_lane is

  function plus_product (value : signed; selector : std_logic_vector) return signed is
    variable low  : signed(selector'length - 1 downto 0);
    variable row  : signed(value'length downto 0);
    variable part : signed(value'length downto 0);
    variable high : signed(value'length downto 0) := (others => '0');
  begin
    for i in 0 to selector'length - 1 loop
      row := (others => '0');
      if selector(i) = '1' then
        row := resize(value, row'length);
      end if;
      if i = selector'length - 1 then
        part := high - row;
      else
        part := high + row;
      end if;
      low(i) := part(0);
      high   := shift_right(part, 1);
    end loop;
    return high(value'length - 1 downto 0) & low;
  end function;

  function minus_product (value : signed; selector : std_logic_vector) return signed is
    variable low  : signed(selector'length - 1 downto 0);
    variable row  : signed(value'length downto 0);
    variable part : signed(value'length downto 0);
    -- Balances the one that `- not row` adds too much in the sign bit's row.
    variable high : signed(value'length downto 0) :=
      shift_left(to_signed(-1, value'length + 1), selector'length - 1);
  begin
    for i in 0 to selector'length - 1 loop
      row := (others => '0');
      if selector(i) = '1' then
        row := resize(value, row'length);
      end if;
      if i = selector'length - 1 then
        part := high - not row;
      else
        part := high - row;
      end if;
      low(i) := part(0);
      high   := shift_right(part, 1);
    end loop;
    return high(value'length - 1 downto 0) & low;
  end function;

  signal product     : signed(A_BITS + W_BITS - 1 downto 0);
  signal accumulator : signed(SUM_BITS - 1 downto 0) := (others => '0');
  signal last_held   : std_logic := '0';

begin

  process (clk) is
    variable following : signed(SUM_BITS - 1 downto 0);
  begin
    if rising_edge(clk) then
      if FORM = "minus" then
        product   <= minus_product(signed(x), y);
        following := accumulator - product;
      else
        product   <= plus_product(signed(x), y);
        following := accumulator + product;
      end if;
      last_held   <= last;
      accumulator <= following;
      if last_held = '1' then
        accumulator <= (others => '0');
        sum         <= std_logic_vector(following);
      end if;
    end if;
  end process;

end architecture;
