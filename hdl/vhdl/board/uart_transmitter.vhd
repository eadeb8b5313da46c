-- Bytes to a serial line: 8 data bits, no parity, a stop bit; the lowest bit first.
--
-- A byte is taken when `valid` and `ready` are high; the line is a register.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity uart_transmitter is
  generic (
    CLOCKS_PER_BIT : positive
  );
  port (
    clk   : in  std_logic;
    rst   : in  std_logic;
    valid : in  std_logic;
    ready : out std_logic;
    data  : in  std_logic_vector(7 downto 0);
    tx    : out std_logic
  );
end entity uart_transmitter;

architecture rtl of uart_transmitter is
  signal active : std_logic := '0';
  signal clocks : unsigned(counter_bits(CLOCKS_PER_BIT) - 1 downto 0) := (others => '0');
  signal bits   : unsigned(3 downto 0) := (others => '0');
  signal shift  : std_logic_vector(8 downto 0) := (others => '1');
begin

  ready <= not active;
  tx    <= shift(0);

  process (clk) is
  begin
    if rising_edge(clk) then
      if active = '0' then
        clocks <= (others => '0');
        bits   <= (others => '0');
        if valid = '1' then
          active <= '1';
          shift  <= data & '0';
        end if;
      else
        clocks <= following(clocks, CLOCKS_PER_BIT - 1);
        if clocks = CLOCKS_PER_BIT - 1 then
          bits  <= bits + 1;
          shift <= '1' & shift(8 downto 1);
          if bits = 9 then
            active <= '0';
          end if;
        end if;
      end if;
      if rst = '1' then
        active <= '0';
        shift  <= (others => '1');
      end if;
    end if;
  end process;

end architecture rtl;
