-- Simple dual-port RAM: one write port, one read port, read data READ clocks after the address.
--
-- Of a word that is written in the clock in which its address is read the old or the new value comes: no engine depends
-- on that. Too few words for a block RAM lie in LUTs, as Vivado would have it anyway.
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
begin

  in_block : if STYLE = "block" and DEPTH >= work.pipeline.BLOCK_WORDS generate
    ram : entity work.block_ram
      generic map (
        BITS  => BITS,
        DEPTH => DEPTH
      )
      port map (
        clk           => clk,
        write_enable  => write_enable,
        write_address => write_address,
        write_data    => write_data,
        read_address  => read_address,
        read_data     => read_data
      );
  else generate
    ram : entity work.distributed_ram
      generic map (
        BITS  => BITS,
        DEPTH => DEPTH
      )
      port map (
        clk           => clk,
        write_enable  => write_enable,
        write_address => write_address,
        write_data    => write_data,
        read_address  => read_address,
        read_data     => read_data
      );
  end generate in_block;

end architecture rtl;
