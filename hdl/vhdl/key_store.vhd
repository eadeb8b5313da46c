-- All keys of a window, LANES keys readable at once.
--
-- Key t lies in bank t mod LANES. Rows are written as they come (element by element, with the row handshake of
-- row_buffer) and read in the order of the scores engine: for each head, for each group of LANES keys, for each
-- element of the head. `full` while all rows of a window are there; `retire` empties the store.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity key_store is
  generic (
    BITS   : positive;
    ROWS   : positive;
    HEADS  : positive;
    D_HEAD : positive;
    LANES  : positive;
    STYLE  : string
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

  signal reserved      : unsigned(counter_bits(ROWS + 1) - 1 downto 0);
  signal written       : unsigned(counter_bits(ROWS + 1) - 1 downto 0);
  signal element       : unsigned(counter_bits(D_HEAD) - 1 downto 0);
  signal head          : unsigned(counter_bits(HEADS) - 1 downto 0);
  signal bank          : unsigned(counter_bits(LANES) - 1 downto 0);
  signal row_base      : address_t;
  signal write_address : address_t;
  signal read_address  : address_t;
  signal bank_write    : std_logic_vector(LANES - 1 downto 0);
begin

  ready <= '1' when reserved /= ROWS else '0';
  full  <= '1' when written = ROWS else '0';

  process (clk) is
    variable next_base : address_t;
  begin
    if rising_edge(clk) then
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
              next_base := (others => '0');
            end if;
            row_base      <= next_base;
            write_address <= next_base;
          end if;
        end if;
      end if;
      if retire = '1' then
        reserved <= (others => '0');
        written  <= (others => '0');
      end if;
      if rst = '1' then
        reserved      <= (others => '0');
        written       <= (others => '0');
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
        DEPTH => DEPTH,
        STYLE => STYLE
      )
      port map (
        clk           => clk,
        write_enable  => bank_write(index),
        write_address => write_address,
        write_data    => write_data,
        read_address  => read_address,
        read_data     => read_data((index + 1) * BITS - 1 downto index * BITS)
      );
  end generate banks;

end architecture rtl;
