-- x * w in LUTs, written out as row adders: X_BITS * W_BITS - 1 LUTs with every mapper, no DSP slice.
--
-- One row per bit of the narrower factor. With more than ROWS_PER_STAGE rows a register in the middle keeps the
-- carry chains short: one or two clocks. valid and last travel with the product; a reset sends a last, so that
-- the accumulator behind is cleared without a reset of its own.
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
    valid_out : out std_logic;
    last_out  : out std_logic
  );
end entity lut_multiplier;

architecture rtl of lut_multiplier is
  -- The wider factor is added up, the narrower one chooses which rows.
  constant ROWS_ARE_X    : boolean  := X_BITS < W_BITS;
  constant ROWS          : positive := maximum_of(-maximum_of(-X_BITS, -W_BITS), 1);
  constant ADDEND_BITS   : positive := maximum_of(X_BITS, W_BITS);
  constant ADDEND_SIGNED : boolean  := ROWS_ARE_X or X_SIGNED;
  -- The sign bit of the choosing factor has negative weight.
  constant SUBTRACT_LAST : boolean  := X_SIGNED or not ROWS_ARE_X;
  constant HIGH_BITS     : positive := ADDEND_BITS + 1 + boolean'pos(not ADDEND_SIGNED);
  constant STAGES        : positive := multiplier_stages(X_BITS, W_BITS);

  type partial_t is record
    high : signed(HIGH_BITS - 2 downto 0);
    low  : std_logic_vector(ROWS - 1 downto 0);
  end record partial_t;

  -- register + logic, written as a subtraction: register - (not logic) - 1. Yosys may swap the operands of an
  -- addition, and a carry chain needs its first operand outside the LUT too: one more LUT a bit if that is logic.
  function add (register_operand : signed; logic_operand : signed) return signed is
    variable sum : signed(register_operand'length downto 0);
  begin
    sum := (register_operand & '0') - ((not logic_operand) & '1');
    return sum(register_operand'length downto 1);
  end function add;

  -- Add rows FROM .. TO to a partial product; each settles one low bit.
  function add_rows (
    partial : partial_t;
    addend  : std_logic_vector(ADDEND_BITS - 1 downto 0);
    choose  : std_logic_vector(ROWS - 1 downto 0);
    from_row : natural;
    to_row   : natural
  ) return partial_t is
    variable result : partial_t := partial;
    variable row    : signed(HIGH_BITS - 1 downto 0);
    variable sum    : signed(HIGH_BITS - 1 downto 0);
  begin
    for index in from_row to to_row loop
      row := (others => '0');
      if choose(index) = '1' then
        if ADDEND_SIGNED then
          row := resize(signed(addend), HIGH_BITS);
        else
          row := signed(resize(unsigned(addend), HIGH_BITS));
        end if;
      end if;
      if index = 0 and not (ROWS = 1 and SUBTRACT_LAST) then
        sum := row;
      elsif index = ROWS - 1 and SUBTRACT_LAST then
        sum := resize(result.high, HIGH_BITS) - row;
      else
        sum := add(resize(result.high, HIGH_BITS), row);
      end if;
      result.low(index) := sum(0);
      result.high       := sum(HIGH_BITS - 1 downto 1);
    end loop;
    return result;
  end function add_rows;

  function joined (partial : partial_t) return signed is
  begin
    return partial.high(ADDEND_BITS - 1 downto 0) & signed(partial.low);
  end function joined;

  constant NOTHING : partial_t := (high => (others => '0'), low => (others => '0'));

  signal addend : std_logic_vector(ADDEND_BITS - 1 downto 0);
  signal choose : std_logic_vector(ROWS - 1 downto 0);
begin

  x_chooses : if ROWS_ARE_X generate
    addend <= w;
    choose <= x;
  else generate
    addend <= x;
    choose <= w;
  end generate x_chooses;

  one_stage : if STAGES = 1 generate
    process (clk) is
    begin
      if rising_edge(clk) then
        if valid = '1' then
          product <= joined(add_rows(NOTHING, addend, choose, 0, ROWS - 1));
        end if;
        valid_out <= valid and not rst;
        last_out  <= (valid and last) or rst;
      end if;
    end process;
  end generate one_stage;

  two_stages : if STAGES = 2 generate
    signal partial         : partial_t;
    signal addend_1        : std_logic_vector(ADDEND_BITS - 1 downto 0);
    signal choose_1        : std_logic_vector(ROWS - 1 downto 0);
    signal valid_1, last_1 : std_logic;
  begin
    process (clk) is
    begin
      if rising_edge(clk) then
        if valid = '1' then
          partial  <= add_rows(NOTHING, addend, choose, 0, work.pipeline.ROWS_PER_STAGE - 1);
          addend_1 <= addend;
          choose_1 <= choose;
        end if;
        if valid_1 = '1' then
          product <= joined(add_rows(partial, addend_1, choose_1, work.pipeline.ROWS_PER_STAGE, ROWS - 1));
        end if;
        valid_1   <= valid and not rst;
        last_1    <= (valid and last) or rst;
        valid_out <= valid_1 and not rst;
        last_out  <= last_1 or rst;
      end if;
    end process;
  end generate two_stages;

end architecture rtl;
