-- A memory's running address: one step at a time through 0 .. DEPTH - 1 and round again.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity address_counter is
  generic (
    DEPTH : positive
  );
  port (
    clk     : in  std_logic;
    rst     : in  std_logic;
    step    : in  std_logic;
    address : out unsigned(counter_bits(DEPTH) - 1 downto 0)
  );
end entity address_counter;

architecture rtl of address_counter is
  signal count : unsigned(counter_bits(DEPTH) - 1 downto 0) := (others => '0');
begin

  address <= count;

  process (clk) is
  begin
    if rising_edge(clk) then
      if step = '1' then
        count <= following(count, DEPTH - 1);
      end if;
      if rst = '1' then
        count <= (others => '0');
      end if;
    end if;
  end process;

end architecture rtl;
