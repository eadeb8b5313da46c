-- The last row of a window alone: passes one row on for ROWS rows that come.
--
-- Stands between a producer and the buffer of a reader that takes no other row: same row handshake as row_buffer, and
-- no clock in between. The producer's elements go to the buffer as they are; `write_valid` says which are to be kept.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity last_row is
  generic (
    ROWS    : positive;
    COLUMNS : positive
  );
  port (
    clk          : in  std_logic;
    rst          : in  std_logic;
    start        : in  std_logic;
    ready        : out std_logic;
    valid        : in  std_logic;
    buffer_ready : in  std_logic;
    buffer_start : out std_logic;
    write_valid  : out std_logic
  );
end entity last_row;

architecture rtl of last_row is
  subtype row_t is unsigned(counter_bits(ROWS) - 1 downto 0);
  subtype column_t is unsigned(counter_bits(COLUMNS) - 1 downto 0);

  -- The next row begins before the last element of the one before has come.
  signal started, row : row_t    := (others => '0');
  signal column       : column_t := (others => '0');
  -- Both flags are computed a count ahead: the handshake takes them from registers.
  signal starts_last  : std_logic := to_std_logic(ROWS = 1);
  signal is_last      : std_logic := to_std_logic(ROWS = 1);
begin

  ready        <= buffer_ready or not starts_last;
  buffer_start <= start and starts_last;
  write_valid  <= valid and is_last;

  process (clk) is
    variable next_started, next_row : row_t;
  begin
    if rising_edge(clk) then
      next_started := started;
      if start = '1' then
        next_started := following(started, ROWS - 1);
      end if;
      next_row := row;
      if valid = '1' then
        column <= following(column, COLUMNS - 1);
        if column = COLUMNS - 1 then
          next_row := following(row, ROWS - 1);
        end if;
      end if;
      if rst = '1' then
        next_started := (others => '0');
        next_row     := (others => '0');
        column       <= (others => '0');
      end if;

      started     <= next_started;
      row         <= next_row;
      starts_last <= to_std_logic(next_started = ROWS - 1);
      is_last     <= to_std_logic(next_row = ROWS - 1);
    end if;
  end process;

end architecture rtl;
