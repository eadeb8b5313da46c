-- The largest of each COUNT elements of a stream, in the clock of the last of them.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity row_maximum is
  generic (
    BITS  : positive;
    COUNT : positive
  );
  port (
    clk       : in  std_logic;
    rst       : in  std_logic;
    valid     : in  std_logic;
    data      : in  std_logic_vector(BITS - 1 downto 0);
    out_valid : out std_logic;
    out_data  : out std_logic_vector(BITS - 1 downto 0)
  );
end entity row_maximum;

architecture rtl of row_maximum is
  signal position        : unsigned(counter_bits(COUNT) - 1 downto 0) := (others => '0');
  signal largest, update : std_logic_vector(BITS - 1 downto 0);
begin

  update    <= data when position = 0 or signed(data) > signed(largest) else largest;
  out_data  <= update;
  out_valid <= valid when position = COUNT - 1 else '0';

  process (clk) is
  begin
    if rising_edge(clk) then
      if valid = '1' then
        largest  <= update;
        position <= following(position, COUNT - 1);
      end if;
      if rst = '1' then
        position <= (others => '0');
      end if;
    end if;
  end process;

end architecture rtl;
