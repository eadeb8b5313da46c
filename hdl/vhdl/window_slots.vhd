-- Which windows a store of whole windows holds: the row handshake in front of it, and where each window's words lie.
--
-- Writing: `ready` and `start` as in row_buffer; `row_written` with a row's last word; `written` rows of the window
-- that is being written are complete. Reading: `full` while all rows of a window are there; `retire`, with the
-- window's last step, gives their places back. With WINDOWS = 2 the next window is stored while this one is read.
-- An address inside a window becomes a place in the RAM, which two windows share word by word.
-- A RING keeps the last ROWS rows of an endless series: one row at a time is written, at place `written`, and
-- `full` says that it lies there; `retire`, with the last step that reads the rows, lets the next one come.
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
    written       : out unsigned(counter_bits(ROWS + 1) - 1 downto 0);
    full          : out std_logic;
    retire        : in  std_logic;
    write_address : in  unsigned(counter_bits(DEPTH) - 1 downto 0);
    write_place   : out unsigned(counter_bits(WINDOWS * DEPTH) - 1 downto 0);
    read_address  : in  unsigned(counter_bits(DEPTH) - 1 downto 0);
    read_place    : out unsigned(counter_bits(WINDOWS * DEPTH) - 1 downto 0)
  );
end entity window_slots;

architecture rtl of window_slots is
  signal reserved, rows_written : unsigned(counter_bits(ROWS + 1) - 1 downto 0);
begin

  written <= rows_written;

  one_window : if WINDOWS = 1 and not RING generate
    ready       <= '1' when reserved /= ROWS else '0';
    full        <= '1' when rows_written = ROWS else '0';
    write_place <= write_address;
    read_place  <= read_address;

    process (clk) is
    begin
      if rising_edge(clk) then
        if start = '1' then
          reserved <= reserved + 1;
        end if;
        if row_written = '1' then
          rows_written <= rows_written + 1;
        end if;
        if retire = '1' or rst = '1' then
          reserved     <= (others => '0');
          rows_written <= (others => '0');
        end if;
      end if;
    end process;
  end generate one_window;

  endless : if RING generate
    signal row_reserved, row_there : std_logic;
  begin
    ready       <= not row_reserved;
    full        <= row_there;
    write_place <= write_address;
    read_place  <= read_address;

    process (clk) is
    begin
      if rising_edge(clk) then
        if start = '1' then
          row_reserved <= '1';
        end if;
        if row_written = '1' then
          row_there    <= '1';
          rows_written <= following(rows_written, ROWS - 1);
        end if;
        if retire = '1' or rst = '1' then
          row_reserved <= '0';
          row_there    <= '0';
        end if;
        if rst = '1' then
          rows_written <= (others => '0');
        end if;
      end if;
    end process;
  end generate endless;

  two_windows : if WINDOWS = 2 generate
    signal window_reserved, window_written : std_logic;
    -- Windows that are reserved to their last row, and those that are written.
    signal taken, filled                   : unsigned(1 downto 0);
    signal write_slot, read_slot           : std_logic;
  begin
    window_reserved <= start when reserved = ROWS - 1 else '0';
    window_written  <= row_written when rows_written = ROWS - 1 else '0';

    ready       <= not taken(1);
    full        <= filled(1) or filled(0);

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
        if start = '1' then
          reserved <= reserved + 1;
        end if;
        if window_reserved = '1' then
          reserved <= (others => '0');
        end if;
        if row_written = '1' then
          rows_written <= rows_written + 1;
        end if;
        taken  <= counted(taken, window_reserved, retire);
        filled <= counted(filled, window_written, retire);
        if window_written = '1' then
          rows_written <= (others => '0');
          write_slot   <= not write_slot;
        end if;
        if retire = '1' then
          read_slot <= not read_slot;
        end if;
        if rst = '1' then
          reserved     <= (others => '0');
          rows_written <= (others => '0');
          taken        <= (others => '0');
          filled       <= (others => '0');
          write_slot   <= '0';
          read_slot    <= '0';
        end if;
      end if;
    end process;
  end generate two_windows;

end architecture rtl;
