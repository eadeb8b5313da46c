-- Sum over the rows of a window, requantised: one row out for ROWS rows in.
--
-- Takes one element a clock with the row handshake of row_buffer; the sums leave three clocks behind the last row's
-- elements. COLUMNS >= 4, so that a sum is written back before it is needed again.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity pooling_engine is
  generic (
    ROWS     : positive;
    COLUMNS  : positive;
    IN_BITS  : positive;
    SUM_BITS : positive;
    SHIFT    : integer;
    OUT_BITS : positive;
    STYLE    : string
  );
  port (
    clk       : in  std_logic;
    rst       : in  std_logic;
    start     : in  std_logic;
    ready     : out std_logic;
    valid     : in  std_logic;
    data      : in  std_logic_vector(IN_BITS - 1 downto 0);
    out_ready : in  std_logic;
    out_start : out std_logic;
    out_valid : out std_logic;
    out_data  : out std_logic_vector(OUT_BITS - 1 downto 0)
  );
end entity pooling_engine;

architecture rtl of pooling_engine is
  subtype row_t is unsigned(counter_bits(ROWS) - 1 downto 0);
  subtype column_t is unsigned(counter_bits(COLUMNS) - 1 downto 0);
  subtype sum_t is signed(SUM_BITS - 1 downto 0);

  signal started, row       : row_t;
  signal column             : column_t;
  signal column_1, column_2 : column_t;
  signal valid_1, valid_2   : std_logic;
  signal first_1            : std_logic;
  signal last_1, last_2     : std_logic;
  signal data_1             : std_logic_vector(IN_BITS - 1 downto 0);
  signal old_sum            : std_logic_vector(SUM_BITS - 1 downto 0);
  signal sum                : sum_t;
begin

  ready     <= '1' when started /= ROWS - 1 else out_ready;
  out_start <= start when started = ROWS - 1 else '0';

  process (clk) is
    variable addend : sum_t;
  begin
    if rising_edge(clk) then
      if start = '1' then
        started <= following(started, ROWS - 1);
      end if;
      if valid = '1' then
        column <= following(column, COLUMNS - 1);
        if column = COLUMNS - 1 then
          row <= following(row, ROWS - 1);
        end if;
      end if;

      valid_1  <= valid;
      data_1   <= data;
      column_1 <= column;
      first_1  <= '0';
      last_1   <= '0';
      if row = 0 then
        first_1 <= '1';
      end if;
      if row = ROWS - 1 then
        last_1 <= '1';
      end if;

      if valid_1 = '1' then
        addend := signed(old_sum);
        if first_1 = '1' then
          -- A window's first row finds the rounding constant instead of an old sum.
          addend := rounding(SHIFT, SUM_BITS);
        end if;
        sum <= addend + resize(signed(data_1), SUM_BITS);
      end if;
      valid_2  <= valid_1;
      last_2   <= valid_1 and last_1;
      column_2 <= column_1;

      out_valid <= last_2;
      if last_2 = '1' then
        out_data <= shift_saturate(sum, SHIFT, OUT_BITS, true);
      end if;

      if rst = '1' then
        started   <= (others => '0');
        row       <= (others => '0');
        column    <= (others => '0');
        valid_1   <= '0';
        valid_2   <= '0';
        last_2    <= '0';
        out_valid <= '0';
      end if;
    end if;
  end process;

  sums : entity work.dual_port_ram
    generic map (
      BITS  => SUM_BITS,
      DEPTH => COLUMNS,
      STYLE => STYLE
    )
    port map (
      clk           => clk,
      write_enable  => valid_2,
      write_address => column_2,
      write_data    => std_logic_vector(sum),
      read_address  => column,
      read_data     => old_sum
    );

end architecture rtl;
