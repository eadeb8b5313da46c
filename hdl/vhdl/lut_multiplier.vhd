-- x * w in LUTs by radix-4 Booth rows: one LUT a bit and row, two bits of a factor a row, no DSP slice.
--
-- One factor is encoded (encodes_x says which), the other one added up. A row's one for a negative multiple is its
-- carry chain's carry-in; of an odd number of bits the lowest is a row of its own. Behind every ROWS_PER_STAGE rows
-- there are registers. valid and last travel with the product; a reset sends a last, so that the accumulator
-- behind is cleared without a reset of its own.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

use work.arithmetic.all;

entity lut_multiplier is
  generic (
    X_BITS   : positive;
    X_SIGNED : boolean;
    W_BITS   : positive
  );
  port (
    clk       : in  std_logic;
    rst       : in  std_logic;
    valid     : in  std_logic;
    last      : in  std_logic;
    x         : in  std_logic_vector(X_BITS - 1 downto 0);
    w         : in  std_logic_vector(W_BITS - 1 downto 0);
    product   : out signed(X_BITS + W_BITS - 1 downto 0);
    valid_out : out std_logic := '0';
    last_out  : out std_logic := '0'
  );
end entity lut_multiplier;

architecture rtl of lut_multiplier is
  constant ENCODED_BITS : positive := booth_bits(X_BITS, X_SIGNED, W_BITS);
  -- An unsigned addend gets a sign bit.
  constant ADDEND_BITS  : positive := X_BITS + W_BITS - ENCODED_BITS + boolean'pos(not X_SIGNED);
  constant ODD          : natural  := ENCODED_BITS mod 2;
  constant ROWS         : positive := ENCODED_BITS / 2;
  constant STAGES       : positive := multiplier_stages(X_BITS, X_SIGNED, W_BITS);

  -- What rows have summed up: bits that no further row changes, and those above them.
  type partial_t is record
    high : signed(ADDEND_BITS - 1 downto 0);
    low  : std_logic_vector(ENCODED_BITS - 1 downto 0);
  end record partial_t;

  function add_row (
    partial : partial_t;
    addend  : signed(ADDEND_BITS - 1 downto 0);
    encoded : std_logic_vector(ENCODED_BITS - 1 downto 0);
    row     : natural
  ) return partial_t is
    constant PLACE  : natural := 2 * row + ODD;
    variable below  : std_logic := '0';
    variable result : partial_t := partial;
    variable sum    : signed(ADDEND_BITS + 1 downto 0);
  begin
    if row > 0 then
      below := encoded(PLACE - 1);
    end if;
    sum := resize(partial.high, ADDEND_BITS + 2)
      + booth_row(addend, encoded(PLACE + 1), encoded(PLACE), below)
      + signed'('0' & encoded(PLACE + 1));
    result.low(PLACE + 1 downto PLACE) := std_logic_vector(sum(1 downto 0));
    result.high                        := sum(ADDEND_BITS + 1 downto 2);
    return result;
  end function add_row;

  -- Before any row: the lowest bit of an odd number.
  function begun (
    addend  : signed(ADDEND_BITS - 1 downto 0);
    encoded : std_logic_vector(ENCODED_BITS - 1 downto 0)
  ) return partial_t is
    variable result : partial_t := (high => (others => '0'), low => (others => '0'));
  begin
    if ODD = 1 and encoded(0) = '1' then
      result.high   := shift_right(addend, 1);
      result.low(0) := addend(0);
    end if;
    return result;
  end function begun;

  -- Rows FROM .. TO.
  function add_rows (
    partial  : partial_t;
    addend   : signed(ADDEND_BITS - 1 downto 0);
    encoded  : std_logic_vector(ENCODED_BITS - 1 downto 0);
    from_row : natural;
    to_row   : natural
  ) return partial_t is
    variable result : partial_t := partial;
  begin
    for row in from_row to to_row loop
      result := add_row(result, addend, encoded, row);
    end loop;
    return result;
  end function add_rows;

  function joined (partial : partial_t) return signed is
  begin
    return resize(partial.high & signed(partial.low), X_BITS + W_BITS);
  end function joined;

  signal addend  : signed(ADDEND_BITS - 1 downto 0);
  signal encoded : std_logic_vector(ENCODED_BITS - 1 downto 0);
begin

  encode_x : if encodes_x(X_BITS, X_SIGNED, W_BITS) generate
    addend  <= signed(w);
    encoded <= x;
  elsif X_SIGNED generate
    addend  <= signed(x);
    encoded <= w;
  else generate
    addend  <= signed('0' & x);
    encoded <= w;
  end generate encode_x;

  one_stage : if STAGES = 1 generate
    process (clk) is
    begin
      if rising_edge(clk) then
        product   <= joined(add_rows(begun(addend, encoded), addend, encoded, 0, ROWS - 1));
        valid_out <= valid and not rst;
        last_out  <= (valid and last) or rst;
      end if;
    end process;
  end generate one_stage;

  two_stages : if STAGES = 2 generate
    signal partial         : partial_t;
    signal addend_1        : signed(ADDEND_BITS - 1 downto 0);
    signal encoded_1       : std_logic_vector(ENCODED_BITS - 1 downto 0);
    signal valid_1, last_1 : std_logic := '0';
  begin
    process (clk) is
    begin
      if rising_edge(clk) then
        partial   <= add_rows(begun(addend, encoded), addend, encoded, 0, work.pipeline.ROWS_PER_STAGE - 1);
        addend_1  <= addend;
        encoded_1 <= encoded;
        product   <= joined(add_rows(partial, addend_1, encoded_1, work.pipeline.ROWS_PER_STAGE, ROWS - 1));
        valid_1   <= valid and not rst;
        last_1    <= (valid and last) or rst;
        valid_out <= valid_1 and not rst;
        last_out  <= last_1 or rst;
      end if;
    end process;
  end generate two_stages;

end architecture rtl;
