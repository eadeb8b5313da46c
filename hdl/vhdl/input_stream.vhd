-- AXI4-Stream slave in front of the first row buffer: one element a beat, COLUMNS beats a row.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity input_stream is
  generic (
    BITS    : positive;
    COLUMNS : positive
  );
  port (
    clk         : in  std_logic;
    rst         : in  std_logic;
    tvalid      : in  std_logic;
    tready      : out std_logic;
    tdata       : in  std_logic_vector((BITS + 7) / 8 * 8 - 1 downto 0);
    ready       : in  std_logic;
    start       : out std_logic;
    write_valid : out std_logic;
    write_data  : out std_logic_vector(BITS - 1 downto 0)
  );
end entity input_stream;

architecture rtl of input_stream is
  signal column              : unsigned(counter_bits(COLUMNS) - 1 downto 0) := (others => '0');
  signal accepting, accepted : std_logic;
begin

  -- A row's place is taken with its first element; the others follow without asking.
  accepting   <= not rst when column /= 0 else ready and not rst;
  accepted    <= tvalid and accepting;
  tready      <= accepting;
  start       <= accepted when column = 0 else '0';
  write_valid <= accepted;
  write_data  <= tdata(BITS - 1 downto 0);

  process (clk) is
  begin
    if rising_edge(clk) then
      if accepted = '1' then
        column <= following(column, COLUMNS - 1);
      end if;
      if rst = '1' then
        column <= (others => '0');
      end if;
    end if;
  end process;

end architecture rtl;
