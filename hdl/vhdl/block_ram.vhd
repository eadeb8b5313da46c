-- Simple dual-port RAM in block RAM, whose own output register is the second one that a word passes: READ clocks.
-- See dual_port_ram.vhd.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity block_ram is
  generic (
    BITS  : positive;
    DEPTH : positive
  );
  port (
    clk           : in  std_logic;
    write_enable  : in  std_logic;
    write_address : in  unsigned(counter_bits(DEPTH) - 1 downto 0);
    write_data    : in  std_logic_vector(BITS - 1 downto 0);
    read_address  : in  unsigned(counter_bits(DEPTH) - 1 downto 0);
    read_data     : out std_logic_vector(BITS - 1 downto 0)
  );
end entity block_ram;

architecture rtl of block_ram is
  type memory_t is array (0 to DEPTH - 1) of std_logic_vector(BITS - 1 downto 0);
  signal memory : memory_t;
  signal word   : std_logic_vector(BITS - 1 downto 0);

  attribute ram_style           : string;
  attribute ram_style of memory : signal is "block";
begin

  process (clk) is
  begin
    if rising_edge(clk) then
      if write_enable = '1' then
        memory(to_integer(write_address)) <= write_data;
      end if;
      word      <= memory(to_integer(read_address));
      read_data <= word;
    end if;
  end process;

end architecture rtl;
