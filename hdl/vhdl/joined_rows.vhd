-- A window's rows as one: takes a place in the buffer behind it with the first of ROWS rows, for all of them.
--
-- Same row handshake as row_buffer, and no clock in between; elements go to the buffer as they are.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity joined_rows is
  generic (
    ROWS : positive
  );
  port (
    clk          : in  std_logic;
    rst          : in  std_logic;
    start        : in  std_logic;
    ready        : out std_logic;
    buffer_ready : in  std_logic;
    buffer_start : out std_logic
  );
end entity joined_rows;

architecture rtl of joined_rows is
  signal started  : unsigned(counter_bits(ROWS) - 1 downto 0) := (others => '0');
  -- Computed a count ahead: the handshake takes it from a register.
  signal is_first : std_logic := '1';
begin

  ready        <= buffer_ready or not is_first;
  buffer_start <= start and is_first;

  process (clk) is
    variable next_started : unsigned(started'range);
  begin
    if rising_edge(clk) then
      next_started := started;
      if start = '1' then
        next_started := following(started, ROWS - 1);
      end if;
      if rst = '1' then
        next_started := (others => '0');
      end if;
      started  <= next_started;
      is_first <= to_std_logic(next_started = 0);
    end if;
  end process;

end architecture rtl;
