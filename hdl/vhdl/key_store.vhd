-- All keys of a window, LANES keys readable at once; with WINDOWS = 2 the next window's are stored meanwhile.
--
-- Key t lies in bank t mod LANES. Rows are written as they come (element by element, with the row handshake of
-- row_buffer) and read in the order of the scores engine: for each head, for each group of LANES keys, for each
-- element of the head. `full` while all rows of a window are there; `retire`, with the window's last step, gives
-- their places back.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity key_store is
  generic (
    BITS    : positive;
    ROWS    : positive;
    HEADS   : positive;
    D_HEAD  : positive;
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
end entity key_store;

architecture rtl of key_store is
  constant GROUPS : positive := ROWS / LANES;
  constant DEPTH  : positive := GROUPS * HEADS * D_HEAD;

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
  signal element       : unsigned(counter_bits(D_HEAD) - 1 downto 0);
  signal head          : unsigned(counter_bits(HEADS) - 1 downto 0);
  signal bank          : unsigned(counter_bits(LANES) - 1 downto 0);
  signal row_base      : address_t;
  signal write_address : address_t;
  signal read_address  : address_t;
  signal bank_write    : std_logic_vector(LANES - 1 downto 0);
begin

  one_window : if WINDOWS = 1 generate
    ready <= '1' when reserved /= ROWS else '0';
    full  <= '1' when written = ROWS else '0';
  else generate
    ready <= not taken(1);
    full  <= filled(1) or filled(0);
  end generate one_window;

  process (clk) is
    variable next_base      : address_t;
    variable window_written : boolean;
  begin
    if rising_edge(clk) then
      window_written := false;
      if start = '1' then
        reserved <= reserved + 1;
      end if;
      if write_valid = '1' then
        if element /= D_HEAD - 1 then
          element       <= element + 1;
          write_address <= write_address + 1;
        else
          element <= (others => '0');
          if head /= HEADS - 1 then
            head          <= head + 1;
            write_address <= resize(write_address + ((GROUPS - 1) * D_HEAD + 1), write_address'length);
          else
            head      <= (others => '0');
            next_base := row_base;
            written   <= written + 1;
            if bank = LANES - 1 then
              bank      <= (others => '0');
              next_base := resize(row_base + D_HEAD, row_base'length);
            else
              bank <= bank + 1;
            end if;
            if written = ROWS - 1 then
              next_base      := (others => '0');
              window_written := true;
            end if;
            row_base      <= next_base;
            write_address <= next_base;
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
        element       <= (others => '0');
        head          <= (others => '0');
        bank          <= (others => '0');
        row_base      <= (others => '0');
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

  banks : for index in 0 to LANES - 1 generate
    bank_write(index) <= write_valid when bank = index else '0';

    ram : entity work.dual_port_ram
      generic map (
        BITS  => BITS,
        DEPTH => WINDOWS * DEPTH,
        STYLE => STYLE
      )
      port map (
        clk           => clk,
        write_enable  => bank_write(index),
        write_address => place(write_address, write_slot),
        write_data    => write_data,
        read_address  => place(read_address, read_slot),
        read_data     => read_data((index + 1) * BITS - 1 downto index * BITS)
      );
  end generate banks;

end architecture rtl;
