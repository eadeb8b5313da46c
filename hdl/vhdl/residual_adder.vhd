-- Residual addition: a branch's full sum plus the waiting stream, both on the finer scale, rounded and saturated once.
--
-- Takes elements of the branch as they come and the stream's from a row_buffer; RESIDUAL clocks. FILL is the rounding
-- constant where it fits into the zero bits below the operand that is shifted left (else the branch's bias holds it).
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity residual_adder is
  generic (
    COLUMNS      : positive;
    BRANCH_BITS  : positive;
    STREAM_BITS  : positive;
    BRANCH_SHIFT : natural;
    STREAM_SHIFT : natural;
    FILL         : natural;
    SHIFT        : integer;
    OUT_BITS     : positive
  );
  port (
    clk       : in  std_logic;
    rst       : in  std_logic;
    valid     : in  std_logic;
    branch    : in  std_logic_vector(BRANCH_BITS - 1 downto 0);
    step      : out std_logic;
    commit    : out std_logic;
    retire    : out std_logic;
    stream    : in  std_logic_vector(STREAM_BITS - 1 downto 0);
    out_valid : out std_logic := '0';
    out_data  : out std_logic_vector(OUT_BITS - 1 downto 0)
  );
end entity residual_adder;

architecture rtl of residual_adder is
  constant SUM_BITS : positive := maximum_of(BRANCH_BITS + BRANCH_SHIFT, STREAM_BITS + STREAM_SHIFT) + 1;

  subtype sum_t is signed(SUM_BITS - 1 downto 0);

  -- The branch waits for the stream to be read.
  type branches_t is array (1 to work.pipeline.READ) of std_logic_vector(BRANCH_BITS - 1 downto 0);

  -- The operand on the sum's scale; FILL is smaller than 2**places.
  function aligned (operand : std_logic_vector; places : natural) return sum_t is
    variable result : sum_t;
  begin
    result := shift_left(resize(signed(operand), SUM_BITS), places);
    if places > 0 then
      result := result or to_signed(FILL, SUM_BITS);
    end if;
    return result;
  end function aligned;

  signal column   : unsigned(counter_bits(COLUMNS) - 1 downto 0) := (others => '0');
  signal row_end  : std_logic;
  signal valids   : std_logic_vector(1 to work.pipeline.RESIDUAL - 1) := (others => '0');
  signal branches : branches_t;
  signal sum      : sum_t;
begin

  row_end <= valid when column = COLUMNS - 1 else '0';
  step    <= valid;
  commit  <= row_end;
  retire  <= row_end;

  process (clk) is
  begin
    if rising_edge(clk) then
      if row_end = '1' then
        column <= (others => '0');
      elsif valid = '1' then
        column <= column + 1;
      end if;
      branches <= branch & branches(1 to work.pipeline.READ - 1);
      sum      <= aligned(branches(work.pipeline.READ), BRANCH_SHIFT) + aligned(stream, STREAM_SHIFT);
      if valids(work.pipeline.RESIDUAL - 1) = '1' then
        out_data <= shift_saturate(sum, SHIFT, OUT_BITS, true);
      end if;
      valids    <= valid & valids(1 to work.pipeline.RESIDUAL - 2);
      out_valid <= valids(work.pipeline.RESIDUAL - 1);
      if rst = '1' then
        column    <= (others => '0');
        valids    <= (others => '0');
        out_valid <= '0';
      end if;
    end if;
  end process;

end architecture rtl;
