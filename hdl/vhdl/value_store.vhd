-- All values of a window, LANES neighbouring elements of one value readable at once; with WINDOWS = 2 the next
-- window's are stored meanwhile.
--
-- Elements arrive with the row handshake of row_buffer and are put together to words of LANES. Words are read in
-- the order of the context engine: for each group of LANES elements, for each row. `full` while all rows of a
-- window are there; `retire`, with the window's last step, gives their places back.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity value_store is
  generic (
    BITS    : positive;
    ROWS    : positive;
    COLUMNS : positive;
    LANES   : positive;
    WINDOWS : positive;  -- 1 or 2
    STYLE   : string
  );
  port (
    clk         : in  std_logic;
    rst         : in  std_logic;
    start       : in  std_logic;
    ready       : out std_logic;
    write_valid : in  std_logic;
    write_data  : in  std_logic_vector(BITS - 1 downto 0);
    full        : out std_logic;
    step        : in  std_logic;
    retire     : in  std_logic;
    read_data   : out std_logic_vector(LANES * BITS - 1 downto 0)
  );
end entity value_store;

architecture rtl of value_store is
  constant WORDS : positive := COLUMNS / LANES;
  constant DEPTH : positive := WORDS * ROWS;

  subtype address_t is unsigned(counter_bits(DEPTH) - 1 downto 0);

  subtype ram_address_t is unsigned(counter_bits(WINDOWS * DEPTH) - 1 downto 0);

  -- Where a word of a window lies: two windows share the RAM word by word.
  function place (address : address_t; slot : std_logic) return ram_address_t is
  begin
    if WINDOWS = 1 then
      return address;
    end if;
    return address & slot;
  end function place;

  -- Rows of the window that is being written. One window: they stay until it is given back.
  signal reserved      : unsigned(counter_bits(ROWS + 1) - 1 downto 0);
  signal written       : unsigned(counter_bits(ROWS + 1) - 1 downto 0);
  -- Two windows: those that are reserved to their last row, those that are written, whose turn it is.
  signal taken, filled : unsigned(1 downto 0);
  signal write_slot    : std_logic;
  signal read_slot     : std_logic;
  signal lane          : unsigned(counter_bits(LANES) - 1 downto 0);
  signal word          : unsigned(counter_bits(WORDS) - 1 downto 0);
  signal write_address : address_t;
  signal read_address  : address_t;
  signal word_write    : std_logic;
  -- The last LANES elements, the newest on top.
  signal gathered      : std_logic_vector(LANES * BITS - 1 downto 0);
  signal history       : std_logic_vector(LANES * BITS - 1 downto 0);
begin

  one_window : if WINDOWS = 1 generate
    ready <= '1' when reserved /= ROWS else '0';
    full  <= '1' when written = ROWS else '0';
  else generate
    ready <= not taken(1);
    full  <= filled(1) or filled(0);
  end generate one_window;

  word_write <= write_valid when lane = LANES - 1 else '0';

  one_lane : if LANES = 1 generate
    gathered <= write_data;
  else generate
    gathered <= write_data & history(LANES * BITS - 1 downto BITS);
  end generate one_lane;

  process (clk) is
    variable window_written : boolean;
  begin
    if rising_edge(clk) then
      window_written := false;
      if start = '1' then
        reserved <= reserved + 1;
      end if;
      if write_valid = '1' then
        history <= gathered;
        if lane /= LANES - 1 then
          lane <= lane + 1;
        else
          lane <= (others => '0');
          if word /= WORDS - 1 then
            word          <= word + 1;
            write_address <= resize(write_address + ROWS, write_address'length);
          else
            word    <= (others => '0');
            written <= written + 1;
            if written = ROWS - 1 then
              write_address  <= (others => '0');
              window_written := true;
            else
              write_address <= resize(written + 1, write_address'length);
            end if;
          end if;
        end if;
      end if;
      if WINDOWS = 1 then
        if retire = '1' then
          reserved <= (others => '0');
          written  <= (others => '0');
        end if;
      else
        if start = '1' and reserved = ROWS - 1 then
          reserved <= (others => '0');
        end if;
        taken  <= counted(taken, start = '1' and reserved = ROWS - 1, retire = '1');
        filled <= counted(filled, window_written, retire = '1');
        if window_written then
          written    <= (others => '0');
          write_slot <= not write_slot;
        end if;
        if retire = '1' then
          read_slot <= not read_slot;
        end if;
      end if;
      if rst = '1' then
        reserved      <= (others => '0');
        written       <= (others => '0');
        taken         <= (others => '0');
        filled        <= (others => '0');
        write_slot    <= '0';
        read_slot     <= '0';
        lane          <= (others => '0');
        word          <= (others => '0');
        write_address <= (others => '0');
      end if;
    end if;
  end process;

  read_counter : entity work.address_counter
    generic map (
      DEPTH => DEPTH
    )
    port map (
      clk     => clk,
      rst     => rst,
      step    => step,
      address => read_address
    );

  ram : entity work.dual_port_ram
    generic map (
      BITS  => LANES * BITS,
      DEPTH => WINDOWS * DEPTH,
      STYLE => STYLE
    )
    port map (
      clk           => clk,
      write_enable  => word_write,
      write_address => place(write_address, write_slot),
      write_data    => gathered,
      read_address  => place(read_address, read_slot),
      read_data     => read_data
    );

end architecture rtl;
