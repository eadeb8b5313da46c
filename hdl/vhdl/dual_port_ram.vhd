-- Simple dual-port RAM: one write port, one read port, read data registered (one clock after the address).
-- Reading an address in the clock that writes it returns the old word; no engine depends on that.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity dual_port_ram is
  generic (
    BITS  : positive;
    DEPTH : positive;
    STYLE : string  -- "distributed" or "block"
  );
  port (
    clk           : in  std_logic;
    write_enable  : in  std_logic;
    write_address : in  unsigned(counter_bits(DEPTH) - 1 downto 0);
    write_data    : in  std_logic_vector(BITS - 1 downto 0);
    read_address  : in  unsigned(counter_bits(DEPTH) - 1 downto 0);
    read_data     : out std_logic_vector(BITS - 1 downto 0)
  );
end entity dual_port_ram;

architecture rtl of dual_port_ram is
  type memory_t is array (0 to DEPTH - 1) of std_logic_vector(BITS - 1 downto 0);
  signal memory : memory_t;

  attribute ram_style           : string;
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

end architecture rtl;
