-- Memory with one write and one registered read port.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity simple_dual_port is
  generic (
    DEPTH        : positive := 256;
    WIDTH        : positive := 8;
    ADDRESS_BITS : positive := 8;
    STYLE        : string   := "auto"
  );
  port (
    clk           : in  std_logic;
    write_enable  : in  std_logic;
    write_address : in  unsigned(ADDRESS_BITS - 1 downto 0);
    write_data    : in  std_logic_vector(WIDTH - 1 downto 0);
    read_address  : in  unsigned(ADDRESS_BITS - 1 downto 0);
    read_data     : out std_logic_vector(WIDTH - 1 downto 0)
  );
end entity;

architecture rtl of simple_dual_port is
  type memory_t is array (0 to DEPTH - 1) of std_logic_vector(WIDTH - 1 downto 0);
  signal memory : memory_t;
  attribute ram_style : string;
  attribute ram_style of memory : signal is STYLE;
begin

  process (clk) is
  begin
    if rising_edge(clk) then
      if write_enable = '1' then
        memory(to_integer(write_address)) <= write_data;
      end if;
      read_data <= memory(to_integer(read_address));
    end if;
  end process;

end architecture;
