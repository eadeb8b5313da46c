-- All values of a window, LANES neighbouring elements of one value readable at once; with WINDOWS = 2 the next
-- window's are stored meanwhile. A RING holds the last ROWS of an endless series, read after each new one.
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
end entity value_store;

architecture rtl of value_store is
  constant WORDS : positive := COLUMNS / LANES;
  constant DEPTH : positive := WORDS * ROWS;

  subtype address_t is unsigned(counter_bits(DEPTH) - 1 downto 0);

  subtype place_t is unsigned(counter_bits(WINDOWS * DEPTH) - 1 downto 0);

  signal lane          : unsigned(counter_bits(LANES) - 1 downto 0) := (others => '0');
  signal word          : unsigned(counter_bits(WORDS) - 1 downto 0) := (others => '0');
  signal word_write    : std_logic;
  signal row_written   : std_logic;
  signal written       : unsigned(counter_bits(ROWS) - 1 downto 0);
  signal write_address : address_t := (others => '0');
  signal read_address  : address_t;
  signal write_place   : place_t;
  signal read_place    : place_t;
  -- The last LANES elements, the newest on top.
  signal gathered      : std_logic_vector(LANES * BITS - 1 downto 0);
  signal history       : std_logic_vector(LANES * BITS - 1 downto 0);
begin

  word_write  <= write_valid when lane = LANES - 1 else '0';
  row_written <= word_write when word = WORDS - 1 else '0';

  one_lane : if LANES = 1 generate
    gathered <= write_data;
  else generate
    gathered <= write_data & history(LANES * BITS - 1 downto BITS);
  end generate one_lane;

  process (clk) is
  begin
    if rising_edge(clk) then
      if write_valid = '1' then
        history <= gathered;
        lane    <= following(lane, LANES - 1);
        if lane = LANES - 1 then
          word          <= following(word, WORDS - 1);
          write_address <= resize(write_address + ROWS, write_address'length);
          if word = WORDS - 1 then
            write_address <= resize(following(written, ROWS - 1), write_address'length);
          end if;
        end if;
      end if;
      if rst = '1' then
        lane          <= (others => '0');
        word          <= (others => '0');
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

  ram : entity work.dual_port_ram
    generic map (
      BITS  => LANES * BITS,
      DEPTH => WINDOWS * DEPTH,
      STYLE => STYLE
    )
    port map (
      clk           => clk,
      write_enable  => word_write,
      write_address => write_place,
      write_data    => gathered,
      read_address  => read_place,
      read_data     => read_data
    );

end architecture rtl;
