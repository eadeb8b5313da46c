-- Plays a script to the serial port of a board's top level and writes the bytes that come back, one a line.
-- SCRIPT: an integer a line; a byte to send, or minus how many clocks to wait.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

library std;
use std.textio.all;
use std.env.finish;

entity serial_check is
  generic (
    SCRIPT         : string;
    RESULT         : string;
    CLOCKS_PER_BIT : positive
  );
end entity serial_check;

architecture simulation of serial_check is
  constant PERIOD : time := 10 ns;
  constant BIT_TIME : time := PERIOD * CLOCKS_PER_BIT;
  signal clk     : std_logic := '0';
  signal uart_rx : std_logic := '1';
  signal uart_tx : std_logic;
begin

  clk <= not clk after PERIOD / 2;

  dut : entity work.board_top
    port map (
      clk     => clk,
      uart_rx => uart_rx,
      uart_tx => uart_tx,
      button  => '1'
    );

  send : process is
    file source       : text open read_mode is SCRIPT;
    variable row      : line;
    variable value    : integer;
    variable frame    : std_logic_vector(9 downto 0);
  begin
    wait for 40 * PERIOD;
    while not endfile(source) loop
      readline(source, row);
      read(row, value);
      if value < 0 then
        wait for -value * PERIOD;
      else
        frame := '1' & std_logic_vector(to_unsigned(value, 8)) & '0';
        for index in frame'reverse_range loop
          uart_rx <= frame(index);
          wait for BIT_TIME;
        end loop;
      end if;
    end loop;
    finish;
  end process send;

  receive : process is
    file sink      : text open write_mode is RESULT;
    variable row   : line;
    variable value : std_logic_vector(7 downto 0);
  begin
    wait until uart_tx = '0';
    wait for BIT_TIME / 2;
    for index in value'reverse_range loop
      wait for BIT_TIME;
      value(index) := uart_tx;
    end loop;
    wait for BIT_TIME;
    assert uart_tx = '1' report "a byte without stop bit" severity failure;
    write(row, to_integer(unsigned(value)));
    writeline(sink, row);
    flush(sink);
  end process receive;

end architecture simulation;
