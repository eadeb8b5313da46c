-- All keys of a window, LANES keys readable at once; with WINDOWS = 2 the next window's are stored meanwhile. A RING
-- holds the last ROWS of an endless series, read after each new one.
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
    WINDOWS : positive;  -- 1 or 2; of a ring 1
    RING    : boolean;
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
    retire      : in  std_logic;
    read_data   : out std_logic_vector(LANES * BITS - 1 downto 0)
  );
end entity key_store;

architecture rtl of key_store is
  constant GROUPS : positive := ROWS / LANES;
  constant DEPTH  : positive := GROUPS * HEADS * D_HEAD;

  subtype address_t is unsigned(counter_bits(DEPTH) - 1 downto 0);

  subtype place_t is unsigned(counter_bits(WINDOWS * DEPTH) - 1 downto 0);

  signal element       : unsigned(counter_bits(D_HEAD) - 1 downto 0) := (others => '0');
  signal head          : unsigned(counter_bits(HEADS) - 1 downto 0) := (others => '0');
  signal bank          : unsigned(counter_bits(LANES) - 1 downto 0) := (others => '0');
  signal last_head     : std_logic;
  signal row_written   : std_logic;
  signal written       : unsigned(counter_bits(ROWS) - 1 downto 0);
  signal row_base      : address_t := (others => '0');
  signal write_address : address_t := (others => '0');
  signal read_address  : address_t;
  signal write_place   : place_t;
  signal read_place    : place_t;
  signal bank_write    : std_logic_vector(LANES - 1 downto 0);
begin

  last_head   <= write_valid when head = HEADS - 1 else '0';
  row_written <= last_head when element = D_HEAD - 1 else '0';

  process (clk) is
    variable next_base : address_t;
  begin
    if rising_edge(clk) then
      if write_valid = '1' then
        element       <= following(element, D_HEAD - 1);
        write_address <= write_address + 1;
        if element = D_HEAD - 1 then
          head          <= following(head, HEADS - 1);
          write_address <= resize(write_address + ((GROUPS - 1) * D_HEAD + 1), write_address'length);
          if head = HEADS - 1 then
            bank <= following(bank, LANES - 1);
            next_base := row_base;
            if bank = LANES - 1 then
              next_base := resize(row_base + D_HEAD, row_base'length);
            end if;
            if written = ROWS - 1 then
              next_base := (others => '0');
            end if;
            row_base      <= next_base;
            write_address <= next_base;
          end if;
        end if;
      end if;
      if rst = '1' then
        element       <= (others => '0');
        head          <= (others => '0');
        bank          <= (others => '0');
        row_base      <= (others => '0');
        write_address <= (others => '0');
      end if;
    end if;
  end process;

  slots : entity work.window_slots
    generic map (
      ROWS    => ROWS,
      DEPTH   => DEPTH,
      WINDOWS => WINDOWS,
      RING    => RING
    )
    port map (
      clk           => clk,
      rst           => rst,
      start         => start,
      ready         => ready,
      row_written   => row_written,
      written       => written,
      full          => full,
      retire        => retire,
      write_address => write_address,
      write_place   => write_place,
      read_address  => read_address,
      read_place    => read_place
    );

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
        write_address => write_place,
        write_data    => write_data,
        read_address  => read_place,
        read_data     => read_data((index + 1) * BITS - 1 downto index * BITS)
      );
  end generate banks;

end architecture rtl;
