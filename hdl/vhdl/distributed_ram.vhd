-- Simple dual-port RAM in LUTs. Of the READ clocks the first is in front, where a register has fewer bits than a word.
-- See dual_port_ram.vhd.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity distributed_ram is
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
end entity distributed_ram;

architecture rtl of distributed_ram is
  type memory_t is array (0 to DEPTH - 1) of std_logic_vector(BITS - 1 downto 0);
  signal memory  : memory_t;
  signal address : unsigned(counter_bits(DEPTH) - 1 downto 0) := (others => '0');

  attribute ram_style           : string;
  attribute ram_style of memory : signal is "distributed";
begin

  process (clk) is
  begin
    if rising_edge(clk) then
      if write_enable = '1' then
        memory(to_integer(write_address)) <= write_data;
      end if;
      address   <= read_address;
      read_data <= memory(to_integer(address));
    end if;
  end process;

end architecture rtl;
