-- Plays a script to the SPI bus of a board's top level and writes the bytes that come back, one a line.
-- SCRIPT: an integer a line; a byte to exchange, 256 to select the slave, 257 to leave it, or minus clocks to wait.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

library std;
use std.textio.all;
use std.env.finish;

entity spi_check is
  generic (
    SCRIPT : string;
    RESULT : string
  );
end entity spi_check;

architecture simulation of spi_check is
  constant PERIOD : time := 10 ns;
  -- A tenth of the clock, and no multiple of it: edges come at any place.
  constant HALF : time := 50.7 ns;
  signal clk      : std_logic := '0';
  signal spi_sck  : std_logic := '0';
  signal spi_cs_n : std_logic := '1';
  signal spi_mosi : std_logic := '0';
  signal spi_miso : std_logic;
begin

  clk <= not clk after PERIOD / 2;

  dut : entity work.board_top
    port map (
      clk      => clk,
      spi_sck  => spi_sck,
      spi_cs_n => spi_cs_n,
      spi_mosi => spi_mosi,
      spi_miso => spi_miso
    );

  send : process is
    file source       : text open read_mode is SCRIPT;
    file sink         : text open write_mode is RESULT;
    variable row      : line;
    variable value    : integer;
    variable sent     : std_logic_vector(7 downto 0);
    variable received : std_logic_vector(7 downto 0);
  begin
    wait for 40 * PERIOD;
    while not endfile(source) loop
      readline(source, row);
      read(row, value);
      if value < 0 then
        wait for -value * PERIOD;
      elsif value > 255 then
        spi_cs_n <= '0' when value = 256 else '1';
        wait for 2 * HALF;
        assert value = 256 or spi_miso = 'Z' report "the bus is held" severity failure;
      else
        sent := std_logic_vector(to_unsigned(value, 8));
        for index in sent'range loop
          spi_mosi <= sent(index);
          wait for HALF;
          spi_sck         <= '1';
          received(index) := spi_miso;
          wait for HALF;
          spi_sck <= '0';
        end loop;
        write(row, to_integer(unsigned(received)));
        writeline(sink, row);
      end if;
    end loop;
    finish;
  end process send;

end architecture simulation;
