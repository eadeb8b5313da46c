-- Which windows a store of whole windows holds: the row handshake in front of it, and where each window's words lie.
--
-- Writing: `ready` and `start` as in row_buffer; `row_written` with a row's last word; `written` is the place of the
-- row that is being written. Reading: `full` while all rows of a window are there; `retire`, with the
-- window's last step, gives their places back. With WINDOWS = 2 the next window is stored while this one is read.
-- An address inside a window becomes a place in the RAM, which two windows share word by word.
-- A RING keeps the last ROWS rows of an endless series: each row is a window of its own, at the place of the oldest.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity window_slots is
  generic (
    ROWS    : positive;
    DEPTH   : positive;  -- words of a window, at least 2
    WINDOWS : positive;  -- 1 or 2; of a ring 1
    RING    : boolean
  );
  port (
    clk           : in  std_logic;
    rst           : in  std_logic;
    start         : in  std_logic;
    ready         : out std_logic;
    row_written   : in  std_logic;
    written       : out unsigned(counter_bits(ROWS) - 1 downto 0);
    full          : out std_logic;
    retire        : in  std_logic;
    write_address : in  unsigned(counter_bits(DEPTH) - 1 downto 0);
    write_place   : out unsigned(counter_bits(WINDOWS * DEPTH) - 1 downto 0);
    read_address  : in  unsigned(counter_bits(DEPTH) - 1 downto 0);
    read_place    : out unsigned(counter_bits(WINDOWS * DEPTH) - 1 downto 0)
  );
end entity window_slots;

architecture rtl of window_slots is
  subtype windows_t is unsigned(counter_bits(WINDOWS + 1) - 1 downto 0);

  signal reserved, position              : unsigned(counter_bits(ROWS) - 1 downto 0) := (others => '0');
  signal window_reserved, window_written : std_logic;
  -- Windows that are reserved to their last row, and those that are written; both flags are computed a clock ahead.
  signal taken, filled                   : windows_t := (others => '0');
  signal no_place, complete              : std_logic := '0';
begin

  ready           <= not no_place;
  full            <= complete;
  written         <= position;
  window_reserved <= start when RING or reserved = ROWS - 1 else '0';
  window_written  <= row_written when RING or position = ROWS - 1 else '0';

  process (clk) is
    variable next_taken, next_filled : windows_t;
  begin
    if rising_edge(clk) then
      if start = '1' then
        reserved <= following(reserved, ROWS - 1);
      end if;
      if row_written = '1' then
        position <= following(position, ROWS - 1);
      end if;
      next_taken  := counted(taken, window_reserved, retire);
      next_filled := counted(filled, window_written, retire);
      taken       <= next_taken;
      filled      <= next_filled;
      no_place    <= to_std_logic(next_taken = WINDOWS);
      complete    <= to_std_logic(next_filled /= 0);
      if rst = '1' then
        reserved <= (others => '0');
        position <= (others => '0');
        taken    <= (others => '0');
        filled   <= (others => '0');
        no_place <= '0';
        complete <= '0';
      end if;
    end if;
  end process;

  one_window : if WINDOWS = 1 generate
    write_place <= write_address;
    read_place  <= read_address;
  else generate
    signal write_slot, read_slot : std_logic := '0';
  begin
    -- Of a window of one word the slot is the whole place.
    one_word : if DEPTH = 1 generate
      write_place(0) <= write_slot;
      read_place(0)  <= read_slot;
    else generate

      write_place <= write_address & write_slot;
      read_place  <= read_address & read_slot;
    end generate one_word;

    process (clk) is
    begin
      if rising_edge(clk) then
        if window_written = '1' then
          write_slot <= not write_slot;
        end if;
        if retire = '1' then
          read_slot <= not read_slot;
        end if;
        if rst = '1' then
          write_slot <= '0';
          read_slot  <= '0';
        end if;
      end if;
    end process;
  end generate one_window;

  -- synthesis translate_off
  check : process (clk) is
  begin
    if rising_edge(clk) and rst = '0' then
      assert start = '0' or taken < WINDOWS
        report "a row begins without a place for its window"
        severity failure;
      assert window_written = '0' or filled < WINDOWS
        report "a window is written over one that is not read"
        severity failure;
      assert retire = '0' or filled > 0
        report "a window leaves that is not there"
        severity failure;
    end if;
  end process check;
  -- synthesis translate_on

end architecture rtl;
