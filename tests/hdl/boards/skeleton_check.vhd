-- Plays a middleware to the user logic `skeleton`, and writes the bytes that come back, one a line.
-- SCRIPT: two integers a line: an address and the byte to write there; an address and -1 to read; -1 and clocks to wait;
-- -2 and clocks of reset, in which the clock stands still; -3 and the clocks in which `busy` must have become low.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

library std;
use std.textio.all;
use std.env.finish;

entity skeleton_check is
  generic (
    SCRIPT : string;
    RESULT : string
  );
end entity skeleton_check;

architecture simulation of skeleton_check is
  constant PERIOD : time := 10 ns;
  signal clk        : std_logic := '0';
  signal clock      : std_logic;
  signal reset      : std_logic := '0';
  signal rd         : std_logic := '0';
  signal wr         : std_logic := '0';
  signal data_in    : std_logic_vector(7 downto 0) := (others => '0');
  signal address_in : std_logic_vector(15 downto 0) := (others => '0');
  signal data_out   : std_logic_vector(7 downto 0);
  signal busy       : std_logic;
  signal wake_up    : std_logic;
begin

  clk   <= not clk after PERIOD / 2;
  clock <= clk and not reset;

  dut : entity work.skeleton
    port map (
      clock        => clock,
      clk_hadamard => '0',
      reset        => reset,
      busy         => busy,
      wake_up      => wake_up,
      rd           => rd,
      wr           => wr,
      data_in      => data_in,
      address_in   => address_in,
      data_out     => data_out,
      debug        => open,
      led_ctrl     => open
    );

  play : process is
    file source      : text open read_mode is SCRIPT;
    file sink        : text open write_mode is RESULT;
    variable row     : line;
    variable address : integer;
    variable value   : integer;
  begin
    while not endfile(source) loop
      readline(source, row);
      read(row, address);
      read(row, value);
      wait until falling_edge(clk);
      case address is
        when -1 =>
          wait for value * PERIOD;
        when -2 =>
          reset <= '1';
          wait for value * PERIOD;
          reset <= '0';
        when -3 =>
          if busy = '1' then
            wait until busy = '0' for value * PERIOD;
          end if;
          assert busy = '0' and wake_up = '1' report "it is still busy" severity failure;
        when others =>
          address_in <= std_logic_vector(to_unsigned(address, 16));
          if value < 0 then
            rd <= '1';
            wait until falling_edge(clk);
            rd <= '0';
            write(row, to_integer(unsigned(data_out)));
            writeline(sink, row);
          else
            data_in <= std_logic_vector(to_unsigned(value, 8));
            wr      <= '1';
            wait until falling_edge(clk);
            wr <= '0';
          end if;
      end case;
    end loop;
    finish;
  end process play;

end architecture simulation;
