-- Sum over the rows of a window, requantised: one row out for ROWS rows in.
--
-- Takes one element a clock with the row handshake of row_buffer; the sums leave POOL clocks behind the last row's
-- elements. COLUMNS >= READ + 2, so that a sum is written back before it is needed again.
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
    out_valid : out std_logic := '0';
    out_data  : out std_logic_vector(OUT_BITS - 1 downto 0)
  );
end entity pooling_engine;

architecture rtl of pooling_engine is
  subtype row_t is unsigned(counter_bits(ROWS) - 1 downto 0);
  subtype column_t is unsigned(counter_bits(COLUMNS) - 1 downto 0);
  subtype sum_t is signed(SUM_BITS - 1 downto 0);

  -- What travels with an element until its old sum is read.
  type element_t is record
    valid, first, last : std_logic;
    column             : column_t;
    data               : std_logic_vector(IN_BITS - 1 downto 0);
  end record element_t;
  type elements_t is array (1 to work.pipeline.READ) of element_t;
  constant NONE : element_t := (
    valid => '0', first => '0', last => '0', column => (others => '0'), data => (others => '0')
  );

  signal started, row      : row_t := (others => '0');
  signal column            : column_t := (others => '0');
  signal element           : element_t;
  signal elements          : elements_t := (others => NONE);
  signal added, added_last : std_logic := '0';
  signal added_column      : column_t := (others => '0');
  signal old_sum           : std_logic_vector(SUM_BITS - 1 downto 0);
  signal sum               : sum_t;
begin

  element <= (
    valid => valid, first => to_std_logic(row = 0), last => to_std_logic(row = ROWS - 1), column => column, data => data
  );

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

      elements <= element & elements(1 to work.pipeline.READ - 1);

      addend := signed(old_sum);
      if elements(work.pipeline.READ).first = '1' then
        -- A window's first row finds the rounding constant instead of an old sum.
        addend := rounding(SHIFT, SUM_BITS);
      end if;
      sum          <= addend + resize(signed(elements(work.pipeline.READ).data), SUM_BITS);
      added        <= elements(work.pipeline.READ).valid;
      added_last   <= elements(work.pipeline.READ).valid and elements(work.pipeline.READ).last;
      added_column <= elements(work.pipeline.READ).column;

      out_valid <= added_last;
      out_data  <= shift_saturate(sum, SHIFT, OUT_BITS, true);

      if rst = '1' then
        started <= (others => '0');
        row     <= (others => '0');
        column  <= (others => '0');
        for clocks in 1 to work.pipeline.READ loop
          elements(clocks).valid <= '0';
        end loop;
        added      <= '0';
        added_last <= '0';
        out_valid  <= '0';
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
      write_enable  => added,
      write_address => added_column,
      write_data    => std_logic_vector(sum),
      read_address  => column,
      read_data     => old_sum
    );

end architecture rtl;
