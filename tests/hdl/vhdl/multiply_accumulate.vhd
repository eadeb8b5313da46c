-- One lane: registered operands, registered product, accumulator. A group of products starts with `first` and ends
-- with `last` (given with the operands).
-- FORM "select": the accumulator's input is chosen before the adder (bias or accumulator). With MULTIPLIER "dsp" all
--   of it goes into one DSP48E1.
-- FORM "select_after": the choice stands after the adder.
-- FORM "mask": the accumulator is masked to zero before the adder.
-- FORM "clear": the sum goes to a result register on `last`, and the accumulator is cleared with it.
library ieee;
use ieee.std_logic_1164.all;
use ieee.numeric_std.all;

entity multiply_accumulate is
  generic (
    A_BITS     : positive := 8;
    W_BITS     : positive := 8;
    SUM_BITS   : positive := 20;
    MULTIPLIER : string   := "dsp";
    FORM       : string   := "select"
  );
  port (
    clk   : in  std_logic;
    first : in  std_logic;
    last  : in  std_logic;
    x     : in  std_logic_vector(A_BITS - 1 downto 0);
    y     : in  std_logic_vector(W_BITS - 1 downto 0);
    bias  : in  std_logic_vector(SUM_BITS - 1 downto 0);
    sum   : out std_logic_vector(SUM_BITS - 1 downto 0)
  );
end entity;

architecture rtl of multiply_accumulate is

  function row_product (value : signed; selector : signed) return signed is
    variable result : signed(value'length + selector'length - 1 downto 0);
    variable row    : signed(value'length downto 0);
    variable sum    : signed(value'length downto 0);
    variable high   : signed(value'length downto 0) := (others => '0');
  begin
    for i in 0 to selector'length - 1 loop
      if selector(selector'low + i) = '1' then
        row := resize(value, value'length + 1);
      else
        row := (others => '0');
      end if;
      if i = selector'length - 1 then
        sum := high - row;
      else
        sum := high + row;
      end if;
      result(i) := sum(0);
      high      := shift_right(sum, 1);
    end loop;
    result(result'high downto selector'length) := high(value'length - 1 downto 0);
    return result;
  end function;

  signal x_held      : signed(A_BITS - 1 downto 0);
  signal y_held      : signed(W_BITS - 1 downto 0);
  signal product     : signed(A_BITS + W_BITS - 1 downto 0);
  signal accumulator : signed(SUM_BITS - 1 downto 0);
  signal result      : signed(SUM_BITS - 1 downto 0);
  signal start       : signed(SUM_BITS - 1 downto 0);
  signal first_delay : std_logic_vector(1 downto 0);
  signal last_delay  : std_logic_vector(1 downto 0);

begin

  process (clk) is
  begin
    if rising_edge(clk) then
      x_held      <= signed(x);
      y_held      <= signed(y);
      first_delay <= first_delay(0) & first;
      last_delay  <= last_delay(0) & last;
      if MULTIPLIER = "dsp" then
        product <= x_held * y_held;
      else
        product <= row_product(x_held, y_held);
      end if;
    end if;
  end process;

  select_before : if FORM = "select" generate
    start <= signed(bias) when first_delay(1) = '1' else accumulator;
    process (clk) is
    begin
      if rising_edge(clk) then
        accumulator <= start + product;
      end if;
    end process;
    sum <= std_logic_vector(accumulator);
  end generate;

  select_zero : if FORM = "select_zero" generate
    start <= (others => '0') when first_delay(1) = '1' else accumulator;
    process (clk) is
    begin
      if rising_edge(clk) then
        accumulator <= start + product;
      end if;
    end process;
    sum <= std_logic_vector(accumulator);
  end generate;

  select_after : if FORM = "select_after" generate
    process (clk) is
    begin
      if rising_edge(clk) then
        if first_delay(1) = '1' then
          accumulator <= resize(product, SUM_BITS);
        else
          accumulator <= accumulator + product;
        end if;
      end if;
    end process;
    sum <= std_logic_vector(accumulator);
  end generate;

  mask : if FORM = "mask" generate
    start <= accumulator and (accumulator'range => not first_delay(1));
    process (clk) is
    begin
      if rising_edge(clk) then
        accumulator <= start + product;
      end if;
    end process;
    sum <= std_logic_vector(accumulator);
  end generate;

  clear : if FORM = "clear" generate
    start <= accumulator + product;
    process (clk) is
    begin
      if rising_edge(clk) then
        if last_delay(1) = '1' then
          accumulator <= (others => '0');
          result      <= start;
        else
          accumulator <= start;
        end if;
      end if;
    end process;
    sum <= std_logic_vector(result);
  end generate;

end architecture;
