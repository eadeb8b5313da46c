-- Bytes from a serial line: 8 data bits, no parity, a stop bit; the lowest bit first.
--
-- A start bit is looked at again in its middle, a bit is the line's level in its middle. `valid` is high for one clock
-- in the middle of the stop bit; `bad` instead, when the line is low there. After that the line must be high before the
-- next byte begins.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity uart_receiver is
  generic (
    CLOCKS_PER_BIT : positive  -- at least 4
  );
  port (
    clk   : in  std_logic;
    rst   : in  std_logic;
    rx    : in  std_logic;
    valid : out std_logic;
    bad   : out std_logic;
    data  : out std_logic_vector(7 downto 0)
  );
end entity uart_receiver;

architecture rtl of uart_receiver is
  type state_t is (IDLE, STARTING, RECEIVING, ENDING);
  signal state  : state_t := IDLE;
  signal line   : std_logic_vector(2 downto 0) := (others => '1');
  signal clocks : unsigned(counter_bits(CLOCKS_PER_BIT) - 1 downto 0) := (others => '0');
  signal bits   : unsigned(3 downto 0) := (others => '0');
  signal shift  : std_logic_vector(7 downto 0) := (others => '0');
begin

  data <= shift;

  process (clk) is
  begin
    if rising_edge(clk) then
      line   <= line(1 downto 0) & rx;
      valid  <= '0';
      bad    <= '0';
      clocks <= following(clocks, CLOCKS_PER_BIT - 1);
      case state is
        when IDLE =>
          clocks <= (others => '0');
          bits   <= (others => '0');
          if line(2) = '0' then
            state <= STARTING;
          end if;
        when STARTING =>
          if clocks = CLOCKS_PER_BIT / 2 - 1 then
            clocks <= (others => '0');
            state  <= RECEIVING;
            if line(2) = '1' then
              state <= IDLE;
            end if;
          end if;
        when RECEIVING =>
          if clocks = CLOCKS_PER_BIT - 1 then
            bits <= bits + 1;
            if bits = 8 then
              valid <= line(2);
              bad   <= not line(2);
              state <= ENDING;
            else
              shift <= line(2) & shift(7 downto 1);
            end if;
          end if;
        when ENDING =>
          if line(2) = '1' then
            state <= IDLE;
          end if;
      end case;
      if rst = '1' then
        state <= IDLE;
        valid <= '0';
        bad   <= '0';
      end if;
    end if;
  end process;

end architecture rtl;
