-- A queue of ROWS rows of COLUMNS elements between two engines.
--
-- Writing: `ready` says that a row's place is free; the producer takes it with one clock of `start` and then
-- writes COLUMNS elements, at most one a clock, whenever it likes. Because the place is taken beforehand, no
-- engine ever has to stop in the middle of a row.
-- Reading: `available` says that a row waits, but for its last TO_COME elements: each of them will be there when who
-- reads the row in order, an element a clock at most, comes to it. The cursor points at its first element. `step`
-- moves the cursor on; with `rewind` it goes back to the mark instead, with `commit` the mark moves up behind it.
-- `retire` (together with the row's last step) frees the row's place. `read_data` is the element under the cursor,
-- READ clocks later.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity row_buffer is
  generic (
    BITS    : positive;
    COLUMNS : positive;
    ROWS    : positive;
    STYLE   : string;  -- "distributed" or "block"
    TO_COME : natural := 0
  );
  port (
    clk         : in  std_logic;
    rst         : in  std_logic;
    start       : in  std_logic;
    ready       : out std_logic;
    write_valid : in  std_logic;
    write_data  : in  std_logic_vector(BITS - 1 downto 0);
    available   : out std_logic;
    step        : in  std_logic;
    rewind      : in  std_logic;
    commit      : in  std_logic;
    retire      : in  std_logic;
    read_data   : out std_logic_vector(BITS - 1 downto 0)
  );
end entity row_buffer;

architecture rtl of row_buffer is
  constant DEPTH : positive := ROWS * COLUMNS;

  subtype address_t is unsigned(counter_bits(DEPTH) - 1 downto 0);

  subtype count_t is unsigned(counter_bits(ROWS + 1) - 1 downto 0);

  signal write_address    : address_t := (others => '0');
  signal cursor, mark     : address_t := (others => '0');
  signal column           : unsigned(counter_bits(COLUMNS) - 1 downto 0) := (others => '0');
  signal reserved, filled : count_t := (others => '0');
  signal row_written      : std_logic;
  signal row_told         : std_logic;
  -- Both flags are computed a clock ahead: engines take them from registers.
  signal no_place         : std_logic := '0';
  signal has_row          : std_logic := '0';
begin

  ready       <= not no_place;
  available   <= has_row;
  row_written <= '1' when write_valid = '1' and column = COLUMNS - 1 else '0';
  row_told    <= '1' when write_valid = '1' and column = COLUMNS - 1 - TO_COME else '0';

  process (clk) is
    variable after_step                 : address_t;
    variable next_reserved, next_filled : count_t;
  begin
    if rising_edge(clk) then
      if write_valid = '1' then
        write_address <= following(write_address, DEPTH - 1);
        if row_written = '1' then
          column <= (others => '0');
        else
          column <= column + 1;
        end if;
      end if;

      if step = '1' then
        after_step := following(cursor, DEPTH - 1);
        if rewind = '1' then
          cursor <= mark;
        else
          cursor <= after_step;
        end if;
        if commit = '1' then
          mark <= after_step;
        end if;
      end if;

      next_reserved := counted(reserved, start, retire);
      next_filled   := counted(filled, row_told, retire);

      reserved <= next_reserved;
      filled   <= next_filled;
      no_place <= to_std_logic(next_reserved = ROWS);
      has_row  <= to_std_logic(next_filled /= 0);

      if rst = '1' then
        write_address <= (others => '0');
        cursor        <= (others => '0');
        mark          <= (others => '0');
        column        <= (others => '0');
        reserved      <= (others => '0');
        filled        <= (others => '0');
        no_place      <= '0';
        has_row       <= '0';
      end if;
    end if;
  end process;

  ram : entity work.dual_port_ram
    generic map (
      BITS  => BITS,
      DEPTH => DEPTH,
      STYLE => STYLE
    )
    port map (
      clk           => clk,
      write_enable  => write_valid,
      write_address => write_address,
      write_data    => write_data,
      read_address  => cursor,
      read_data     => read_data
    );

  -- synthesis translate_off
  check : process (clk) is
    -- Elements behind the mark: written, and passed by the cursor.
    variable written, passed : natural := 0;
  begin
    if rising_edge(clk) and rst = '1' then
      written := 0;
      passed  := 0;
    elsif rising_edge(clk) then
      assert step = '0' or passed < written
        report "an element is read before it is written"
        severity failure;
      if step = '1' then
        passed := passed + 1;
        if commit = '1' then
          written := written - passed;
        end if;
        if rewind = '1' or commit = '1' then
          passed := 0;
        end if;
      end if;
      if write_valid = '1' then
        written := written + 1;
      end if;
      assert start = '0' or reserved < ROWS
        report "a row begins without a place"
        severity failure;
      -- A row of one element is written in the clock in which it begins.
      assert row_told = '0' or filled < reserved or start = '1'
        report "a row is written without a place"
        severity failure;
      assert retire = '0' or filled > 0
        report "a row leaves that is not there"
        severity failure;
    end if;
  end process check;
  -- synthesis translate_on

end architecture rtl;
